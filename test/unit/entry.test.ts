import { describe, expect, test } from '@jest/globals';
import { newStepFacts, type EntryFacts, type StepFacts } from '../../src/custody/facts.ts';
import type { StopReason } from '../../src/jobs/records.ts';
import { noCeilings } from '../../src/money/ceilings.ts';
import { createEntry, getOutcome, givenJob, seeJob, setSeen } from '../../src/step/entry.ts';
import { fakeJob, fakeRef, uuidNumber } from '../support/outcomes.ts';

const plan = {
  policy: { onTimeout: 'cancel', onWorkflowCancel: 'cancel', onJobEnd: 'keep' },
  goalResult: 'running',
  readyCheck: null,
  ssh: null,
  ceilings: noCeilings,
} as const;

/** An entry whose job is there. */
function entryWith(facts: Partial<EntryFacts> = {}) {
  const entry = createEntry({ ...fakeRef(), mark: 'cook-1-a' }, 0);
  entry.facts = { ...entry.facts, jobs: [{ uuid: uuidNumber(1), hasEnded: false }], ...facts };
  setSeen(entry, { job: fakeJob({ status: 'RUNNING' }) });
  return entry;
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
    expect(getOutcome(entryWith(facts), step, plan).ending).toBe(ending);
  });
});

test('a job that may have been cooked without an answer is told by its mark', () => {
  const outcomeOf = (facts: Partial<EntryFacts>) =>
    getOutcome(entryWith(facts), newStepFacts, plan).unansweredMark;
  expect(outcomeOf({ sends: 1 })).toBeNull();
  expect(outcomeOf({ sends: 2 })).toBe('cook-1-a');
  expect(outcomeOf({ sends: 2, unsent: 1 })).toBeNull();
});

test('a job that is kept, and one that is not', () => {
  const isKept = (ends: StepFacts['ends']) =>
    getOutcome(entryWith(), { ...newStepFacts, ends }, plan).isKept;
  expect([isKept([]), isKept(['interrupt'])]).toEqual([true, false]);
});

describe('what is seen at a look', () => {
  test('each status once, with the time of the first look', () => {
    const entry = entryWith();
    for (const [status, atMs] of [
      ['PENDING', 1],
      ['PENDING', 2],
      ['RUNNING', 3],
      ['PENDING', 4],
    ] as const)
      entry.seen = seeJob(entry, fakeJob({ status }), atMs);
    expect(entry.seen.timeline).toEqual([
      { status: 'PENDING', atMs: 1 },
      { status: 'RUNNING', atMs: 3 },
      { status: 'PENDING', atMs: 4 },
    ]);
    expect(entry.seen.job?.status).toBe('PENDING');
  });

  test('nothing of a second job of the entry', () => {
    const entry = entryWith();
    const other = fakeJob({ uuid: uuidNumber(2), status: 'FAILED' });
    expect(seeJob(entry, other, 1)).toBe(entry.seen);
  });

  test('that it failed stays, though it is cancelled then', () => {
    const entry = entryWith({ stop: 'ended' });
    setSeen(entry, { job: fakeJob({ status: 'FAILED' }) });
    expect(seeJob(entry, fakeJob({ status: 'CANCELLED' }), 1)).toBe(entry.seen);
    setSeen(entry, { job: fakeJob({ status: 'RUNNING' }) });
    expect(seeJob(entry, fakeJob({ status: 'CANCELLED' }), 1).job?.status).toBe('CANCELLED');
  });
});

test('a job that was given by its UUID is one of the entry from the start', () => {
  const { facts, ref } = createEntry(givenJob(uuidNumber(7), 3), 3);
  expect(facts).toMatchObject({ mark: null, jobs: [{ uuid: uuidNumber(7), hasEnded: false }] });
  expect(ref.index).toBe(3);
  expect(createEntry({ ...fakeRef(), mark: 'm' }, 0).facts.jobs).toEqual([]);
});
