import { expect, test } from '@jest/globals';
import {
  isDuplicate,
  newEntryFacts,
  unansweredCooks,
  withJob,
  withSent,
} from '../../src/custody/facts.ts';
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
