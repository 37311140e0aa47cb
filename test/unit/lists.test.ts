import { expect, test } from '@jest/globals';
import { ServiceError } from '../../src/errors.ts';
import { createHost } from '../../src/service/host.ts';
import { createJobReader } from '../../src/service/lists.ts';
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
  const read = createJobReader(client);
  const uuids = Array.from({ length: count }, (_, index) => uuidNumber(index));
  const seen: { lists: number[]; singles: number; errors: number }[] = [];
  for (let turn = 0; turn < looks; turn += 1) {
    [lists, singles] = [[], 0];
    const found = await read(uuids, never);
    expect(found.size).toBe(count);
    const errors = [...found.values()].filter((answer) => answer instanceof ServiceError).length;
    seen.push({ lists, singles, errors });
    await client.clock.sleep(60_000);
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
const both = { lists: [3], singles: 3, errors: 0 };
const singly = { lists: [], singles: 3, errors: 0 };
const lacking = { lists: [3], singles: 1, errors: 0 };

test.each([refused(503), refused(403), troubled('too-large')])(
  'a list that fails, as with %p, is replaced by single reads for five minutes',
  async (error) => {
    // Looked at every minute.
    const seen = await look(3, 7, error, 'all');
    expect(seen).toEqual([both, singly, singly, singly, singly, byList, byList]);
  },
);

test('what is answered 429 is asked for no more in this look', async () => {
  const limited = { lists: [3], singles: 0, errors: 3 };
  expect(await look(3, 2, refused(429), 'all')).toEqual([limited, byList]);
});

test('a host that hangs, and has never answered, is asked for two minutes, however many jobs', async () => {
  const clock = createMadeUpClock();
  const host = createHost(clock);
  const client = fakeClient(
    clock,
    () => {
      throw host.judge(troubled('no-answer'));
    },
    60_000,
  );
  const uuids = Array.from({ length: 40 }, (_, index) => uuidNumber(index));
  const found = await createJobReader(client)(uuids, never);
  expect([...found.values()]).toEqual(
    uuids.map(() => expect.objectContaining({ isLasting: true })),
  );
  expect(clock.monotonicMs()).toBe(120_000);
});

test('what a list lacks is read singly, and the list is asked on', async () => {
  expect(await look(3, 3, 'lacks one', 'lacks one', 'all')).toEqual([lacking, lacking, byList]);
});

test('a job is given by the UUID that was asked for, in capitals too', async () => {
  const [first, second] = [uuidNumber(10).toUpperCase(), uuidNumber(11)];
  const client = fakeClient(createMadeUpClock(), ({ pathname, query }) => {
    const uuids = query?.['filter[uuid]']?.split(',');
    if (uuids !== undefined) return { data: uuids.map((uuid) => fakeJob({ uuid })) };
    return fakeJob({ uuid: pathname.slice('/v1/jobs/'.length) });
  });
  const found = await createJobReader(client)([first, second], never);
  expect([...found.keys()].toSorted()).toEqual([first, second].toSorted());
});
