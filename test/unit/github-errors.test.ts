import { expect, test } from '@jest/globals';
import { parseRefusal } from '../../src/github/trouble.ts';
import { describeGitHubError, warnStatusNotSet } from '../../src/report/github-errors.ts';
import { refusal as refuse } from '../github/in-process.ts';
import { rememberingRunner } from '../runner/in-process.ts';

const refusal = (status: number, message: string) =>
  parseRefusal(refuse(status, {}, message), 'POST /statuses', 0).failure;

test('a token that has expired is not told to need a permission', () => {
  const expired = refusal(401, 'Bad credentials');
  const message = describeGitHubError(expired, 'finish a commit status', 'statuses: write');
  expect(message.title).toBe('The github-token was not accepted: could not finish a commit status');
  expect(message.remedy).toMatch(/valid for an hour.*fresh one finishes the status/);
  const runner = rememberingRunner({});
  warnStatusNotSet(runner, expired);
  expect(runner.annotations[0]?.message).toMatch(/Bad credentials\. It may have expired/);
});

test('a token without the permission is', () => {
  const refused = refusal(403, 'Resource not accessible by integration');
  const { title } = describeGitHubError(refused, 'finish a commit status', 'statuses: write');
  expect(title).toContain('The permission statuses: write is missing');
  const runner = rememberingRunner({});
  warnStatusNotSet(runner, refused);
  expect(runner.annotations[0]?.message).toContain('permissions: statuses: write');
});
