import { expect, test } from '@jest/globals';
import { ServiceError } from '../../src/errors.ts';
import type { Outcome } from '../../src/jobs/records.ts';
import {
  describeStatus,
  formatClosing,
  formatCost,
  formatCounts,
  formatDuration,
} from '../../src/report/format.ts';
import { renderSummary } from '../../src/report/summary.ts';
import { fakeOutcome, fakeRun } from '../support/outcomes.ts';

test.each([
  [0, '0s'],
  [-5_000, '0s'],
  [4_400, '4s'],
  [59_600, '1m 00s'],
  [182_000, '3m 02s'],
  [3_900_000, '1h 05m'],
])('%p ms read %p', (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
});

test('the last line has verdict and cost', () => {
  const one = fakeOutcome();
  expect(formatClosing([one])).toBe('Render three frames succeeded; about 0.06 USD');
  const billed = fakeOutcome({ bills: new Map([[fakeRun().uuid, 1.5]]) });
  expect(formatClosing([billed])).toBe('Render three frames succeeded; 1.50 USD billed');
  expect(formatClosing([one, one])).toBe('2 of 2 jobs succeeded; about 0.12 USD');
});

test('where a job that has started has no cost yet, the cost is said to be a part', () => {
  const one = fakeOutcome();
  const unrated = fakeOutcome({ runs: [fakeRun({ hourly_rate_usd: null })] });
  expect(formatClosing([one, unrated])).toBe('2 of 2 jobs succeeded; at least 0.06 USD');
  const billed = fakeOutcome({ bills: new Map([[fakeRun().uuid, 0.17]]) });
  const running = fakeOutcome({ result: 'detached' }, { status: 'RUNNING' }, { started: 9 });
  expect(formatClosing([billed, running])).toMatch(/; at least 0\.17 USD$/);
  expect(renderSummary([billed, running])).toMatch(/^### .* · at least 0\.17 USD\n/);
  const queued = fakeOutcome({ result: 'submitted', runs: [] }, { status: 'PENDING' }, {});
  expect(formatClosing([billed, queued])).toMatch(/; 0\.17 USD billed$/);
});

const mark = 'dispersed-cook:1-a-b';
const cookError = (status: number) =>
  new ServiceError({
    trouble: 'refused',
    request: 'POST /v1/job-recipes/1/cook',
    status,
    detail: '',
  });
const unborn = (changes: Partial<Outcome>) => fakeOutcome({ job: null, runs: [], ...changes });

test.each<[string, Partial<Outcome>]>([
  ['No job was created', { result: 'error', error: cookError(422) }],
  ['It is not known whether a job was created', { result: 'error', error: cookError(500) }],
  ['It is not known whether a job was created', { result: 'timed-out', unansweredMark: mark }],
])('%s: no more is said than is known', (words, changes) => {
  expect(formatCounts([unborn(changes)])).toBe(words);
});

test('jobs that were not created are counted as such', () => {
  const outcomes = [
    unborn({ result: 'error', error: cookError(422) }),
    fakeOutcome({ result: 'error', error: new Error('HTTP 500') }),
    fakeOutcome({ result: 'cancelled' }, { status: 'CANCELLED' }),
    unborn({ result: 'cancelled', ending: 'fail-fast' }),
    unborn({ result: 'cancelled', ending: 'fail-fast', unansweredMark: mark }),
  ];
  expect(formatCounts(outcomes)).toBe(
    '1 of 5 jobs could not be cooked, 1 could not be watched, 1 canceled, 1 not created, 1 may have been created',
  );
  expect(outcomes.map(describeStatus)).toEqual([
    'Error',
    'Error',
    'Canceled',
    'Not created',
    'May have been created',
  ]);
});

test.each([
  [0, '0.00 USD', 'under 0.01 USD'],
  [6.555, '6.56 USD', '≈ 6.56 USD'],
  [1.005, '1.01 USD', '≈ 1.01 USD'],
  [0.004, 'under 0.01 USD', 'under 0.01 USD'],
  [0.346, '0.35 USD', '≈ 0.35 USD'],
  [12, '12.00 USD', '≈ 12.00 USD'],
])('%p USD reads %p where it was billed, estimated %p', (usd, billed, estimated) => {
  expect(formatCost({ usd, is: 'billed' })).toBe(billed);
  expect(formatCost({ usd, is: 'estimated' })).toBe(estimated);
});
