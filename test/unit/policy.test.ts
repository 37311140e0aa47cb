import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  newEntryFacts,
  unansweredCooks,
  type EntryFacts,
  type Policy,
  type StepFacts,
} from '../../src/custody/facts.ts';
import { nextAction, getWanted, type Attempts } from '../../src/custody/policy.ts';
import { endReasons } from '../../src/jobs/records.ts';

const cancelAll: Policy = { onTimeout: 'cancel', onWorkflowCancel: 'cancel', onJobEnd: 'keep' };
const keepAll: Policy = { onTimeout: 'detach', onWorkflowCancel: 'detach', onJobEnd: 'keep' };
const step = (...ends: StepFacts['ends']): StepFacts => ({ ends, hasVerdict: true });
const nothing: Attempts = { canceled: new Set(), hasLooked: false };

function entry(change: Partial<EntryFacts> = {}): EntryFacts {
  return {
    ...newEntryFacts('cook-1-2'),
    sends: 1,
    jobs: [{ uuid: 'job', hasEnded: false }],
    ...change,
  };
}

describe('what is wanted of a job', () => {
  // stop, ends, policy, in main, in post
  test.each<[EntryFacts['stop'], StepFacts['ends'], Partial<Policy>, string, string]>([
    [null, [], {}, 'keep', 'keep'],
    [null, ['timeout'], {}, 'cancel', 'cancel'],
    [null, ['timeout'], { onTimeout: 'fail' }, 'keep', 'keep'],
    [null, ['timeout'], { onTimeout: 'detach' }, 'keep', 'keep'],
    [null, ['timeout'], { onTimeout: 'detach', onJobEnd: 'cancel' }, 'keep', 'cancel'],
    [null, ['interrupt'], {}, 'cancel', 'cancel'],
    [null, ['interrupt'], { onWorkflowCancel: 'detach' }, 'keep', 'keep'],
    [null, ['fail-fast'], keepAll, 'cancel', 'cancel'],
    // The first reason decides; a later one adds to it and takes nothing back.
    [null, ['timeout', 'interrupt'], { onTimeout: 'detach' }, 'cancel', 'cancel'],
    [null, ['timeout', 'interrupt'], { onWorkflowCancel: 'detach' }, 'cancel', 'cancel'],
    // A job that does what was asked for belongs to the step all the same, but it is in time.
    ['goal', [], {}, 'keep', 'keep'],
    ['goal', ['timeout'], {}, 'keep', 'keep'],
    ['goal', ['interrupt'], {}, 'cancel', 'cancel'],
    ['goal', ['fail-fast'], {}, 'cancel', 'cancel'],
    ['goal', [], { onJobEnd: 'cancel' }, 'keep', 'cancel'],
    ['lost', [], {}, 'cancel', 'cancel'],
    ['lost', [], { onTimeout: 'fail' }, 'keep', 'keep'],
    ['not-cooked', [], keepAll, 'cancel', 'cancel'],
    ['ended', [], keepAll, 'cancel', 'cancel'],
  ])('%p after %j with %j: %s in main, %s in post', (stop, ends, policy, inMain, inPost) => {
    const facts = entry({ stop });
    const asked = { ...cancelAll, ...policy };
    expect(getWanted(facts, step(...ends), asked, 'main')).toBe(inMain);
    expect(getWanted(facts, step(...ends), asked, 'post')).toBe(inPost);
  });

  test.each([
    ['fail', 'keep'],
    ['cancel', 'cancel'],
  ] as const)(
    'a given job that has failed, perhaps for now, with on-timeout: %s',
    (onTimeout, wanted) => {
      const policy: Policy = { ...keepAll, onTimeout };
      const given = entry({ stop: 'ended', mark: null, sends: 0 });
      expect(getWanted(given, step(), policy, 'main')).toBe(wanted);
    },
  );

  test('without a verdict main was killed: that is an interrupt', () => {
    const killed: StepFacts = { ends: [], hasVerdict: false };
    expect(getWanted(entry(), killed, cancelAll, 'post')).toBe('cancel');
    expect(getWanted(entry({ stop: 'goal' }), killed, cancelAll, 'post')).toBe('cancel');
    expect(getWanted(entry(), killed, keepAll, 'post')).toBe('keep');
  });

  test('what is to be canceled is never kept again, whatever happens later', () => {
    const anyPolicy = fc.record<Policy>({
      onTimeout: fc.constantFrom('cancel', 'fail', 'detach'),
      onWorkflowCancel: fc.constantFrom('cancel', 'detach'),
      onJobEnd: fc.constantFrom('keep', 'cancel'),
    });
    const anyStop = fc.constantFrom<EntryFacts['stop']>(
      null,
      'goal',
      'ended',
      'lost',
      'not-cooked',
    );
    fc.assert(
      fc.property(
        anyPolicy,
        anyStop,
        fc.subarray([...endReasons]),
        fc.constantFrom(...endReasons),
        (policy, stop, ends, more) => {
          const before = getWanted(entry({ stop }), step(...ends), policy, 'main');
          const after = getWanted(entry({ stop }), step(...ends, more), policy, 'main');
          expect(before === 'cancel' && after === 'keep').toBe(false);
        },
      ),
    );
  });
});

