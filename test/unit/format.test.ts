import { expect, test } from '@jest/globals';
import { formatClosing, formatCost, formatDuration } from '../../src/report/format.ts';
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
  const two = fakeOutcome({ runs: [fakeRun({ hourly_rate_usd: null })] });
  expect(formatClosing([one, two])).toBe('2 of 2 jobs succeeded; about 0.06 USD');
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
