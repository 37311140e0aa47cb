import { setTimeout } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { fastClock } from '../support/deps.ts';
import { until } from '../support/until.ts';
import type { Simulator } from '../simulator/types.ts';
import { completing, endless, play, type Played } from './play.ts';

const resultOf = ({ main }: Played) => main.outputs.get('result');
const repeat = (simulatorRecipe: string, count: number) =>
  Array.from({ length: count }, () => simulatorRecipe).join('\n');
const uuid = '11111111-0000-4000-8000-000000000001';
const broken = {
  name: 'Broken',
  life: [{ status: 'RUNNING', forMs: 6_000 }, { status: 'FAILED' }],
};
const lists = ({ simulator }: Played) =>
  simulator.requests.filter(({ method, path }) => method === 'GET' && path === '/v1/jobs');
const singleReads = ({ simulator }: Played) =>
  simulator.requests.filter(({ method, path }) => method === 'GET' && /^\/v1\/jobs\/./.test(path));

/** How many unfinished jobs there were at most at the same time, by the service's own dates. */
function maxUnfinished({ jobs }: Simulator): number {
  const events = jobs().flatMap(({ created_at: from, completed_at: to }) => [
    { atMs: Date.parse(from), change: 1 },
    { atMs: Date.parse(to ?? ''), change: -1 },
  ]);
  // At the same moment an end comes before a beginning.
  const ordered = events.toSorted((a, b) => a.atMs - b.atMs || a.change - b.change);
  let unfinished = 0;
  return Math.max(...ordered.map(({ change }) => (unfinished += change)));
}

test('120 jobs of one step are read by list, fifty at a time', async () => {
  const played = await play({
    recipes: [{ ...completing, uuid }],
    inputs: { recipes: repeat(uuid, 120) },
  });
  expect(resultOf(played)).toBe('succeeded');
  expect(played.simulator.jobs()).toHaveLength(120);
  expect(new Set(played.simulator.jobs().map(({ description }) => description)).size).toBe(120);
  // A list has three pages of UUIDs; a round or two may be under way while jobs are still cooked.
  expect(lists(played).length).toBeLessThanOrEqual(3 * 12);
  for (const { query } of lists(played)) {
    expect((query['filter[uuid]'] ?? '').split(',').length).toBeLessThanOrEqual(50);
  }
  expect(singleReads(played).length).toBeLessThanOrEqual(10);
});

test('eight jobs are cooked at the same time, and not more', async () => {
  const { promise: until9, resolve: release } = Promise.withResolvers<void>();
  const hold = { method: 'POST', times: 8, kind: { type: 'hold', until: until9 } } as const;
  const cooks = ({ requests }: Simulator) => requests.filter(({ method }) => method === 'POST');
  const played = await play({
    recipes: [{ ...completing, uuid }],
    inputs: { recipes: repeat(uuid, 9), wait: 'false' },
    simulator: { faults: [hold], now: Date.now },
    clock: () => fastClock(1),
    during: async (simulator) => {
      await until(() => cooks(simulator).length >= 8);
      // A ninth would be here by then, and no answer was missed yet.
      await setTimeout(50);
      const last = simulator.requests.slice(-9).map(({ method }) => method);
      expect(last).toEqual(['GET', ...Array.from({ length: 8 }, () => 'POST')]);
      release();
    },
  });
  expect(cooks(played.simulator)).toHaveLength(9);
});

describe('max-parallel', () => {
  test.each([1, 3])('%i is never exceeded', async (most) => {
    const played = await play({
      recipes: [{ ...completing, uuid }],
      inputs: { recipes: repeat(uuid, 8), 'max-parallel': String(most) },
    });
    expect(resultOf(played)).toBe('succeeded');
    expect(played.simulator.jobs()).toHaveLength(8);
    expect(maxUnfinished(played.simulator)).toBe(most);
  });

  test('what was not cooked in time is told so, and not cooked', async () => {
    const played = await play({
      recipes: [{ ...endless, uuid }],
      inputs: { recipes: repeat(uuid, 3), 'max-parallel': '1', timeout: '12s' },
    });
    expect(resultOf(played)).toBe('timed-out');
    expect(played.statuses).toEqual(['CANCELLED']);
    expect(JSON.parse(played.main.outputs.get('job-uuids') ?? '')).toEqual([
      expect.any(String),
      null,
      null,
    ]);
    expect(played.main.annotations.filter(({ level }) => level === 'error')).toHaveLength(3);
  });
});

describe('fail-fast', () => {
  test('the first failure cancels the others, and each is reported', async () => {
    const played = await play({
      recipes: [endless, broken, endless],
      inputs: { 'fail-fast': 'true' },
    });
    expect(resultOf(played)).toBe('failed');
    expect([...played.statuses]).toEqual(['CANCELLED', 'FAILED', 'CANCELLED']);
    const titles = played.main.annotations.map(({ title }) => title);
    expect(titles).toEqual([
      'Failed: Broken',
      'Canceled by fail-fast: Endless',
      'Canceled by fail-fast: Endless',
    ]);
    expect(JSON.parse(played.main.outputs.get('jobs') ?? '')).toMatchObject([
      { result: 'cancelled' },
      { result: 'failed' },
      { result: 'cancelled' },
    ]);
  });

  test('what waits for its turn is not cooked any more', async () => {
    const played = await play({
      recipes: [{ ...broken, uuid }],
      inputs: { recipes: repeat(uuid, 4), 'fail-fast': 'true', 'max-parallel': '1' },
    });
    expect(played.statuses).toEqual(['FAILED']);
    expect(resultOf(played)).toBe('failed');
  });

  test('a recipe that is not there is a failure too', async () => {
    const unknown = '00000000-0000-4000-8000-000000000000';
    const played = await play({
      recipes: [{ ...endless, uuid }],
      inputs: { recipes: [uuid, unknown].join('\n'), 'fail-fast': 'true' },
    });
    expect(resultOf(played)).toBe('error');
    // Whether the other one is cooked before that is known is not for us to say.
    expect(played.statuses.filter((status) => status !== 'CANCELLED')).toEqual([]);
  });

  test('is not the default: the others run to their ends', async () => {
    const played = await play({ recipes: [completing, broken] });
    expect([...played.statuses]).toEqual(['COMPLETED', 'FAILED']);
  });
});

test('a service that answers 429 is looked at less often', async () => {
  const played = await play({
    recipes: [endless],
    inputs: { timeout: '120s', 'on-timeout': 'detach', logs: 'none' },
    during: async (simulator) => {
      await until(() => simulator.jobs().length > 0);
      simulator.inject({ method: 'GET', times: Infinity, kind: { type: 'status', status: 429 } });
    },
  });
  expect(resultOf(played)).toBe('detached');
  // With a poll interval of 4 s there would be thirty.
  expect(singleReads(played).length).toBeLessThanOrEqual(18);
});
