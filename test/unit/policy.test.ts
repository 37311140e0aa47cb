import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  endReasons,
  newEntryFacts,
  unansweredCooks,
  type EntryFacts,
  type StepFacts,
} from '../../src/custody/facts.ts';
import { nextAction, wantedOf, type Attempts, type Policy } from '../../src/custody/policy.ts';

const cancelAll: Policy = { onTimeout: 'cancel', onWorkflowCancel: 'cancel', onJobEnd: 'keep' };
const keepAll: Policy = { onTimeout: 'detach', onWorkflowCancel: 'detach', onJobEnd: 'keep' };
const step = (...ends: StepFacts['ends']): StepFacts => ({ ends, hasVerdict: true });
const nothing: Attempts = { cancels: new Map(), confirmed: new Set(), hasLooked: false };

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
    [null, [], {}, 'kept', 'kept'],
    [null, ['timeout'], {}, 'gone', 'gone'],
    [null, ['timeout'], { onTimeout: 'fail' }, 'kept', 'kept'],
    [null, ['timeout'], { onTimeout: 'detach' }, 'kept', 'kept'],
    [null, ['timeout'], { onTimeout: 'detach', onJobEnd: 'cancel' }, 'kept', 'gone'],
    [null, ['interrupt'], {}, 'gone', 'gone'],
    [null, ['interrupt'], { onWorkflowCancel: 'detach' }, 'kept', 'kept'],
    [null, ['fail-fast'], keepAll, 'gone', 'gone'],
    // The first reason decides; a later one adds to it and takes nothing back.
    [null, ['timeout', 'interrupt'], { onTimeout: 'detach' }, 'gone', 'gone'],
    [null, ['timeout', 'interrupt'], { onWorkflowCancel: 'detach' }, 'gone', 'gone'],
    // A job that does what was asked for belongs to the step all the same, but it is in time.
    ['goal', [], {}, 'kept', 'kept'],
    ['goal', ['timeout'], {}, 'kept', 'kept'],
    ['goal', ['interrupt'], {}, 'gone', 'gone'],
    ['goal', ['fail-fast'], {}, 'gone', 'gone'],
    ['goal', [], { onJobEnd: 'cancel' }, 'kept', 'gone'],
    ['lost', [], {}, 'gone', 'gone'],
    ['lost', [], { onTimeout: 'fail' }, 'kept', 'kept'],
    ['not-cooked', [], keepAll, 'gone', 'gone'],
    ['ended', [], keepAll, 'gone', 'gone'],
  ])('%p after %j with %j: %s in main, %s in post', (stop, ends, policy, inMain, inPost) => {
    const facts = entry({ stop });
    const asked = { ...cancelAll, ...policy };
    expect(wantedOf(facts, step(...ends), asked, 'main')).toBe(inMain);
    expect(wantedOf(facts, step(...ends), asked, 'post')).toBe(inPost);
  });

  test('without a verdict main was killed: that is an interrupt', () => {
    const killed: StepFacts = { ends: [], hasVerdict: false };
    expect(wantedOf(entry(), killed, cancelAll, 'post')).toBe('gone');
    expect(wantedOf(entry({ stop: 'goal' }), killed, cancelAll, 'post')).toBe('gone');
    expect(wantedOf(entry(), killed, keepAll, 'post')).toBe('kept');
  });

  test('what is gone is never kept again, whatever happens later', () => {
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
          const before = wantedOf(entry({ stop }), step(...ends), policy, 'main');
          const after = wantedOf(entry({ stop }), step(...ends, more), policy, 'main');
          expect(before === 'gone' && after === 'kept').toBe(false);
        },
      ),
    );
  });
});

describe('what is done next', () => {
  const job = (uuid: string, hasEnded = false) => ({ uuid, hasEnded });
  const accepted = (...uuids: readonly string[]): Attempts => ({
    ...nothing,
    cancels: new Map(uuids.map((uuid) => [uuid, 'accepted'])),
  });

  // facts, wanted, attempts, in main, in post
  test.each<[string, Partial<EntryFacts>, 'kept' | 'gone', Attempts, string, string]>([
    ['a job that is wanted', {}, 'kept', nothing, 'let-go', 'let-go'],
    ['a job that is not', {}, 'gone', nothing, 'cancel', 'cancel'],
    ['one that was cancelled', {}, 'gone', accepted('job'), 'confirm', 'confirm'],
    ['one that has ended', { jobs: [job('job', true)] }, 'gone', nothing, 'let-go', 'let-go'],
    [
      'a duplicate',
      { sends: 2, jobs: [job('job'), job('other')] },
      'kept',
      nothing,
      'cancel',
      'cancel',
    ],
    [
      'a duplicate that has ended',
      { sends: 2, jobs: [job('job'), job('other', true)] },
      'kept',
      nothing,
      'let-go',
      'let-go',
    ],
    ['a cook without an answer', { jobs: [] }, 'kept', nothing, 'look', 'look'],
    ['one before another', { sends: 2 }, 'kept', nothing, 'look', 'look'],
    [
      'one that was looked for',
      { jobs: [] },
      'gone',
      { ...nothing, hasLooked: true },
      'let-go',
      'let-go',
    ],
    ['a cook that never left', { unsent: 1, jobs: [] }, 'gone', nothing, 'let-go', 'let-go'],
    ['a cook that was refused', { refused: 1, jobs: [] }, 'gone', nothing, 'let-go', 'look'],
    ['a job given by its UUID', { mark: null, sends: 0 }, 'kept', nothing, 'let-go', 'let-go'],
  ])('%s', (_, facts, wanted, attempts, inMain, inPost) => {
    expect(nextAction(entry(facts), wanted, attempts, 'main').do).toBe(inMain);
    expect(nextAction(entry(facts), wanted, attempts, 'post').do).toBe(inPost);
  });

  test('cancels come first, then looks, then confirmations', () => {
    const facts = entry({ sends: 3, jobs: [job('job'), job('other')] });
    const all = { do: 'cancel', jobUuids: ['job', 'other'] };
    expect(nextAction(facts, 'gone', nothing, 'main')).toEqual(all);
    const rest = { do: 'cancel', jobUuids: ['other'] };
    expect(nextAction(facts, 'gone', accepted('job'), 'main')).toEqual(rest);
    const both = accepted('job', 'other');
    expect(nextAction(facts, 'gone', both, 'main')).toEqual({ do: 'look' });
    const looked = { ...both, hasLooked: true };
    expect(nextAction(facts, 'gone', looked, 'main')).toEqual({
      do: 'confirm',
      jobUuids: ['job', 'other'],
    });
  });

  test('cooks that may have created a job are counted from what was sent and answered', () => {
    expect(unansweredCooks(entry())).toBe(0);
    expect(unansweredCooks(entry({ jobs: [] }))).toBe(1);
    expect(unansweredCooks(entry({ sends: 4, unsent: 1, refused: 1 }))).toBe(1);
    expect(unansweredCooks(entry({ sends: 0 }))).toBe(0);
  });
});
