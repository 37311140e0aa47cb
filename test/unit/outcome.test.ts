import { describe, expect, test } from '@jest/globals';
import { createOutcome, type Goal, type KnownJob } from '../../src/jobs/outcome.ts';
import { endReasons, type StopReason } from '../../src/jobs/records.ts';
import type { Result } from '../../src/jobs/results.ts';
import { fakeJob, fakeRef, fakeRun, uuidNumber } from '../support/outcomes.ts';

const ref = fakeRef();
const given = fakeRef({ jobUuid: uuidNumber(1) });
const noGoal: Goal = {
  onTimeout: 'cancel',
  onWorkflowCancel: 'cancel',
  goalResult: 'running',
  isReached: false,
  lacksReady: false,
  hasEnded: false,
  shareMs: null,
  maxCostUsd: null,
};
const accepted = { cancel: 'accepted' } as const;
const ended = { hasEnded: true } as const;
const reached = { isReached: true } as const;
// Our cancel has stopped its container, whatever exit code that had.
const stopped = ['RUNNING', 'CANCELLING', 'FAILED'].map((status, at) => ({ status, atMs: at }));

/** A job of this status, seen last; none of it where it is null. */
function resultOf(
  ending: StopReason | null,
  status: string | null,
  known: Partial<KnownJob> = {},
  goal: Partial<Goal> = {},
): Result {
  const job = status === null ? null : fakeJob({ status });
  return createOutcome({ ref, ending, job, ...known }, { ...noGoal, ...goal }).result;
}

type Row = readonly [
  ending: StopReason | null,
  status: string | null,
  known: Partial<KnownJob>,
  goal: Partial<Goal>,
  result: Result,
];

describe('the result of a job', () => {
  const table: readonly Row[] = [
    // It ended by itself, and was seen to.
    ['final', 'COMPLETED', {}, ended, 'succeeded'],
    ['final', 'FAILED', {}, ended, 'failed'],
    ['final', 'COMPLETED', {}, { ...ended, lacksReady: true }, 'failed'],
    ['final', 'CANCELLED', {}, { ...ended, lacksReady: true }, 'cancelled'],
    ['final', 'CANCELLED', {}, ended, 'cancelled'],
    ['final', 'FAILED', {}, {}, 'error'],
    ['final', 'UNHEARD_OF', {}, ended, 'failed'],
    [null, 'COMPLETED', {}, ended, 'succeeded'],
    // The service tells nothing, or nothing was cooked.
    ['lost', 'RUNNING', {}, {}, 'error'],
    ['lost', 'FAILED', {}, ended, 'failed'],
    [null, null, {}, {}, 'error'],
    [null, 'RUNNING', {}, {}, 'error'],
    // What went wrong comes before all else.
    ['final', 'COMPLETED', { error: new Error('no') }, ended, 'error'],
    ['timeout', 'RUNNING', { error: new Error('no') }, {}, 'error'],
    // It does what was asked for.
    ['running', 'RUNNING', {}, reached, 'running'],
    ['running', 'PENDING', {}, { ...reached, goalResult: 'submitted' }, 'submitted'],
    // The time was up.
    ['timeout', 'RUNNING', {}, { onTimeout: 'cancel' }, 'timed-out'],
    ['timeout', 'RUNNING', {}, { onTimeout: 'fail' }, 'timed-out'],
    ['timeout', 'RUNNING', {}, { onTimeout: 'detach' }, 'detached'],
    ['timeout', null, {}, { onTimeout: 'detach' }, 'timed-out'],
    ['timeout', null, { ref: given }, { onTimeout: 'detach' }, 'detached'],
    ['timeout', 'COMPLETED', {}, ended, 'succeeded'],
    ['timeout', 'FAILED', accepted, ended, 'failed'],
    ['timeout', 'CANCELLED', accepted, ended, 'timed-out'],
    ['timeout', 'FAILED', { ...accepted, timeline: stopped }, ended, 'timed-out'],
    ['timeout', 'COMPLETED', { ...accepted, timeline: stopped }, ended, 'timed-out'],
    ['timeout', 'CANCELLED', { cancel: 'failed' }, ended, 'timed-out'],
    ['timeout', 'CANCELLED', {}, ended, 'cancelled'],
    // Somebody cancelled the workflow.
    ['interrupt', 'RUNNING', {}, { onWorkflowCancel: 'cancel' }, 'cancelled'],
    ['interrupt', 'RUNNING', {}, { ...reached, onWorkflowCancel: 'cancel' }, 'cancelled'],
    ['interrupt', 'RUNNING', {}, { onWorkflowCancel: 'detach' }, 'detached'],
    ['interrupt', 'RUNNING', {}, { ...reached, onWorkflowCancel: 'detach' }, 'running'],
    [
      'interrupt',
      'PENDING',
      {},
      { ...reached, onWorkflowCancel: 'detach', goalResult: 'submitted' },
      'submitted',
    ],
    ['interrupt', null, {}, { onWorkflowCancel: 'detach' }, 'cancelled'],
    ['interrupt', null, { ref: given }, { onWorkflowCancel: 'detach' }, 'detached'],
    ['interrupt', 'COMPLETED', accepted, ended, 'succeeded'],
    ['interrupt', 'CANCELLED', accepted, { ...ended, onWorkflowCancel: 'detach' }, 'cancelled'],
    // Another job failed.
    ['fail-fast', 'RUNNING', {}, {}, 'cancelled'],
    ['fail-fast', 'RUNNING', {}, reached, 'cancelled'],
    ['fail-fast', null, {}, {}, 'cancelled'],
    ['fail-fast', 'FAILED', {}, ended, 'failed'],
    ['fail-fast', 'FAILED', accepted, ended, 'failed'],
    ['fail-fast', 'FAILED', { ...accepted, timeline: stopped }, ended, 'cancelled'],
    // It became too dear.
    ['max-cost', 'RUNNING', {}, {}, 'over-budget'],
    ['max-cost', 'CANCELLED', accepted, ended, 'over-budget'],
    ['max-cost', 'CANCELLED', {}, ended, 'cancelled'],
    ['max-cost', 'COMPLETED', accepted, ended, 'succeeded'],
    ['over-budget', null, {}, {}, 'over-budget'],
    ['over-budget', 'RUNNING', {}, {}, 'over-budget'],
    ['over-budget', 'CANCELLED', accepted, ended, 'over-budget'],
    ['over-budget', 'FAILED', accepted, ended, 'failed'],
    ['over-budget', 'FAILED', { ...accepted, timeline: stopped }, ended, 'over-budget'],
  ];

  test.each(table)('%s, %s, %j, %j: %s', (ending, status, known, goal, result) => {
    expect(resultOf(ending, status, known, goal)).toBe(result);
  });

  test('every reason to end has rows here', () => {
    const reasons = new Set(table.map(([ending]) => ending));
    const all: readonly StopReason[] = [...endReasons, 'final', 'running', 'lost', 'over-budget'];
    expect([...reasons]).toEqual(expect.arrayContaining([...all]));
  });
});

