import { expect, test } from '@jest/globals';
import type { Ending, Result } from '../../src/records.ts';
import { compareResults, isFinal, passes, resultOf, type OnTimeout } from '../../src/verdict.ts';

// The table of the contract, row by row: ending, status, on-timeout, result, whether the step passes.
const table: readonly (readonly [Ending, string, OnTimeout, Result, boolean])[] = [
  ['final', 'COMPLETED', 'cancel', 'succeeded', true],
  ['final', 'FAILED', 'cancel', 'failed', false],
  ['final', 'CANCELLED', 'cancel', 'cancelled', false],
  ['running', 'RUNNING', 'cancel', 'running', true],
  ['timeout', 'CANCELLED', 'cancel', 'timed-out', false],
  ['timeout', 'CANCELLING', 'cancel', 'timed-out', false],
  ['timeout', 'COMPLETED', 'cancel', 'succeeded', true],
  ['timeout', 'FAILED', 'cancel', 'failed', false],
  ['timeout', 'RUNNING', 'fail', 'timed-out', false],
  ['timeout', 'COMPLETED', 'fail', 'succeeded', true],
  ['timeout', 'RUNNING', 'detach', 'detached', true],
  ['timeout', 'COMPLETED', 'detach', 'succeeded', true],
  ['timeout', 'FAILED', 'detach', 'failed', false],
  ['timeout', 'CANCELLED', 'detach', 'cancelled', false],
  ['timeout', 'CANCELLED', 'fail', 'cancelled', false],
  ['interrupt', 'RUNNING', 'cancel', 'cancelled', false],
  ['interrupt', 'CANCELLED', 'detach', 'cancelled', false],
  ['interrupt', 'COMPLETED', 'cancel', 'succeeded', true],
];

test.each(table)(
  '%s with %s under on-timeout %s: %s',
  (ending, status, onTimeout, result, pass) => {
    expect(resultOf(ending, status, onTimeout)).toBe(result);
    expect(passes(result)).toBe(pass);
  },
);

test('only three statuses are final, whatever else the service may call one', () => {
  const statuses = ['PENDING', 'ASSIGNED', 'RUNNING', 'CANCELLING', 'FAILING', 'toString', ''];
  expect(statuses.filter(isFinal)).toEqual([]);
  expect(['COMPLETED', 'FAILED', 'CANCELLED'].filter(isFinal)).toHaveLength(3);
});

test('the worst result comes first', () => {
  const results: Result[] = [
    'succeeded',
    'submitted',
    'running',
    'detached',
    'cancelled',
    'timed-out',
    'failed',
    'error',
  ];
  expect(results.toSorted(compareResults)).toEqual(results.toReversed());
});
