import { expect, test } from '@jest/globals';
import type { OverBudget } from '../../src/jobs/records.ts';
import { describeOverBudget } from '../../src/report/over-budget.ts';

test.each<[string, OverBudget, string]>([
  [
    'cancelled in time',
    { kind: 'cost', amountUsd: 0.9, ceilingUsd: 1 },
    'The jobs of this step cost 0.90 USD together. With any more time, they would have cost more than max-cost, 1.00 USD, before a cancel took effect.',
  ],
  [
    'known too late',
    { kind: 'cost', amountUsd: 1.2, ceilingUsd: 1 },
    'The jobs of this step cost 1.20 USD together. That is more than max-cost, 1.00 USD, because their rate was not known earlier.',
  ],
])('what was %s is not told as more, nor as less', (_, why, cause) => {
  expect(describeOverBudget(why).cause).toBe(cause);
});
