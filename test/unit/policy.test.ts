import { expect, test } from '@jest/globals';
import type { StopReason } from '../../src/jobs/records.ts';
import type { Result } from '../../src/jobs/results.ts';
import { compareResults, results } from '../../src/jobs/results.ts';
import { isFinal } from '../../src/jobs/status.ts';
import { mustStop, resultOf, type Policy } from '../../src/jobs/policy.ts';

const cancel: Policy = { onTimeout: 'cancel', onWorkflowCancel: 'cancel' };
const fail: Policy = { ...cancel, onTimeout: 'fail' };
const detach: Policy = { onTimeout: 'detach', onWorkflowCancel: 'detach' };

// The table of the contract, row by row: ending, status, policy, result, whether the step passes.
const table: readonly (readonly [StopReason, string, Policy, Result, boolean])[] = [
  ['final', 'COMPLETED', cancel, 'succeeded', true],
  ['final', 'FAILED', cancel, 'failed', false],
  ['final', 'CANCELLED', cancel, 'cancelled', false],
  ['running', 'RUNNING', cancel, 'running', true],
  ['lost', 'RUNNING', cancel, 'error', false],
  ['lost', 'CANCELLED', cancel, 'error', false],
  ['timeout', 'CANCELLED', cancel, 'timed-out', false],
  ['timeout', 'CANCELLING', cancel, 'timed-out', false],
  ['timeout', 'COMPLETED', cancel, 'succeeded', true],
  ['timeout', 'FAILED', cancel, 'failed', false],
  ['timeout', 'RUNNING', fail, 'timed-out', false],
  ['timeout', 'COMPLETED', fail, 'succeeded', true],
  ['timeout', 'CANCELLED', fail, 'cancelled', false],
  ['timeout', 'RUNNING', detach, 'detached', true],
  ['timeout', 'COMPLETED', detach, 'succeeded', true],
  ['timeout', 'FAILED', detach, 'failed', false],
  ['timeout', 'CANCELLED', detach, 'cancelled', false],
  ['interrupt', 'RUNNING', cancel, 'cancelled', false],
  ['interrupt', 'CANCELLED', cancel, 'cancelled', false],
  ['interrupt', 'COMPLETED', cancel, 'succeeded', true],
  ['interrupt', 'RUNNING', detach, 'detached', true],
  ['interrupt', 'CANCELLED', detach, 'cancelled', false],
];

test.each(table)('%s with %s under %j: %s', (ending, status, policy, result, pass) => {
  expect(resultOf(ending, status, policy)).toBe(result);
  expect(results[result].passes).toBe(pass);
});

test.each<[StopReason, boolean, boolean, boolean]>([
  ['final', false, false, false],
  ['running', false, false, false],
  ['lost', true, false, false],
  ['timeout', true, false, false],
  ['interrupt', true, true, false],
])(
  'after %s a job is cancelled: %p, with on-timeout fail %p, with detach %p',
  (ending, ...expected) => {
    expect([cancel, fail, detach].map((policy) => mustStop(ending, policy))).toEqual(expected);
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
