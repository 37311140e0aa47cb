import { expect, test } from '@jest/globals';
import type { Job, JobRun } from '../../src/service/schemas.ts';
import { remainingMs, totalSpend, type SpendingJob } from '../../src/money/spend.ts';
import { cookedAtMs, fakeJob, fakeRun, type Pace } from '../support/outcomes.ts';

// Times are seconds since the cook; now is an hour after it.

const at = (seconds: number) => cookedAtMs + seconds * 1_000;
const nowMs = at(3_600);

const run = (pace: Pace, rate: number | null = 2, change: Partial<JobRun> = {}) =>
  fakeRun({ hourly_rate_usd: rate, status: 'RUNNING', ...change }, pace);

function known(job: Partial<Job>, runs: readonly JobRun[], more: Partial<SpendingJob> = {}) {
  return {
    job: fakeJob({ status: 'RUNNING', ...job }),
    runs,
    firstSeenMs: at(0),
    lastSeenMs: nowMs,
    idleSeenMs: at(1_800),
    isLimited: false,
    ...more,
  };
}

const server = { task: 'PERSISTENT' };
const retried = { max_retry_count: 1 };
const ended = { status: 'FAILED', ended: 2_700 };

// what, what is known, spent and an hour with unknown rates at nothing, and at 4 USD
test.each<[string, SpendingJob, readonly [number, number], readonly [number, number]]>([
  ['it waits', known({ status: 'PENDING' }, [], { lastSeenMs: at(2_700) }), [0, 0], [1, 4]],
  [
    'it waits, and has a limit of its own',
    known({ status: 'PENDING' }, [], { lastSeenMs: at(2_700), isLimited: true }),
    [0, 0],
    [0, 0],
  ],
  ['it runs, and nothing is known of a run', known({}, []), [0, 0], [2, 4]],
  ['it runs at a rate that is not known', known({}, [run({ started: 900 }, null)]), [0, 0], [3, 4]],
  ['it runs', known({}, [run({ started: 1_800 })]), [1, 2], [1, 2]],
  // Of a node whose clock is behind.
  ['it runs, since before it was there', known({}, [run({ started: -7_200 })]), [2, 2], [2, 2]],
  ['it has run', known(ended, [run({ started: 900, ended: 2_700 })]), [1, 0], [1, 0]],
  [
    'it is over, and its runs could not be read',
    { ...known({}, []), job: fakeJob({ status: 'FAILED' }, { started: 900, ended: 2_700 }) },
    [0, 0],
    [2, 0],
  ],
  [
    'its second run is dearer',
    known(retried, [run({ started: 0, ended: 1_800 }), run({ started: 2_700 }, 8)]),
    [3, 8],
    [3, 8],
  ],
  [
    'its first run has no end, and there is another',
    known(retried, [run({ started: 0 }), run({ started: 2_700 }, 8)]),
    [3.5, 8],
    [3.5, 8],
  ],
  [
    'it may be started once more',
    known({ ...retried, status: 'FAILED' }, [
      run({ started: 0, ended: 1_800 }, 2, { status: 'FAILED' }),
    ]),
    [1, 0],
    [1, 4],
  ],
  [
    'only the duration is known',
    known({}, [run({ started: 0 }, 2, { duration_ms: 900_000 })]),
    [1.5, 2],
    [1.5, 2],
  ],
  [
    'a server costs before it runs',
    known({ ...server, status: 'ASSIGNED' }, [run({})]),
    [2, 2],
    [2, 2],
  ],
  ['a server without a rate', known({ ...server, status: 'PENDING' }, []), [0, 0], [4, 4]],
  [
    'a server that has ended',
    { ...known({}, [run({})]), job: fakeJob({ ...server, status: 'CANCELLED' }, { ended: 1_800 }) },
    [1, 0],
    [1, 0],
  ],
  [
    'a server on a host that tells no times',
    known({ ...server, created_at: '2026-06-01' }, [run({})], { firstSeenMs: at(1_800) }),
    [1, 2],
    [1, 2],
  ],
])('%s', (_, job, none, assumed) => {
  const spent = (assumedUsd: number | null) => {
    const { usd, hourlyUsd } = totalSpend([job], nowMs, assumedUsd);
    return [usd, hourlyUsd];
  };
  expect(spent(null)).toEqual(none.map((each) => expect.closeTo(each, 9)));
  expect(spent(4)).toEqual(assumed.map((each) => expect.closeTo(each, 9)));
});

test('what is spent by several jobs is added up', () => {
  const one = known({}, [run({ started: 1_800 })]);
  expect(totalSpend([one, one, one], nowMs, null)).toEqual({ usd: 3, hourlyUsd: 6 });
  expect(totalSpend([], nowMs, 4)).toEqual({ usd: 0, hourlyUsd: 0 });
});

test.each([
  [1, 2, 3, 3_600_000],
  [3, 2, 3, 0],
  [4, 2, 3, -1_800_000],
  [3, 0, 3, Infinity],
  [3.01, 0, 3, 0],
])('with %d USD spent and %d an hour, %d lasts %d ms', (usd, hourlyUsd, maxCostUsd, ms) => {
  expect(remainingMs({ usd, hourlyUsd }, maxCostUsd)).toBe(ms);
});
