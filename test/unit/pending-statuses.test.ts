import { expect, test } from '@jest/globals';
import type { Job } from '../../src/service/schemas.ts';
import { finishOwnStatuses } from '../../src/github/statuses.ts';
import type { SendToGitHub } from '../../src/github/octokit.ts';
import { refusal, sendTo } from '../github/in-process.ts';
import { createGitHubModel, type GitHubModel } from '../github/model.ts';
import { rememberingRunner } from '../runner/in-process.ts';
import { fakeClient } from '../support/client.ts';
import { createMadeUpClock } from '../support/clock.ts';
import { fakeDeps } from '../support/deps.ts';
import { fakeJob, uuidNumber, fakeRunRef } from '../support/outcomes.ts';

const run = fakeRunRef({ sha: 'a'.repeat(40) });
const page = 'https://github.com/acme/renders/actions/runs';

/** Has post finish the statuses of the first three jobs, which are in these statuses now. */
async function finish(
  jobs: readonly Partial<Job>[],
  urls: readonly string[],
  open: (model: GitHubModel) => SendToGitHub = sendTo,
) {
  const clock = createMadeUpClock();
  const runner = rememberingRunner({});
  const model = createGitHubModel();
  for (const [index, target_url] of urls.entries()) {
    const context = `dispersed / ${index + 1}`;
    const status = { sha: run.sha, state: 'pending', context, description: 'Running' };
    model.statuses.push({ ...status, target_url });
  }
  const client = fakeClient(clock, ({ pathname }) => {
    const number = jobs.findIndex((_, index) => pathname.endsWith(uuidNumber(index + 1)));
    return fakeJob({ ...jobs[number], uuid: uuidNumber(number + 1) });
  });
  const deps = { ...fakeDeps(runner, clock), random: () => 1, openGitHub: () => open(model) };
  const uuids = new Set(jobs.map((_, index) => uuidNumber(index + 1)));
  await finishOwnStatuses(deps, run, 't', uuids, client);
  const last = new Map(model.statuses.map((status) => [status.context, status]));
  const set = model.statuses.length - urls.length;
  return { runner, clock, set, last: [...last.values()] };
}

const pendingOf = (number: number, runId = '1', kind = 'job') =>
  `${page}/${runId}#dispersed-${kind}-${uuidNumber(number)}`;

test('what has ended is finished, and what lives on is left to check', async () => {
  const jobs = [{ status: 'COMPLETED' }, { status: 'FAILED' }, { status: 'RUNNING' }];
  const { last, runner } = await finish(jobs, [pendingOf(1), pendingOf(2), pendingOf(3)]);
  expect(last.map(({ state, target_url: url }) => [state, url])).toEqual([
    ['success', `${page}/1`],
    ['failure', `${page}/1`],
    ['pending', pendingOf(3, '1', 'left')],
  ]);
  expect(runner.annotations).toEqual([]);
});

test('those of other runs and jobs, and what was left already, are not touched', async () => {
  const urls = [pendingOf(1, '2'), pendingOf(9), pendingOf(1, '1', 'left'), `${page}/1`];
  expect((await finish([{ status: 'COMPLETED' }], urls)).set).toBe(0);
});

test('a job that may be started once more is left to check', async () => {
  const job = { status: 'FAILED', max_retry_count: 1, completed_at: new Date().toISOString() };
  const { last } = await finish([job], [pendingOf(1)]);
  expect(last.map(({ state }) => state)).toEqual(['pending']);
});

test.each<[string, SendToGitHub, string]>([
  ['refuses', async () => Promise.reject(refusal(401, {}, 'Bad credentials')), 'expired'],
  ['does not answer', async () => Promise.reject(refusal(503)), 'GitHub: no response in time'],
  [
    'is limited for an hour',
    async () => Promise.reject(refusal(429)),
    'GitHub: no response in time',
  ],
])('where GitHub %s, it is one warning within 10 s', async (_, send, words) => {
  const { runner, clock } = await finish([{ status: 'COMPLETED' }], [pendingOf(1)], () => send);
  expect(runner.annotations.map(({ title, message }) => [title, message])).toEqual([
    ['The commit status could not be set', expect.stringContaining(words)],
  ]);
  expect(clock.monotonicMs()).toBeLessThan(11_000);
});
