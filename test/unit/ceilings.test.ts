import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import {
  noCeilings,
  shareMs,
  shareProblems,
  exceedsRate,
  withShare,
  type Ceilings,
} from '../../src/money/ceilings.ts';

const both = (maxCostUsd: number, maxHourlyRateUsd = 0.5): Ceilings => ({
  maxCostUsd,
  maxHourlyRateUsd,
});
const recipe = (payload: object) => ({ uuid: 'u', name: 'Render', payload: { ...payload } });
const hourMs = 3_600_000;

test.each([
  [both(0.05), 1, 0, 360_000],
  [both(0.05), 5, 0, 72_000],
  [both(0.05), 1, 2, 120_000],
  [both(1, 3), 1, 0, 1_200_000],
  // 359,999.99999999994 in binary fractions.
  [both(0.01, 0.1), 1, 0, 360_000],
  [{ ...both(1), maxHourlyRateUsd: null }, 1, 0, null],
  [{ ...both(1), maxCostUsd: null }, 1, 0, null],
])(
  'of %j, a run of each of %d jobs with %d retries may take %p ms',
  (ceilings, jobs, retries, ms) => {
    expect(shareMs(ceilings, jobs, retries)).toBe(ms);
  },
);

test('all runs together never cost more than max-cost', () => {
  const cents = fc.integer({ min: 1, max: 1_000_000 }).map((each) => each / 10_000);
  const count = fc.integer({ min: 1, max: 300 });
  fc.assert(
    fc.property(cents, cents, count, fc.nat(9), (maxCostUsd, rateUsd, jobs, retries) => {
      const ms = shareMs(both(maxCostUsd, rateUsd), jobs, retries) ?? Infinity;
      const usd = (ms * jobs * (retries + 1) * rateUsd) / hourMs;
      expect(usd).toBeLessThanOrEqual(maxCostUsd * (1 + 1e-9));
      const more = ((ms + 1) * jobs * (retries + 1) * rateUsd) / hourMs;
      expect(more).toBeGreaterThan(maxCostUsd * (1 - 1e-9));
    }),
  );
});

test('a share under a minute is a problem that says what is needed', () => {
  expect(shareProblems(both(0.5), 60)).toEqual([]);
  const [problem, ...others] = shareProblems(both(0.5), 61);
  expect(others).toEqual([]);
  expect(problem?.input).toBe('max-cost');
  expect(problem?.message).toContain('at least 0.5084');
  // With what is said to be needed there is none.
  expect(shareProblems(both(0.5084), 61)).toEqual([]);
  expect(shareProblems(noCeilings, 1_000)).toEqual([]);
});

// what, the body, the recipe's fields, the run limit that is sent, whether it is the share
test.each([
  ['no limit', {}, {}, 360_000, true],
  ['a longer limit', { max_timeout_run_ms: 360_001 }, {}, 360_000, true],
  ['a limit as long', { max_timeout_run_ms: 360_000 }, {}, 360_000, false],
  ['a longer limit in the recipe', {}, { max_timeout_run_ms: hourMs }, 360_000, true],
  ['a shorter limit in the recipe', {}, { max_timeout_run_ms: 60_000 }, undefined, false],
  ['retries in the recipe', {}, { max_retry_count: 2 }, 120_000, true],
  ['other retries in the body', { max_retry_count: 1 }, { max_retry_count: 9 }, 180_000, true],
  ['a server', { task: 'PERSISTENT' }, {}, undefined, false],
  ['a server of the recipe', {}, { task: 'PERSISTENT' }, undefined, false],
])('%s', (_, body, payload, limitMs, isShare) => {
  const limited = withShare(body, recipe(payload), both(0.05), 1);
  expect(limited.body['max_timeout_run_ms']).toBe(limitMs);
  expect(limited.shareMs).toBe(isShare ? limitMs : null);
});

test('retries that only the recipe tells of may leave too little', () => {
  expect(() => withShare({}, recipe({ max_retry_count: 6 }), both(0.05), 1)).toThrow('max-cost');
});

test('offers are too dear where the cheapest is', () => {
  const offers = { count: 2, isCut: false, minUsd: 0.51, maxUsd: 4, maxHours: null };
  const why = { kind: 'offers', amountUsd: 0.51, ceilingUsd: 0.5 };
  expect(exceedsRate(offers, both(1))).toEqual(why);
  expect(exceedsRate({ ...offers, minUsd: 0.5 }, both(1))).toBeNull();
  expect(exceedsRate(offers, noCeilings)).toBeNull();
  // 0.30000000000000004 in binary fractions.
  expect(exceedsRate({ ...offers, minUsd: 3 * 0.1 }, both(1, 0.3))).toBeNull();
  expect(exceedsRate({ ...offers, minUsd: 0.3001 }, both(1, 0.3))).not.toBeNull();
  // Nothing on offer is no price.
  expect(exceedsRate(null, both(1))).toBeNull();
});

test('where the service does not show the retries of a recipe, they must be given', () => {
  const hidden = { uuid: 'u', name: 'Render', payload: null };
  const send = (body: object) => withShare({ ...body }, hidden, both(1), 1).body;
  const problems = [{ input: 'max-retry-count', message: expect.stringContaining('is required') }];
  expect(() => send({})).toThrow(expect.objectContaining({ problems }));
  expect(send({ max_retry_count: 1 })).toEqual({ max_retry_count: 1, max_timeout_run_ms: hourMs });
  expect(withShare({}, hidden, noCeilings, 1).body).toEqual({});
});
