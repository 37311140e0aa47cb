import { expect, test } from '@jest/globals';
import type { JobRun } from '../../src/service/schemas.ts';
import type { Outcome } from '../../src/jobs/records.ts';
import { hourlyRateOf, pricedCostOf, spansOf } from '../../src/money/cost.ts';
import { earlierTryOf } from '../../src/step/cook-entry.ts';
import {
  cookedAtMs,
  fakeJob,
  fakeOutcome,
  fakeRun,
  uuidNumber,
  type Pace,
} from '../support/outcomes.ts';

const hour: Pace = { started: 600, ended: 4_200 };
const half: Pace = { started: 0, ended: 1_800 };
const address = (description: string, hostname: string) => ({
  description,
  hostname,
  port: 22,
  protocol: null,
  tls: null,
});
const twoNodes = [
  address('ssh', 'a.example'),
  address('8080', 'b.example'),
  address('ssh', 'c.example'),
  address('8080', 'c.example'),
];

const onePortTwice = [
  address('8080', 'a.example'),
  { ...address('8080', 'a.example'), port: 30_081 },
];

const usd = (outcome: Outcome) => pricedCostOf(outcome)?.usd ?? null;

// what, the runs, what they cost
const batches: readonly (readonly [string, readonly JobRun[], number | null])[] = [
  ['no run', [], null],
  ['an hour', [fakeRun({ hourly_rate_usd: 2 }, hour)], 2],
  ['a rate of 0, which is not known yet', [fakeRun({ hourly_rate_usd: 0 }, hour)], null],
  ['two runs', [fakeRun({ hourly_rate_usd: 2 }, half), fakeRun({ hourly_rate_usd: 1 }, hour)], 2],
  ['no rate', [fakeRun({ hourly_rate_usd: null }, hour)], null],
  ['a rate below zero', [fakeRun({ hourly_rate_usd: -1 }, hour)], null],
  ['one rate of two', [fakeRun({}, half), fakeRun({ hourly_rate_usd: null }, hour)], null],
  ['a run that never began', [fakeRun({ hourly_rate_usd: 2 }, hour), fakeRun()], 2],
  ['only the duration', [fakeRun({ hourly_rate_usd: 2, duration_ms: 5_400_000 })], 3],
  ['no duration', [fakeRun({ hourly_rate_usd: 2, duration_ms: null }, hour)], 2],
  ['no end: the job has one', [fakeRun({ hourly_rate_usd: 2 }, { started: 600 })], 2],
  ['two nodes', [fakeRun({ hourly_rate_usd: 2, node_urls: twoNodes }, hour)], 4],
  [
    'a port that is listed twice',
    [fakeRun({ hourly_rate_usd: 2, node_urls: onePortTwice }, hour)],
    2,
  ],
  ['an end before the start', [fakeRun({ duration_ms: null }, { started: 9, ended: 1 })], 0],
  ['less than a hundredth of a cent', [fakeRun({ hourly_rate_usd: 0.123_456_7 }, hour)], 0.1235],
];

test.each(batches)('BATCH with %s', (_, runs, cost) => {
  expect(usd(fakeOutcome({ runs }, {}, hour))).toBe(cost);
});

test('PERSISTENT costs while it exists, from its cook on', () => {
  const runs = [fakeRun({ hourly_rate_usd: 2 }, { started: 1_800, ended: 3_600 })];
  const pace = { started: 1_800, ended: 3_600 };
  expect(usd(fakeOutcome({ runs }, { task: 'PERSISTENT' }, pace))).toBe(2);
});

test('a server that never started costs as well, and so does what was tried before another model', () => {
  const pace = { ended: 3_600 };
  const runs = [fakeRun({ hourly_rate_usd: 2 })];
  const tried = fakeOutcome({ runs }, { task: 'PERSISTENT', status: 'FAILED' }, pace);
  const earlierTries = [earlierTryOf(tried, 'A', cookedAtMs), earlierTryOf(tried, 'B', cookedAtMs)];
  expect(usd(fakeOutcome({ runs: [], earlierTries }))).toBe(4);
  const bills = new Map([[uuidNumber(900), 1]]);
  expect(pricedCostOf(fakeOutcome({ bills, earlierTries }))).toEqual({ usd: 5, is: 'estimated' });
  const free = [{ ...earlierTryOf(tried, 'A', cookedAtMs), costUsd: 0 }];
  expect(pricedCostOf(fakeOutcome({ bills, earlierTries: free }))).toEqual({
    usd: 1,
    is: 'billed',
  });
});

test('what still runs has a rate, and no cost yet', () => {
  const runs = [fakeRun({ hourly_rate_usd: 2, node_urls: twoNodes }, { started: 60 })];
  for (const task of ['BATCH', 'PERSISTENT']) {
    const outcome = fakeOutcome({ runs }, { task, status: 'RUNNING' }, { started: 60 });
    expect(usd(outcome)).toBeNull();
    expect(hourlyRateOf(outcome)).toBe(4);
  }
});

test('without a job there is no cost', () => {
  expect(usd(fakeOutcome({ job: null, runs: [] }))).toBeNull();
});

// the status of the job, its runs, from when on each of them is billed, in seconds since the cook
test.each<[string, readonly JobRun[], readonly number[]]>([
  ['RUNNING', [fakeRun({ status: 'RUNNING' })], [60]],
  ['COMPLETED', [fakeRun({ status: 'RUNNING' })], [60]],
  // After a first run that failed.
  ['RUNNING', [fakeRun({}, { started: 60, ended: 90 }), fakeRun({ status: 'RUNNING' })], [60, 90]],
  ['PENDING', [fakeRun({}, { started: 60, ended: 90 }), fakeRun({ status: 'PENDING' })], [60]],
  ['PENDING', [fakeRun({ status: 'PENDING' })], []],
])('%s, and the start of the last run is not known', (status, runs, seconds) => {
  const times = { createdMs: cookedAtMs, startedMs: cookedAtMs + 60_000, endedMs: null };
  const spans = spansOf(fakeJob({ status }), runs, times);
  expect(spans.map(({ fromMs }) => (fromMs - cookedAtMs) / 1000)).toEqual(seconds);
});
