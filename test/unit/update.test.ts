import { describe, expect, test } from '@jest/globals';
import { newStepFacts, type EntryFacts, type StepFacts } from '../../src/custody/facts.ts';
import type { StopReason } from '../../src/jobs/records.ts';
import { createEntry, setSeen, type Entry } from '../../src/step/entry.ts';
import { cancelPlan, type Step } from '../../src/step/step.ts';
import { outcomeNow, stopOverBudget } from '../../src/step/update.ts';
import { fakeJob, fakeRef, uuidNumber } from '../support/outcomes.ts';

/** An entry whose job is there. */
function entryWith(facts: Partial<EntryFacts> = {}) {
  const entry = createEntry({ ...fakeRef(), mark: 'cook-1-a' }, 0);
  entry.facts = { ...entry.facts, jobs: [{ uuid: uuidNumber(1), hasEnded: false }], ...facts };
  setSeen(entry, { job: fakeJob({ status: 'RUNNING' }) });
  return entry;
}

function outcomeOf(entry: Entry, facts: StepFacts) {
  const poller = { unread: () => null };
  const step = { poller, plan: cancelPlan, end: { facts: () => facts } };
  return outcomeNow(step as unknown as Step, entry);
}

describe('why a job is no longer watched', () => {
  const hasEnded = { jobs: [{ uuid: uuidNumber(1), hasEnded: true }] };

  test.each<[Partial<EntryFacts>, StepFacts['ends'], StopReason | null]>([
    [{}, [], null],
    [hasEnded, [], 'final'],
    [{ stop: 'ended' }, [], 'final'],
    [{ stop: 'ended' }, ['timeout'], 'final'],
    [{ stop: 'lost' }, ['timeout'], 'lost'],
    [{ stop: 'over-budget' }, ['interrupt'], 'over-budget'],
    [{ stop: 'not-cooked' }, ['interrupt'], null],
    [{ stop: 'replaced' }, ['interrupt'], null],
    [{}, ['timeout'], 'timeout'],
    [hasEnded, ['timeout'], 'timeout'],
    // Of several ends, the first one.
    [{}, ['max-cost', 'interrupt'], 'max-cost'],
    [{}, ['timeout', 'interrupt'], 'timeout'],
    // It does what was asked for, in time.
    [{ stop: 'goal' }, [], 'running'],
    [{ stop: 'goal' }, ['timeout'], 'running'],
    [{ stop: 'goal' }, ['timeout', 'interrupt'], 'interrupt'],
    [{ stop: 'goal' }, ['fail-fast'], 'fail-fast'],
  ])('%j, %j: %p', (facts, ends, ending) => {
    const step = { ...newStepFacts, ends };
    expect(outcomeOf(entryWith(facts), step).ending).toBe(ending);
  });
});

test('a job that may have been cooked without an answer is told by its mark', () => {
  const markOf = (facts: Partial<EntryFacts>) =>
    outcomeOf(entryWith(facts), newStepFacts).unansweredMark;
  expect(markOf({ sends: 1 })).toBeNull();
  expect(markOf({ sends: 2 })).toBe('cook-1-a');
  expect(markOf({ sends: 2, unsent: 1 })).toBeNull();
});

test('what costs too much only after the verdict is neither canceled nor told', () => {
  const entry = entryWith({ stop: 'goal' });
  const poller = { unread: () => null };
  const step = { poller, plan: cancelPlan, end: { facts: () => ({ ends: [], hasVerdict: true }) } };
  const why = { kind: 'rate', amountUsd: 9, ceilingUsd: 2 } as const;
  stopOverBudget(step as unknown as Step, entry, why);
  expect([entry.facts.stop, entry.seen.overBudget]).toEqual(['goal', null]);
});

test('a job that is kept, and one that is not', () => {
  const isKept = (ends: StepFacts['ends']) =>
    outcomeOf(entryWith(), { ends, hasVerdict: true }).isKept;
  expect([isKept([]), isKept(['interrupt'])]).toEqual([true, false]);
});
