import { expect, test } from '@jest/globals';
import type { Client } from '../../src/service/client.ts';
import { createRedactor } from '../../src/service/redactor.ts';
import { createHost } from '../../src/service/host.ts';
import { findEarlierJobs } from '../../src/step/attach.ts';
import { createMadeUpClock } from '../support/clock.ts';
import { fakeClient, never } from '../support/client.ts';
import { fakeJob, uuidNumber } from '../support/outcomes.ts';
import { cookRequest } from '../support/plans.ts';

// Jobs of an account, the newest first: attempt, nonce, status.
type Row = readonly [attempt: number, nonce: string, status: string];

const hashOf = (attempt: number) => `cook-${String(attempt).padStart(32, '0')}`;

async function attach(rows: readonly Row[]) {
  const jobs = rows.map(([attempt, nonce, status], index) => ({
    uuid: uuidNumber(index),
    status,
    description: `Render [${hashOf(attempt)}-${nonce}]`,
  }));
  const { found, isAmbiguous } = await find(jobs);
  const uuid = found.taken.get(0)?.job.uuid;
  return isAmbiguous ? 'ambiguous' : jobs.findIndex((job) => job.uuid === uuid);
}

async function find(jobs: readonly object[]) {
  const clock = createMadeUpClock();
  const client: Client = {
    send: async () => ({ data: jobs, total: jobs.length }),
    serverNow: () => null,
    redactor: createRedactor(),
    host: createHost(clock),
    clock,
    random: () => 0,
  };
  const request = cookRequest({
    mark: `${hashOf(3)}-cc`,
    earlierHashes: [hashOf(2), hashOf(1)],
  });
  let isAmbiguous = false;
  const signal = new AbortController().signal;
  const found = await findEarlierJobs([request], client, signal, () => {
    isAmbiguous = true;
  });
  return { found, isAmbiguous };
}

test.each<[string, readonly Row[], number | 'ambiguous']>([
  ['nothing', [], -1],
  ['a job that runs', [[2, 'aa', 'RUNNING']], 0],
  ['a job that completed', [[2, 'aa', 'COMPLETED']], 0],
  ['a status that is not known', [[2, 'aa', 'PAUSED']], 0],
  ['one that failed', [[2, 'aa', 'FAILED']], -1],
  ['one that was cancelled', [[2, 'aa', 'CANCELLED']], -1],
  ['one that is being ended', [[2, 'aa', 'CANCELLING']], -1],
  [
    'the latest attempt first',
    [
      [1, 'bb', 'RUNNING'],
      [2, 'aa', 'RUNNING'],
    ],
    1,
  ],
  [
    'an earlier attempt where the latest failed',
    [
      [2, 'aa', 'FAILED'],
      [1, 'bb', 'COMPLETED'],
    ],
    1,
  ],
  // Two steps that nothing tells apart: whose job it is, nobody knows.
  [
    'jobs of two steps',
    [
      [2, 'aa', 'RUNNING'],
      [2, 'bb', 'RUNNING'],
    ],
    'ambiguous',
  ],
  [
    'jobs of two steps, one failed',
    [
      [2, 'aa', 'RUNNING'],
      [2, 'bb', 'FAILED'],
    ],
    'ambiguous',
  ],
  [
    'two jobs of one step',
    [
      [2, 'aa', 'RUNNING'],
      [2, 'aa', 'RUNNING'],
    ],
    'ambiguous',
  ],
  [
    'a duplicate that was cancelled',
    [
      [2, 'aa', 'CANCELLED'],
      [2, 'aa', 'RUNNING'],
    ],
    1,
  ],
])('of %s is taken over: %j → %p', async (_, rows, taken) => {
  expect(await attach(rows)).toBe(taken);
});

const agoOf = (ms: number) => new Date(createMadeUpClock().now() - ms).toISOString();
const failed = { status: 'FAILED', description: `Render [${hashOf(2)}-aa]`, max_retry_count: 1 };

test.each<[string, readonly object[], boolean]>([
  ['with retries left', [failed], true],
  ['that is about to show it', [{ ...failed, status: 'FAILING' }], true],
  ['that has just ended', [{ ...failed, completed_at: agoOf(0) }], true],
  ['that ended long ago', [{ ...failed, completed_at: agoOf(360_000) }], false],
  ['without retries', [{ ...failed, max_retry_count: 0 }], false],
  ['of another attempt', [{ ...failed, description: `Render [${hashOf(1)}-aa]` }], true],
  ['of another request', [{ ...failed, description: `Render [${hashOf(9)}-aa]` }], false],
  ['of one of two steps', [failed, { ...failed, description: `Render [${hashOf(2)}-bb]` }], false],
  [
    'of two attempts',
    [failed, { ...failed, status: 'CANCELLED', description: `Render [${hashOf(1)}-bb]` }],
    true,
  ],
  ['beside one that is taken over', [failed, { ...failed, status: 'RUNNING' }], false],
])('a failed job %s: is it to be ended? %j → %p', async (_, jobs, isLeft) => {
  const { found } = await find(jobs.map((job, index) => ({ uuid: uuidNumber(index), ...job })));
  const uuids = (found.restartable.get(0) ?? []).map(({ uuid }) => uuid);
  expect(uuids).toEqual(isLeft ? [uuidNumber(0)] : []);
});

test('jobs of long ago end the reading of the list', async () => {
  const clock = createMadeUpClock();
  const dayMs = 86_400_000;
  const page = (ageDays: number) =>
    Array.from({ length: 50 }, () =>
      fakeJob({
        uuid: crypto.randomUUID(),
        description: 'of another step',
        created_at: new Date(clock.now() - ageDays * dayMs).toISOString(),
      }),
    );
  const pages = [page(1), page(59), ...Array.from({ length: 20 }, () => page(61))];
  const client = fakeClient(clock, ({ query }) => ({
    data: pages[Number(query?.['page']) - 1] ?? [],
    total: 50 * pages.length,
  }));
  const request = cookRequest({ earlierHashes: [hashOf(1)] });
  await findEarlierJobs([request], client, never, () => {});
  const reads = client.times('GET').length;
  expect(reads).toBeGreaterThan(2);
  expect(reads).toBeLessThan(8);
});
