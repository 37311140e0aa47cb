import { afterEach, expect, test } from '@jest/globals';
import { createBudget, type Budget } from '../../src/money/budget.ts';
import { noCeilings, type Ceilings } from '../../src/money/ceilings.ts';
import type { OverBudget } from '../../src/jobs/records.ts';
import type { Job } from '../../src/service/schemas.ts';
import { fakeClient, type FakeClient } from '../support/client.ts';
import { createMadeUpClock } from '../support/clock.ts';
import { fakeJob, uuidNumber } from '../support/outcomes.ts';

const startMs = Date.UTC(2026, 5, 1, 3);

interface Told {
  readonly jobUuid: string | null;
  readonly why: OverBudget;
  readonly atMs: number;
}

interface Scene {
  readonly budget: Budget;
  readonly client: FakeClient;
  readonly told: readonly Told[];
}

// What a test leaves open would spin its made-up clock for good.
const ended = new Set<AbortController>();
afterEach(() => {
  for (const controller of ended) controller.abort();
  ended.clear();
});

/** A budget of jobs whose runs are these. */
function open(ceilings: Partial<Ceilings>, runs: (atMs: number) => readonly object[]): Scene {
  const clock = createMadeUpClock(startMs);
  const client = fakeClient(clock, () => ({ data: runs(clock.monotonicMs()) }));
  const told: Told[] = [];
  const over = new AbortController();
  ended.add(over);
  const budget = createBudget(client, { ...noCeilings, ...ceilings }, over.signal);
  void budget.start({
    onOverRate: (jobUuid, why) => {
      told.push({ jobUuid, why, atMs: clock.monotonicMs() });
    },
    onOverCost: (why) => {
      told.push({ jobUuid: null, why, atMs: clock.monotonicMs() });
    },
  });
  return { budget, client, told };
}

const run = (change: object = {}) => ({
  object: 'job_run',
  uuid: uuidNumber(900),
  job_uuid: uuidNumber(1),
  status: 'RUNNING',
  started_at_ms: startMs,
  ended_at_ms: 0,
  duration_ms: 0,
  hourly_rate_usd: 2,
  ...change,
});
const running = fakeJob({ status: 'RUNNING', completed_at: null });

test('max-cost is told of at the last look from which a cancel of 15 s comes in time', async () => {
  const { budget, client, told } = open({ maxCostUsd: 1 }, () => [run()]);
  budget.onLook(running);
  await client.clock.sleep(3_600_000);
  const [{ why, atMs } = { why: null, atMs: 0 }, ...others] = told;
  expect(atMs).toBe(1_800_000 - 16_000);
  expect(why).toMatchObject({ kind: 'cost', ceilingUsd: 1 });
  expect(others).toEqual([]);
});

test('a second job brings it forward', async () => {
  const { budget, client, told } = open({ maxCostUsd: 1 }, () => [run()]);
  budget.onLook(running);
  await client.clock.sleep(600_000);
  budget.onLook({ ...running, uuid: uuidNumber(2) });
  await client.clock.sleep(600_000);
  // Both have run from the start.
  expect(told.map(({ atMs }) => atMs)).toEqual([900_000 - 16_000]);
});

test('a dearer run is told of as soon as its rate shows', async () => {
  const rate = (atMs: number) => (atMs < 40_000 ? {} : { hourly_rate_usd: 4.14 });
  const { budget, client, told } = open({ maxHourlyRateUsd: 0.5 }, (atMs) => [
    { ...run({ hourly_rate_usd: null }), ...rate(atMs) },
  ]);
  for (let looks = 0; looks < 5; looks += 1) {
    budget.onLook(running);
    await client.clock.sleep(20_000);
  }
  const why = { kind: 'rate', amountUsd: 4.14, ceilingUsd: 0.5 };
  expect(told).toEqual([{ jobUuid: running.uuid, why, atMs: 40_000 }]);
  // Once a rate is known, it is read again every minute.
  expect(client.calls.map(({ atMs }) => atMs)).toEqual([0, 20_000, 40_000]);
});

test.each([
  ['0 at first', 0],
  ['lower at first', 0.35],
])('a rate that is %s is read again every minute', async (_, firstUsd) => {
  const { budget, client, told } = open({ maxHourlyRateUsd: 0.5 }, (atMs) => [
    run({ hourly_rate_usd: atMs < 8_000 ? firstUsd : 4.14 }),
  ]);
  for (let looks = 0; looks < 5; looks += 1) {
    budget.onLook(running);
    await client.clock.sleep(20_000);
  }
  const why = { kind: 'rate', amountUsd: 4.14, ceilingUsd: 0.5 };
  expect(told[0]).toMatchObject({ jobUuid: running.uuid, why });
  expect(told[0]?.atMs).toBeLessThanOrEqual(60_000);
  expect(client.calls.length).toBeLessThanOrEqual(3);
});

// what, the job, its runs, when the ceiling of 1 USD is near, in seconds
const run2 = { uuid: uuidNumber(901), started_at_ms: startMs + 600_000 };
test.each<[string, Partial<Job>, readonly object[], number | null]>([
  ['it runs', {}, [run()], 1_800],
  ['it costs less than a dollar an hour', {}, [run({ hourly_rate_usd: 0.8 })], 4_500],
  ['a rate that is not known counts as the ceiling', {}, [run({ hourly_rate_usd: 0 })], 900],
  ['its runs cannot be read', {}, [], 900],
  ['the start of its run is not known', {}, [run({ started_at_ms: 0 })], 1_800],
  ['its run counts its duration up', {}, [run({ duration_ms: 60_000 })], 1_800],
  ['its second run costs more', {}, [run(run2), run({ ended_at_ms: startMs + 600_000 })], 1_800],
  ['on four nodes without addresses', { max_node_count: 4 }, [run()], 450],
  [
    'on four nodes, one of which has told its address',
    { max_node_count: 4 },
    [run({ node_urls: [{ description: '8080', hostname: 'a.example.com', port: 1 }] })],
    450,
  ],
  ['a server costs before it runs', { task: 'PERSISTENT', status: 'ASSIGNED' }, [run()], 1_800],
  ['it waits', { status: 'PENDING' }, [], null],
])('max-cost is near: %s', async (_, change, runs, seconds) => {
  const { budget, client, told } = open({ maxCostUsd: 1, maxHourlyRateUsd: 4 }, () => runs);
  const created_at = new Date(startMs).toISOString();
  const job = { ...running, created_at, started_at: created_at, ...change };
  budget.onLook(job.status === 'RUNNING' ? job : { ...job, started_at: null });
  await client.clock.sleep(7_200_000);
  const costs = told.filter(({ why }) => why.kind === 'cost');
  expect(costs.map(({ atMs }) => atMs)).toEqual(
    seconds === null ? [] : [Math.floor((seconds * 1_000 - 15_000) / 4_000) * 4_000],
  );
});

test('no job is cooked where what remains of max-cost pays for less than a minute of it', async () => {
  const { budget, client } = open({ maxCostUsd: 1 }, () => [run()]);
  budget.onLook(running);
  await client.clock.sleep(0);
  expect(await budget.refusal(2)).toBeNull();
  expect(await budget.refusal(58)).toBeNull();
  expect(await budget.refusal(58.1)).toMatchObject({ kind: 'rest', ceilingUsd: 1 });
});
