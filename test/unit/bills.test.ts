import { describe, expect, test } from '@jest/globals';
import { withBills } from '../../src/money/bills.ts';
import { pricedCostOf } from '../../src/money/cost.ts';
import type { Outcome } from '../../src/jobs/records.ts';
import { fakeClient, never, refused, troubled, type SentCall } from '../support/client.ts';
import { createMadeUpClock } from '../support/clock.ts';
import { fakeOutcome, fakeRun, uuidNumber } from '../support/outcomes.ts';

const hour = { started: 0, ended: 3_600 };
const rate = { hourly_rate_usd: 1 };
const uuidsOf = ({ query }: SentCall) => (query?.['filter[job_run_uuid]'] ?? '').split(',');
let lineCount = 0;
const line = (runUuid: string, type: string, usd: number) => ({
  uuid: uuidNumber((lineCount += 1)),
  job_run_uuid: runUuid,
  type,
  amount_usd: usd,
});
const linesOf = (runUuid: string) => [
  line(runUuid, 'AUTHORIZATION', 9),
  line(runUuid, 'CAPTURE', 2),
];

/** Jobs that have ended, of one run each, which took an hour for 1 USD. */
const jobs = (count: number): readonly Outcome[] =>
  Array.from({ length: count }, (_, index) =>
    fakeOutcome({ runs: [fakeRun({ ...rate, uuid: uuidNumber(index + 1) }, hour)] }, {}, hour),
  );

/** A page of a list that has all of these. */
function pageOf(lines: readonly unknown[], { query }: SentCall) {
  const from = (Number(query?.['page']) - 1) * 50;
  return { data: lines.slice(from, from + 50), total: lines.length };
}

/** A ledger in which each run was billed with 2 USD. */
const ledger = (call: SentCall) => pageOf(uuidsOf(call).flatMap(linesOf), call);

async function billed(
  outcomes: readonly Outcome[],
  answer: (call: SentCall) => unknown,
  maxSingleReads?: number,
) {
  const client = fakeClient(createMadeUpClock(), answer);
  const after = await withBills(outcomes, client, never, maxSingleReads);
  const costs = after.map((outcome) => {
    const cost = pricedCostOf(outcome);
    return cost && `${cost.is} ${cost.usd}`;
  });
  return { costs, calls: client.calls.map((call) => uuidsOf(call).length), client };
}

const several = (count: number, cost: string) => Array.from({ length: count }, () => cost);

describe('what was billed', () => {
  test.each([
    [[1, -0.2], 'billed 0.8'],
    // The sign of a bill is documented nowhere.
    [[-1, 0.2], 'billed 0.8'],
    [[1, 0.5], 'billed 1.5'],
    [[1, -1], 'billed 0'],
  ])('captures of %j are %s', async (amounts, cost) => {
    const lines = (uuid: string) => amounts.map((usd) => line(uuid, 'CAPTURE', usd));
    const answer = (call: SentCall) => pageOf(uuidsOf(call).flatMap(lines), call);
    expect((await billed(jobs(1), answer)).costs).toEqual([cost]);
  });

  test('is asked for 24 runs at once, of jobs that have ended', async () => {
    const living = fakeOutcome({ runs: [fakeRun(rate, hour)] }, { status: 'RUNNING' }, hour);
    const { costs, calls } = await billed([...jobs(60), living], ledger);
    expect(costs.slice(0, 60)).toEqual(several(60, 'billed 2'));
    expect(calls).toEqual([24, 24, 12]);
  });

  test.each<[string, (call: SentCall) => unknown]>([
    [
      'refuses',
      () => {
        throw refused(400);
      },
    ],
    ['finds nothing for', () => ({ data: [], total: 0 })],
  ])(
    'is asked for one by one where the ledger %s several, the oldest only',
    async (_, answerSeveral) => {
      const answer = (call: SentCall) =>
        uuidsOf(call).length > 1 ? answerSeveral(call) : ledger(call);
      const { costs, calls } = await billed(jobs(60), answer, 20);
      expect(costs).toEqual([
        // The oldest one has told that the others are worth asking for.
        ...several(21, 'billed 2'),
        ...several(39, 'estimated 1'),
      ]);
      expect(calls.filter((count) => count === 1)).toHaveLength(21);
    },
  );

  test('is asked for once more, and no more, where there is no bill yet', async () => {
    const { costs, calls } = await billed(jobs(30), (call) => pageOf([], call));
    expect(costs).toEqual(several(30, 'estimated 1'));
    expect(calls).toEqual([24, 6, 1]);
  });

  test('counts once, though a page repeats what was on the one before', async () => {
    const paid = Array.from({ length: 60 }, () => line(uuidNumber(1), 'CAPTURE', 0.1));
    const shifting = ({ query }: SentCall) => {
      const from = query?.['page'] === '1' ? 0 : 40;
      return { data: paid.slice(from, from + 50), total: 70 };
    };
    expect((await billed(jobs(1), shifting)).costs).toEqual(['billed 6']);
  });

  test('is not known where the list is longer than what is read of it', async () => {
    const [uuid = ''] = jobs(1).flatMap(({ runs }) => runs.map((run) => run.uuid));
    const hourly = (count: number) => (call: SentCall) =>
      pageOf(
        Array.from({ length: count }, () => line(uuid, 'CAPTURE', 0.01)),
        call,
      );
    expect((await billed(jobs(1), hourly(200))).costs).toEqual(['billed 2']);
    expect((await billed(jobs(1), hourly(201))).costs).toEqual(['estimated 1']);
  });

  test('is what was captured for these runs, with whatever sign', async () => {
    const answer = (call: SentCall) =>
      pageOf(
        uuidsOf(call).flatMap((uuid) => [
          line(uuid, 'AUTHORIZATION', 9),
          line(uuid, 'capture', -1.5),
          line(uuid, 'CAPTURE', -0.5),
          line(uuidNumber(99), 'CAPTURE', 7),
        ]),
        call,
      );
    expect((await billed(jobs(2), answer)).costs).toEqual(several(2, 'billed 2'));
  });

  test('is waited for for 10 s at most', async () => {
    const hangs = async ({ signal }: SentCall) =>
      new Promise((_, reject) => {
        signal?.addEventListener('abort', () => {
          reject(troubled('no-answer'));
        });
      });
    const { costs, client } = await billed(jobs(30), hangs);
    expect(costs).toEqual(several(30, 'estimated 1'));
    expect(client.clock.monotonicMs()).toBe(10_000);
  });
});
