import { describe, expect, test } from '@jest/globals';
import type { EntryFacts } from '../../src/custody/facts.ts';
import { createEntry, givenJob, seeJob, setSeen } from '../../src/step/entry.ts';
import { fakeJob, fakeRef, uuidNumber } from '../support/outcomes.ts';

/** An entry whose job is there. */
function entryWith(facts: Partial<EntryFacts> = {}) {
  const entry = createEntry({ ...fakeRef(), mark: 'cook-1-a' }, 0);
  entry.facts = { ...entry.facts, jobs: [{ uuid: uuidNumber(1), hasEnded: false }], ...facts };
  setSeen(entry, { job: fakeJob({ status: 'RUNNING' }) });
  return entry;
}

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
