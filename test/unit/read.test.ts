import { expect, test } from '@jest/globals';
import { ServiceError } from '../../src/errors.ts';
import { createJobReader } from '../../src/service/read-jobs.ts';
import { fakeClient, never, refused, troubled } from '../support/client.ts';
import { createMadeUpClock } from '../support/clock.ts';
import { fakeJob, uuidNumber } from '../support/outcomes.ts';

/** What a list answers: all it was asked for, all but the last one, or an error. */
type ListAnswer = 'all' | 'lacks one' | ServiceError;

/**
 * Reads so many jobs again and again, the lists answering in this way, the last one for ever.
 * @returns for each look how many were asked for in each list, how many were read singly, and how
 * many answers were errors
 */
async function look(count: number, looks: number, ...answers: readonly ListAnswer[]) {
  let lists: number[] = [];
  let singles = 0;
  let asked = 0;
  const client = fakeClient(createMadeUpClock(), ({ pathname, query }) => {
    if (pathname !== '/v1/jobs') {
      singles += 1;
      return fakeJob({ uuid: pathname.slice('/v1/jobs/'.length) });
    }
    const uuids = query?.['filter[uuid]']?.split(',') ?? [];
    lists.push(uuids.length);
    const answer = answers[Math.min(asked, answers.length - 1)];
    asked += 1;
    if (answer instanceof ServiceError) throw answer;
    const told = answer === 'all' ? uuids : uuids.slice(1);
    return { data: told.map((uuid) => fakeJob({ uuid })) };
  });
  const { read } = createJobReader(client);
  const uuids = Array.from({ length: count }, (_, index) => uuidNumber(index));
  const seen: { lists: number[]; singles: number; errors: number }[] = [];
  for (let turn = 0; turn < looks; turn += 1) {
    [lists, singles] = [[], 0];
    const found = await read(uuids, never);
    expect(found.size).toBe(count);
    const errors = [...found.values()].filter((answer) => answer instanceof ServiceError).length;
    seen.push({ lists, singles, errors });
  }
  return seen;
}

// jobs, lists, singles of one look
test.each([
  [1, [], 1],
  [2, [2], 0],
  [50, [50], 0],
  // One that is left over is read by itself.
  [51, [50], 1],
  [120, [50, 50, 20], 0],
])('%d jobs: lists of %j, and %d singly', async (count, lists, singles) => {
  expect(await look(count, 1, 'all')).toEqual([{ lists, singles, errors: 0 }]);
});

const byList = { lists: [3], singles: 0, errors: 0 };
const failed = { lists: [3], singles: 0, errors: 3 };
const both = { lists: [3], singles: 3, errors: 0 };
const singly = { lists: [], singles: 3, errors: 0 };
const lacking = { lists: [3], singles: 1, errors: 0 };
const times = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value);

test('a list that fails once is tried again', async () => {
  expect(await look(3, 3, refused(503), 'all', refused(503))).toEqual([failed, byList, failed]);
});

test('one that fails twice in a row is left alone for ten looks', async () => {
  const seen = await look(3, 13, refused(503), refused(503), 'all');
  expect(seen).toEqual([failed, both, ...times(9, singly), byList, byList]);
});

test('one that goes on failing is asked more rarely each time, and costs no look', async () => {
  const seen = await look(3, 1_000, refused(503));
  const askedAt = seen.flatMap(({ lists }, at) => (lists.length > 0 ? [at] : []));
  expect(askedAt).toEqual([0, 1, 11, 31, 71, 151, 311, 471, 631, 791, 951]);
  expect(seen.filter(({ errors }) => errors > 0)).toHaveLength(1);
});

test('one that is refused for good is left alone at once', async () => {
  const seen = await look(3, 12, refused(403), 'all');
  expect(seen).toEqual([both, ...times(9, singly), byList, byList]);
});

test('one that lacks a job three times in a row is not asked again', async () => {
  const seen = await look(3, 30, 'lacks one', 'lacks one', 'lacks one', 'all');
  expect(seen).toEqual([...times(3, lacking), ...times(27, singly)]);
});

test('one that catches up is asked on', async () => {
  const answers = ['lacks one', 'lacks one', 'all'] as const;
  const seen = await look(3, 8, ...answers, ...answers, 'all');
  expect(seen).toEqual([lacking, lacking, byList, lacking, lacking, byList, byList, byList]);
});

test('one that is too long is halved', async () => {
  const seen = await look(50, 2, troubled('too-large'), 'all');
  expect(seen).toEqual([
    { lists: [50], singles: 50, errors: 0 },
    { lists: [25, 25], singles: 0, errors: 0 },
  ]);
});

test('one that stays too long is halved down to single jobs', async () => {
  // Room for 50, 25, 12, 6, 3, and then 1.
  const seen = await look(3, 7, troubled('too-large'));
  expect(seen).toEqual([...times(5, both), ...times(2, singly)]);
});
