import { describe, expect, test } from '@jest/globals';
import { createFailureCheck, hasEndedForGood, hasFinished } from '../../src/jobs/restart.ts';
import { fakeClient, never, refused } from '../support/client.ts';
import { createMadeUpClock } from '../support/clock.ts';
import { fakeJob, fakeRun, uuidNumber } from '../support/outcomes.ts';

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
    'failed five minutes ago, with retries',
    { status: 'FAILED', max_retry_count: 1, completed_at: '2026-06-01T11:55:00Z' },
    true,
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
  ['FAILED', null, true],
  ['FAILED', 1, false],
  ['FAILING', 1, false],
  ['RUNNING', 0, false],
])('%s with %p retries left has finished: %p', (status, retries, expected) => {
  expect(hasFinished(fakeJob({ status, max_retry_count: retries }))).toBe(expected);
});

describe('FAILED of a job with a retry left', () => {
  const job = fakeJob({ status: 'FAILED', max_retry_count: 1 });

  /** How final it is at each second of a look, where the service has so many runs. */
  const statesAt = async (
    seconds: readonly number[],
    runs: (atMs: number) => readonly unknown[],
  ) => {
    const clock = createMadeUpClock();
    const client = fakeClient(clock, ({ atMs }) => ({ data: runs(atMs) }));
    const { check } = createFailureCheck(client, never);
    const states: string[] = [];
    for (const at of seconds) {
      await clock.sleep(at * 1_000 - clock.monotonicMs());
      states.push(check(job));
    }
    return states;
  };
  const failed = fakeRun({ status: 'FAILED' });
  const second = (status: string) => fakeRun({ status, uuid: uuidNumber(901) });

  test('is open for a minute, and then early', async () => {
    expect(await statesAt([0, 30, 59, 60, 90], () => [failed])).toEqual([
      'open',
      'open',
      'open',
      'early',
      'early',
    ]);
  });

  test('is final once all its runs have ended', async () => {
    expect(await statesAt([0, 1], () => [failed, second('FAILED')])).toEqual(['open', 'final']);
    expect(await statesAt([0, 1], () => [failed, second('RUNNING')])).toEqual(['open', 'open']);
  });

  test('begins anew with each run that comes', async () => {
    const runs = (atMs: number) => (atMs < 40_000 ? [] : [failed]);
    expect(await statesAt([0, 41, 42, 100, 102], runs)).toEqual([
      'open',
      'open',
      'open',
      'open',
      'early',
    ]);
  });

  test('ends with time where the runs cannot be read', async () => {
    const refuse = () => {
      throw refused(500);
    };
    expect(await statesAt([0, 59, 60], refuse)).toEqual(['open', 'open', 'early']);
  });

  test('is final at once without a retry', () => {
    const { check } = createFailureCheck(
      fakeClient(createMadeUpClock(), () => null),
      never,
    );
    expect(check(fakeJob({ status: 'FAILED', max_retry_count: 0 }))).toBe('final');
  });
});