describe('what is done next', () => {
  const job = (uuid: string, hasEnded = false) => ({ uuid, hasEnded });
  const canceled = (...uuids: readonly string[]): Attempts => ({
    ...nothing,
    canceled: new Set(uuids),
  });

  // facts, wanted, attempts, in main, in post
  test.each<[string, Partial<EntryFacts>, 'keep' | 'cancel', Attempts, string, string]>([
    ['a job that is wanted', {}, 'keep', nothing, 'done', 'done'],
    ['a job that is not', {}, 'cancel', nothing, 'cancel', 'cancel'],
    ['one that was cancelled', {}, 'cancel', canceled('job'), 'done', 'done'],
    ['one that has ended', { jobs: [job('job', true)] }, 'cancel', nothing, 'done', 'done'],
    [
      'a duplicate',
      { sends: 2, jobs: [job('job'), job('other')] },
      'keep',
      nothing,
      'cancel',
      'cancel',
    ],
    [
      'a duplicate that has ended',
      { sends: 2, jobs: [job('job'), job('other', true)] },
      'keep',
      nothing,
      'done',
      'done',
    ],
    ['a cook without an answer', { jobs: [] }, 'keep', nothing, 'look', 'look'],
    ['one before another', { sends: 2 }, 'keep', nothing, 'look', 'look'],
    [
      'one that was looked for',
      { jobs: [] },
      'cancel',
      { ...nothing, hasLooked: true },
      'done',
      'done',
    ],
    ['a cook that never left', { unsent: 1, jobs: [] }, 'cancel', nothing, 'done', 'done'],
    ['a cook that was refused', { refused: 1, jobs: [] }, 'cancel', nothing, 'done', 'look'],
    ['a job given by its UUID', { mark: null, sends: 0 }, 'keep', nothing, 'done', 'done'],
  ])('%s', (_, facts, wanted, attempts, inMain, inPost) => {
    expect(nextAction(entry(facts), wanted, attempts, 'main').do).toBe(inMain);
    expect(nextAction(entry(facts), wanted, attempts, 'post').do).toBe(inPost);
  });

  test('cancels come first, then looks', () => {
    const facts = entry({ sends: 3, jobs: [job('job'), job('other')] });
    const all = { do: 'cancel', jobUuids: ['job', 'other'] };
    expect(nextAction(facts, 'cancel', nothing, 'main')).toEqual(all);
    const rest = { do: 'cancel', jobUuids: ['other'] };
    expect(nextAction(facts, 'cancel', canceled('job'), 'main')).toEqual(rest);
    const both = canceled('job', 'other');
    expect(nextAction(facts, 'cancel', both, 'main')).toEqual({ do: 'look' });
    const looked = { ...both, hasLooked: true };
    expect(nextAction(facts, 'cancel', looked, 'main')).toEqual({ do: 'done' });
  });

  test('cooks that may have created a job are counted from what was sent and answered', () => {
    expect(unansweredCooks(entry())).toBe(0);
    expect(unansweredCooks(entry({ jobs: [] }))).toBe(1);
    expect(unansweredCooks(entry({ sends: 4, unsent: 2 }))).toBe(1);
    expect(unansweredCooks(entry({ sends: 0 }))).toBe(0);
  });
});