describe('a job that is sent with its share of max-cost as run limit', () => {
  const share = { ...noGoal, ...ended, shareMs: 100_000, maxCostUsd: 2 };
  /** A job that ended after it ran for so long. */
  const afterRun = (ranSeconds: number, known: Partial<KnownJob> = {}, status = 'FAILED') => {
    const pace = { started: 20, ended: 20 + ranSeconds };
    const job = fakeJob({ status }, pace);
    const runs = [fakeRun({ status }, pace)];
    return { ref, ending: 'final', job, runs, ...known } as const;
  };
  const overBudget = { kind: 'share', limitMs: 100_000, ceilingUsd: 2 };

  // The service ends a run at its limit, give or take five seconds.
  test.each([
    [130, 'over-budget'],
    [100, 'over-budget'],
    [95, 'over-budget'],
    [94, 'failed'],
    [60, 'failed'],
    [1, 'failed'],
  ])('and fails after %i of 100 s: %s', (ranSeconds, result) => {
    const outcome = createOutcome(afterRun(ranSeconds), share);
    expect(outcome.result).toBe(result);
    expect(outcome.overBudget).toEqual(result === 'failed' ? null : overBudget);
  });

  test.each([
    ['is cancelled at it', afterRun(100, {}, 'CANCELLED'), share, 'over-budget'],
    ['completes at it', afterRun(100, {}, 'COMPLETED'), share, 'succeeded'],
    ['fails in an interrupt', afterRun(100, { ending: 'interrupt' }), share, 'failed'],
    ['has no limit of ours', afterRun(100), { ...share, shareMs: null }, 'failed'],
    [
      'never ran',
      { ...afterRun(100), job: fakeJob({ status: 'FAILED' }), runs: [] },
      share,
      'failed',
    ],
    [
      'ran at last as short as before',
      afterRun(100, {
        runs: [fakeRun({}, { started: 20, ended: 120 }), fakeRun({}, { started: 130, ended: 140 })],
      }),
      share,
      'failed',
    ],
  ] as const)('and %s', (_, known, goal, result) => {
    expect(createOutcome(known, goal).result).toBe(result);
  });
});

test('what is not known is nothing', () => {
  expect(createOutcome({ ref })).toMatchObject({
    job: null,
    runs: [],
    results: null,
    cancel: null,
    overBudget: null,
    isKept: false,
    result: 'error',
  });
});
