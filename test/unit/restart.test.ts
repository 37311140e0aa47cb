import { describe, expect, test } from '@jest/globals';
import type { Job } from '../../src/service/schemas.ts';
import { createEndCheck, hasEndedForGood, hasFinished } from '../../src/jobs/restart.ts';
import { fakeClient, never, refused } from '../support/client.ts';
import { createMadeUpClock } from '../support/clock.ts';
import { fakeJob, fakeRun, uuidNumber } from '../support/outcomes.ts';

const recipeUuid = uuidNumber(700);
const noon = Date.parse('2026-06-01T12:00:00Z');

test.each<[string, Parameters<typeof fakeJob>[0], boolean]>([
  ['runs', { status: 'RUNNING' }, false],
  ['has completed', { status: 'COMPLETED' }, true],
  ['has failed, without retries', { status: 'FAILED', max_retry_count: 0 }, true],
  [
    'failed a minute ago, with retries',
    { status: 'FAILED', max_retry_count: 1, completed_at: '2026-06-01T11:59:00Z' },
    false,
  ],
  [
    'failed six minutes ago, with retries',
    { status: 'FAILED', max_retry_count: 1, completed_at: '2026-06-01T11:54:00Z' },
    true,
  ],
  [
    'failed a minute ago, with retries that the service does not tell',
    { status: 'FAILED', max_retry_count: null, completed_at: '2026-06-01T11:59:00Z' },
    false,
  ],
  [
    'failed six minutes ago, with retries that the service does not tell',
    { status: 'FAILED', max_retry_count: null, completed_at: '2026-06-01T11:54:00Z' },
    true,
  ],
  [
    'failed at a time that is not told, soon after its cook',
    { status: 'FAILED', max_retry_count: 1, created_at: '2026-06-01T11:59:00Z' },
    false,
  ],
  [
    'failed at a time that is not told, and was cooked six minutes ago',
    { status: 'FAILED', max_retry_count: 1, created_at: '2026-06-01T11:54:00Z' },
    true,
  ],
  [
    'has an unknown status, and completed just now',
    { status: 'TIMED_OUT', completed_at: '2026-06-01T11:59:01Z' },
    false,
  ],
  [
    'has an unknown status, and completed a minute ago',
    { status: 'TIMED_OUT', completed_at: '2026-06-01T11:59:00Z' },
    true,
  ],
  ['has an unknown status', { status: 'PAUSED', created_at: '2026-06-01T10:00:00Z' }, false],
  [
    'is cancelling, though it completed',
    { status: 'CANCELLING', completed_at: '2026-06-01T10:00:00Z' },
    false,
  ],
  [
    'failed some time today, with retries, on the older host',
    { status: 'FAILED', max_retry_count: 1, completed_at: '2026-06-01' },
    false,
  ],
  [
    'failed yesterday, with retries, on the older host',
    { status: 'FAILED', max_retry_count: 1, completed_at: '2026-05-31' },
    true,
  ],
])('a job that %s', (_, job, hasEnded) => {
  expect(hasEndedForGood(fakeJob(job), noon)).toBe(hasEnded);
});

test.each([
  ['COMPLETED', 1, true],
  ['CANCELLED', 1, true],
  ['FAILED', 0, true],
  ['FAILED', null, false],
  ['FAILED', 1, false],
  ['FAILING', 1, false],
  ['RUNNING', 0, false],
])('%s with %p retries left has finished: %p', (status, retries, expected) => {
  expect(hasFinished(fakeJob({ status, max_retry_count: retries }))).toBe(expected);
});

/** How final the status of a job is at each second of a look, where the service has so many runs. */
async function statesAt(
  job: Job,
  seconds: readonly number[],
  runs: (atMs: number) => readonly unknown[],
  recipe: (atMs: number) => unknown = () => ({ uuid: recipeUuid }),
) {
  const clock = createMadeUpClock();
  const client = fakeClient(clock, ({ atMs, pathname }) =>
    pathname === `/v1/job-recipes/${recipeUuid}` ? recipe(atMs) : { data: runs(atMs) },
  );
  const check = createEndCheck(client, never);
  const states: string[] = [];
  for (const at of seconds) {
    await clock.sleep(at * 1_000 - clock.monotonicMs());
    states.push(check(job));
  }
  return states.join(' ');
}
const failed = fakeRun({ status: 'FAILED' });
const second = (status: string) => fakeRun({ status, uuid: uuidNumber(901) });
const none = () => {
  throw refused(500);
};

