import { expect, test } from '@jest/globals';
import type { CookInputs } from '../../src/intake/inputs.ts';
import type { Step } from '../../src/intake/step.ts';
import { placeOrders } from '../../src/order.ts';

const recipe = '01a0114e-e7f8-4e76-a07a-f09fca41e2be';
const inputs = {
  recipes: [{ uuid: recipe }, { uuid: recipe }],
  title: 'Nightly',
} as unknown as CookInputs;
const step: Step = {
  repository: 'acme/renders',
  runId: '1',
  runAttempt: 1,
  workflow: 'Nightly',
  job: 'render',
  matrixIndex: '0',
  step: '__run',
  runUrl: 'https://github.com/acme/renders/actions/runs/1',
};
const keysOf = (...args: Parameters<typeof placeOrders>) =>
  placeOrders(...args).map(({ cookKey }) => cookKey);

test('the same inputs in the same step give the same keys', () => {
  expect(keysOf(inputs, step)).toEqual(keysOf(inputs, { ...step }));
});

test('a key differs with all that tells two cooks apart', () => {
  const changes: readonly Partial<Step>[] = [
    { repository: 'acme/other' },
    { runId: '2' },
    { runAttempt: 2 },
    { workflow: 'Daily' },
    { job: 'train' },
    { matrixIndex: '1' },
    { step: '__run_2' },
  ];
  const keys = [
    ...keysOf(inputs, step),
    ...changes.flatMap((change) => keysOf(inputs, { ...step, ...change })),
    ...keysOf({ ...inputs, title: 'Other' }, step),
  ];
  expect(new Set(keys).size).toBe(2 * (changes.length + 2));
});

test('the order carries the key in its description', () => {
  const [order] = placeOrders(inputs, step);
  expect(order?.fields).toEqual({
    title: 'Nightly',
    description: `Cooked by acme/renders, workflow "Nightly", run 1: ${step.runUrl} [${order?.cookKey}]`,
  });
});
