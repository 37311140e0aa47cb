import { expect, test } from '@jest/globals';
import { statusRoute } from '../../src/github/statuses.ts';
import { parseRefusal } from '../../src/github/client.ts';
import { describeGitHubError, warnStatusNotSet } from '../../src/report/github-errors.ts';
import { refusal as refuse } from '../github/in-process.ts';
import { rememberingRunner } from '../runner/in-process.ts';

const dispatchRoute = 'POST /repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches';

const refusal = (status: number, message: string) =>
  parseRefusal(refuse(status, {}, message), statusRoute, 0).failure;

test('a token that has expired is not told to need a permission', () => {
  const expired = refusal(401, 'Bad credentials');
  const message = describeGitHubError(expired);
  expect(message.title).toBe('The github-token was not accepted: could not finish a commit status');
  expect(message.remedy).toMatch(/valid for one hour.*fresh token finishes the status/);
  const runner = rememberingRunner({});
  warnStatusNotSet(runner, expired);
  expect(runner.annotations[0]?.message).toMatch(/Bad credentials\. The token may have expired/);
});

test('a token without the permission is', () => {
  const refused = refusal(403, 'Resource not accessible by integration');
  const { title } = describeGitHubError(refused);
  expect(title).toContain('The permission statuses: write is missing');
  const runner = rememberingRunner({});
  warnStatusNotSet(runner, refused);
  expect(runner.annotations[0]?.message).toContain('permissions: statuses: write');
});

test.each<[string, number, string, string]>([
  ['GET /repos/{owner}/{repo}/actions/runs', 403, 'actions: read', 'read the workflow runs'],
  ['GET /repos/{owner}/{repo}/actions/runs/{run_id}', 403, 'actions: read', 'the workflow runs'],
  ['GET /repos/{owner}/{repo}/commits/{ref}/status', 403, 'statuses: write', 'read the commit'],
  [
    'GET /repos/{owner}/{repo}/commits/{ref}/status',
    403,
    'statuses: write',
    'read the commit statuses',
  ],
  ['GET /repos/{owner}/{repo}', 403, 'contents: read', 'read the default branch'],
  [statusRoute, 404, 'statuses: write', 'finish a commit status'],
  [statusRoute, 422, '1,000 statuses', 'finish a commit status: GitHub refused it'],
  [dispatchRoute, 403, 'actions: write', 'start the follow-up'],
  [dispatchRoute, 404, 'workflow_dispatch', 'start the follow-up: GitHub refused it'],
  [dispatchRoute, 422, 'workflow_dispatch', 'start the follow-up: GitHub refused it'],
  [dispatchRoute, 502, 'The next check tries again', 'start the follow-up: GitHub failed'],
  [dispatchRoute, 429, 'Check less often', "start the follow-up: GitHub's rate limit"],
])('%s that is answered with %i', (request, status, remedy, title) => {
  const { failure } = parseRefusal(refuse(status), request, 0);
  const message = describeGitHubError(failure);
  expect(message.title).toContain(title);
  expect(message.remedy).toContain(remedy);
});