describe('FAILED of a job with a retry left', () => {
  const job = fakeJob({ status: 'FAILED', max_retry_count: 1, max_timeout_assign_ms: null });

  test('is open for as long as a new machine may take, and then early', async () => {
    expect(await statesAt(job, [0, 75, 240, 329, 330], () => [failed])).toBe(
      'open open open open early',
    );
    const patient = { ...job, max_timeout_assign_ms: 900_000 };
    expect(await statesAt(patient, [0, 929, 930], () => [failed])).toBe('open open early');
  });

  test('is final once all its runs have ended', async () => {
    expect(await statesAt(job, [0, 1], () => [failed, second('FAILED')])).toBe('open final');
    expect(await statesAt(job, [0, 1], () => [failed, second('RUNNING')])).toBe('open open');
  });

  test('is open after a run on each of its nodes', async () => {
    const onTwo = { ...job, max_node_count: 2 };
    expect(await statesAt(onTwo, [0, 1, 329, 331], () => [failed, second('FAILED')])).toBe(
      'open open open early',
    );
  });

  test('is open while a run is alive, and begins anew with each that comes', async () => {
    const alive = (atMs: number) => [failed, second(atMs < 400_000 ? 'ASSIGNED' : 'FAILED')];
    expect(await statesAt(job, [0, 399, 409, 410], alive)).toBe('open open open final');
    const late = (atMs: number) => (atMs < 40_000 ? [] : [failed]);
    expect(await statesAt(job, [0, 41, 370, 372], late)).toBe('open open open early');
  });

  test('ends with time where the runs cannot be read', async () => {
    expect(await statesAt(job, [0, 329, 330], none)).toBe('open open early');
  });

  test('is final at once without a retry', async () => {
    expect(await statesAt(fakeJob({ status: 'FAILED', max_retry_count: 0 }), [0], none)).toBe(
      'final',
    );
  });
});

describe('FAILED of a job whose retries its recipe alone tells', () => {
  const job = fakeJob({
    status: 'FAILED',
    max_retry_count: null,
    max_timeout_assign_ms: null,
    source_recipe_uuid: recipeUuid,
  });
  const recipeWith = (retries: number) => ({
    uuid: recipeUuid,
    payload: { max_retry_count: retries },
  });

  // The cook may have asked for more.
  test.each([1, 2])(
    'is open for as long as a new machine may take, after %d runs',
    async (runs) => {
      const list = () => [failed, second('FAILED')].slice(0, runs);
      expect(await statesAt(job, [0, 75, 329, 330], list, () => recipeWith(1))).toBe(
        'open open open early',
      );
    },
  );

  test('is read until it is known', async () => {
    const recipe = (atMs: number) => (atMs < 20_000 ? none() : recipeWith(0));
    expect(await statesAt(job, [0, 20, 40, 59, 60], () => [failed], recipe)).toBe(
      'open open open open early',
    );
  });

  // The cook may have asked for retries that the recipe does not have.
  test('is open for a minute where the recipe has none', async () => {
    const recipe = () => recipeWith(0);
    expect(await statesAt(job, [0, 1, 59, 60], () => [failed], recipe)).toBe(
      'open open open early',
    );
  });
});

test('FAILED since long ago is an end once the runs are read', async () => {
  const job = fakeJob({
    status: 'FAILED',
    max_retry_count: 2,
    completed_at: new Date(createMadeUpClock().now() - 400_000).toISOString(),
  });
  expect(await statesAt(job, [0, 2], () => [failed])).toBe('open early');
  expect(await statesAt(job, [0, 2], () => [failed, second('RUNNING')])).toBe('open open');
  expect(await statesAt(job, [0, 2, 329, 330], none)).toBe('open open open early');
});

describe('FAILED of a job whose retries nobody tells', () => {
  const job = fakeJob({ status: 'FAILED', max_retry_count: null });

  test('is open for as long as a new machine may take, whether or not the runs can be read', async () => {
    expect(await statesAt(job, [0, 329, 330], none)).toBe('open open early');
    expect(await statesAt(job, [0, 1, 329, 331], () => [failed])).toBe('open open open early');
  });

  test('is open while a run is alive', async () => {
    const alive = (atMs: number) => [failed, second(atMs < 400_000 ? 'ASSIGNED' : 'FAILED')];
    expect(await statesAt(job, [0, 399, 411, 728, 740], alive)).toBe('open open open open early');
  });
});

describe('an unknown status', () => {
  const job = fakeJob({ status: 'TIMED_OUT', completed_at: '2026-06-01T12:00:00Z' });

  test('is an end after a minute, if the job is said to be complete and no run is alive', async () => {
    expect(await statesAt(job, [0, 30, 59, 60], () => [failed])).toBe('open open open final');
    const timedOut = { ...second('TIMED_OUT'), ended_at_ms: 1 };
    expect(await statesAt(job, [0, 30, 59, 61], () => [timedOut])).toBe('open open open final');
  });

  test.each<[string, Partial<Job>, (atMs: number) => readonly unknown[]]>([
    ['is not complete', { completed_at: null }, () => [failed]],
    ['has a run that is alive', {}, () => [second('RUNNING')]],
    ['has runs that cannot be read', {}, none],
    ['has a status that is known', { status: 'CANCELLING' }, () => [failed]],
  ])('is open while the job %s', async (_, change, runs) => {
    expect(await statesAt({ ...job, ...change }, [0, 60, 3_600], runs)).toBe('open open open');
  });
});
