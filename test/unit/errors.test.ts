import { expect, test } from '@jest/globals';
import { InterruptedError, ServiceError, type GitHubError } from '../../src/errors.ts';
import { parseRefusal } from '../../src/github/client.ts';
import { statusRoute } from '../../src/github/statuses.ts';
import { describeError, warnStatusNotSet } from '../../src/report/errors.ts';
import { refusal as refuse } from '../github/in-process.ts';
import { rememberingRunner } from '../runner/in-process.ts';

function refused(status: number, request = 'POST /v1/job-recipes/1/cook') {
  const error = new ServiceError({ trouble: 'refused', request, status, detail: 'no' });
  return describeError(error, 'cook recipe 1');
}

test.each([
  [302, 'the host sent a redirect', /does not follow redirects/],
  [399, 'the host sent a redirect', /does not follow redirects/],
  [400, 'the request was rejected', /as the response says/],
  [401, 'the API key was not accepted', /belong to the same API key pair/],
  [402, 'payment required', /balance/],
  [403, 'access denied', /not restricted to IP addresses/],
  [404, 'not found', /Check the UUID/],
  [408, 'server error', /may have processed the request/],
  [409, 'the request was rejected', /as the response says/],
  [413, 'the request is too large', /Shorten/],
  [422, 'the request is invalid', /the field that the response names/],
  [429, 'too many requests', /fewer workflows at the same time/],
  [500, 'server error', /may have processed the request/],
  [503, 'server error', /may have processed the request/],
])('HTTP %i to a cook is: %s', (status, title, remedy) => {
  const message = refused(status);
  expect(message.title).toBe(`Could not cook recipe 1: ${title}`);
  expect(message.cause).toContain(`HTTP ${status} to POST`);
  expect(message.remedy).toMatch(remedy);
});

test.each([
  ['allowed_region_codes: unknown field', /^Correct or remove allowed-region-codes/],
  [
    'gpu_name: no such GPU',
    /^Change the field that the response names, in the inputs or in the recipe\.$/,
  ],
])('of regions only a refusal of them speaks: %s', (detail, remedy) => {
  const error = new ServiceError({ trouble: 'refused', request: 'POST /x', status: 422, detail });
  expect(describeError(error, 'cook recipe 1').remedy).toMatch(remedy);
});

test('a read that failed has changed nothing', () => {
  expect(refused(503, 'GET /v1/jobs/1').remedy).toBe('Run the workflow again later.');
});

test('an interrupt is no bug', () => {
  const { title, remedy } = describeError(new InterruptedError(), 'watch job 1');
  expect(title).toBe('Could not watch job 1: interrupted');
  expect(remedy).not.toContain('bug');
});

const dispatchRoute = 'POST /repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches';

const describeAtGitHub = (error: GitHubError) => describeError(error, 'look at the jobs');

const refusal = (status: number, message: string) =>
  parseRefusal(refuse(status, {}, message), statusRoute, 0).failure;

test('a token that has expired is not told to need a permission', () => {
  const expired = refusal(401, 'Bad credentials');
  const message = describeAtGitHub(expired);
  expect(message.title).toBe(
    'Could not finish a commit status: GitHub did not accept the github-token',
  );
  expect(message.remedy).toMatch(/expires after one hour.*next check with a valid token continues/);
  const runner = rememberingRunner({});
  warnStatusNotSet(runner, expired);
  expect(runner.annotations[0]?.message).toMatch(
    /^GitHub: Bad credentials\. The github-token may have expired.*finishes the commit status/,
  );
});

test('a token without the permission is', () => {
  const forbidden = refusal(403, 'Resource not accessible by integration');
  const { title } = describeAtGitHub(forbidden);
  expect(title).toContain('the permission statuses: write is missing');
  const runner = rememberingRunner({});
  warnStatusNotSet(runner, forbidden);
  expect(runner.annotations[0]?.message).toContain('`statuses: write` to the permissions');
});

test.each<[string, number, string, string]>([
  ['GET /repos/{owner}/{repo}/actions/runs', 403, 'actions: read', 'read the workflow runs'],
  ['GET /repos/{owner}/{repo}/actions/runs/{run_id}', 403, 'actions: read', 'the workflow runs'],
  [
    'GET /repos/{owner}/{repo}/commits/{ref}/status',
    403,
    'statuses: write',
    'read the commit statuses',
  ],

  ['GET /repos/{owner}/{repo}', 403, 'contents: read', 'read the default branch'],
  [statusRoute, 404, 'statuses: write', 'finish a commit status'],
  [statusRoute, 422, '1,000 statuses', 'finish a commit status: GitHub rejected the request'],
  [dispatchRoute, 403, 'actions: write', 'start the follow-up'],
  [dispatchRoute, 404, 'workflow_dispatch', 'start the follow-up: GitHub rejected the request'],
  [dispatchRoute, 422, 'workflow_dispatch', 'start the follow-up: GitHub rejected the request'],
  [
    dispatchRoute,
    502,
    'The next check tries again',
    'start the follow-up: the request to GitHub failed',
  ],
  [dispatchRoute, 429, 'Check less often', "start the follow-up: GitHub's rate limit was reached"],
])('%s that is answered with %i', (request, status, remedy, title) => {
  const { failure } = parseRefusal(refuse(status), request, 0);
  const message = describeAtGitHub(failure);
  expect(message.title).toContain(title);
  expect(message.remedy).toContain(remedy);
});
