import { expect, test } from '@jest/globals';
import type { OverBudget } from '../../src/jobs/records.ts';
import { describeOverBudget } from '../../src/report/over-budget.ts';

test.each<[OverBudget, string]>([
  [
    { kind: 'cost', amountUsd: 0.9, ceilingUsd: 1 },
    'The jobs of this step cost 0.90 USD together, and max-cost is 1.00 USD.',
  ],
  [
    { kind: 'offers', amountUsd: 0.0232, ceilingUsd: 0.01 },
    'Every matching offer costs more than max-hourly-rate, 0.01 USD an hour: the cheapest is 0.0232 USD.',
  ],
  [
    { kind: 'share', limitMs: 90_000, ceilingUsd: 1 },
    'It ran for 1m 30s, its share of max-cost (1.00 USD), and the service ended it.',
  ],
])('%j', (why, cause) => {
  expect(describeOverBudget(why).cause).toContain(cause);
});
