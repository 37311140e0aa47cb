import { expect, test } from '@jest/globals';
import {
  isDuplicate,
  newEntryFacts,
  newStepFacts,
  readSavedState,
  saveEntry,
  savePolicy,
  saveStep,
  unansweredCooks,
  withJob,
  withSent,
} from '../../src/custody/facts.ts';
import { rememberingRunner } from '../runner/in-process.ts';
import { fakeJob } from '../support/outcomes.ts';

const none = newEntryFacts('cook-1-a');
const job = (uuid: string, hasEnded = false) => ({ uuid, hasEnded });

test.each([
  [{}, 0],
  [{ sends: 1 }, 1],
  [{ sends: 3, unsent: 2 }, 1],
  [{ sends: 1, jobs: [job('a')] }, 0],
  [{ sends: 2, jobs: [job('a')] }, 1],
  // Taken over, or given: no cook of ours has created it.
  [{ jobs: [job('a')] }, 0],
])('of %j, so many cooks may have created a job that is not known: %i', (facts, count) => {
  expect(unansweredCooks({ ...none, ...facts })).toBe(count);
});

test('of a job that is known, what is new replaces what was', () => {
  const facts = { ...none, jobs: [job('a'), job('b')] };
  expect(withJob(facts, job('b', true)).jobs).toEqual([job('a'), job('b', true)]);
  expect(withJob(facts, job('c')).jobs).toEqual([job('a'), job('b'), job('c')]);
});

test('the first job of an entry is its own, and the others are duplicates', () => {
  const facts = { ...none, jobs: [job('a'), job('b')] };
  expect(['a', 'b', 'c'].map((uuid) => isDuplicate(facts, uuid))).toEqual([false, true, true]);
  expect(isDuplicate({ ...facts, mark: null }, 'b')).toBe(false);
});

// The service's answer counts for the retries, what was sent for the nodes: it may give fewer.
test.each([
  [{ retries: 2, nodes: 4 }, {}, 0, 4],
  [{ retries: 2, nodes: 4 }, { max_retry_count: null, max_node_count: null }, 2, 4],
  [{ retries: null, nodes: null }, { max_retry_count: 1, max_node_count: 3 }, 1, 3],
])('with %j sent and %j answered, a job has %i retries and %i nodes', (sent, answer, ...counts) => {
  const { max_retry_count: retries, max_node_count: nodes } = withSent(fakeJob(answer), sent);
  expect([retries, nodes]).toEqual(counts);
});

const policy = { onTimeout: 'fail', onWorkflowCancel: 'detach', onJobEnd: 'keep' } as const;
const sent = (sends: number) => ({ ...none, sends });

/** What post reads of what main saved. */
function readAfter(save: (main: ReturnType<typeof rememberingRunner>) => void) {
  const main = rememberingRunner({});
  save(main);
  return readSavedState(rememberingRunner({}, main.kept));
}

test('where nothing was sent, nothing is read', () => {
  expect(readAfter(() => {})).toBeNull();
});

test('each entry is read up to the first that was not saved, and what cannot be read is left out', () => {
  const saved = readAfter((main) => {
    savePolicy(main, policy);
    saveEntry(main, 0, sent(1));
    main.saveState('entry-1', '"x"');
    saveEntry(main, 2, sent(2));
    saveEntry(main, 2, sent(3));
  });
  expect(saved?.entries.map(({ sends }) => sends)).toEqual([1, 3]);
  expect(saved).toMatchObject({ policy, step: newStepFacts, pendingSha: '' });
});

test('the facts of the step are read as they were saved last', () => {
  const last = { ends: ['timeout' as const], hasVerdict: true };
  const saved = readAfter((main) => {
    savePolicy(main, policy);
    saveStep(main, newStepFacts);
    saveStep(main, last);
  });
  expect(saved?.step).toEqual(last);
});

test.each(['', '{}', '"x"', JSON.stringify({ ...sent(1), sends: '2' })])(
  'an entry that was saved as %s is none',
  (text) => {
    const saved = readAfter((main) => {
      savePolicy(main, policy);
      main.saveState('entry-0', text);
    });
    expect(saved?.entries).toEqual([]);
  },
);
