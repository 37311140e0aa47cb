import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import pLimit from 'p-limit';
import { until } from '../support/until.ts';
import { errorsIn } from '../runner/model.ts';
import { startPost, startStep, type RunningStep, type StepResult } from '../runner/step.ts';
import { startSimulator } from '../simulator/server.ts';
import type { Fault, Simulator } from '../simulator/types.ts';

// The runner's own way to cancel a step, at each stage of it, on the committed bundle.

type Signals = 'cancel' | 'kill';

/** The runner sends SIGINT, SIGTERM 7.5 s later, and kills 2.5 s later; or it just kills. */
async function interrupt(
  { process: child, done }: RunningStep,
  signals: Signals,
): Promise<StepResult> {
  const over = new AbortController();
  const ended = done.finally(() => {
    over.abort();
  });
  const pause = async (ms: number) => delay(ms, undefined, { signal: over.signal }).catch(() => {});
  if (signals === 'cancel') {
    child.kill('SIGINT');
    await pause(7_500);
    child.kill('SIGTERM');
    await pause(2_500);
  }
  child.kill('SIGKILL');
  return ended;
}

interface Stage {
  readonly name: string;
  readonly inputs?: Readonly<Record<string, string>>;
  readonly faults?: readonly Fault[];
  /** Resolves when the step has come so far. */
  readonly reached: (simulator: Simulator, jobCount: number, step: RunningStep) => Promise<void>;
  /** How many jobs come to be, where it is not as many as were ordered. */
  readonly jobs?: 0 | 'any';
}

const cookPath = '/v1/job-recipes/*/cook';
const posts = ({ requests }: Simulator) => requests.filter(({ method }) => method === 'POST');
const reads = ({ requests }: Simulator) =>
  requests.filter(({ path }) => /^\/v1\/(?:jobs|job-runs)/.test(path));
const never = new Promise<void>(() => {});
const hold: Fault = {
  method: 'POST',
  path: cookPath,
  times: Infinity,
  kind: { type: 'hold', until: never },
};

const stages: readonly Stage[] = [
  // Whether its cook leaves before the signal comes is not for us to say.
  { name: 'at once', reached: async (_, __, step) => until(() => step.log() !== ''), jobs: 'any' },
  {
    name: 'before the first cook',
    inputs: { env: 'SHARD=1' },
    faults: [{ method: 'GET', times: Infinity, kind: { type: 'hold', until: never } }],
    reached: async ({ requests }) => until(() => requests.length > 0),
    jobs: 0,
  },
  {
    name: 'while the cook is on its way',
    faults: [
      { method: 'POST', path: cookPath, times: Infinity, kind: { type: 'delay', forMs: 700 } },
    ],
    reached: async (simulator, jobCount) => until(() => posts(simulator).length === jobCount),
  },
  {
    name: 'cook taken, reply held back',
    faults: [hold],
    reached: async (simulator, jobCount) => until(() => simulator.jobs().length === jobCount),
  },
  {
    name: 'while polling',
    // Told of all its jobs, and so of what it knows in its outputs.
    reached: async (simulator, jobCount, step) =>
      until(
        () =>
          step.log().split('  created  ').length > jobCount &&
          reads(simulator).length >= 2 * jobCount,
      ),
  },
  {
    name: 'while a log is fetched',
    faults: [
      {
        method: 'GET',
        path: '/v1/job-runs/*',
        times: Infinity,
        kind: { type: 'hold', until: never },
      },
    ],
    reached: async ({ requests }) =>
      until(() => requests.some(({ path }) => path.startsWith('/v1/job-runs/'))),
  },
  {
    name: 'while the service is down for 4 s',
    reached: async (simulator, jobCount) => {
      await until(() => reads(simulator).length > 0 && posts(simulator).length === jobCount);
      simulator.inject({ kind: { type: 'refuse', forMs: 4_000 } });
    },
  },
  {
    name: 'while the service is down for 12 s',
    reached: async (simulator, jobCount) => {
      await until(() => reads(simulator).length > 0 && posts(simulator).length === jobCount);
      simulator.inject({ kind: { type: 'refuse', forMs: 12_000 } });
    },
  },
];

interface Played {
  readonly main: StepResult;
  readonly post: StepResult;
  readonly running: readonly string[];
  readonly jobs: number;
  readonly cookedAfterwards: number;
}

async function play(stage: Stage, jobCount: number, signals: Signals): Promise<Played> {
  const simulator = await startSimulator({
    recipes: [{ name: 'Endless', life: [{ status: 'RUNNING' }] }],
    faults: stage.faults ?? [],
  });
  const options = {
    with: {
      recipes: Array.from({ length: jobCount }, () => simulator.recipeUuids[0]).join('\n'),
      'public-key': simulator.publicKey,
      'secret-key': simulator.secretKey,
      'api-url': simulator.url,
      'poll-interval': '1s',
      ...stage.inputs,
    },
  };
  const step = startStep(options);
  await stage.reached(simulator, jobCount, step);
  const cookedBefore = posts(simulator).length;
  const main = await interrupt(step, signals);
  const cookedAfterwards = posts(simulator).length - cookedBefore;
  const post = await startPost(options, main.state).done;
  const jobs = simulator.jobs();
  await simulator.close();
  const running = jobs.filter(({ status }) => status !== 'CANCELLED').map(({ uuid }) => uuid);
  return { main, post, running, jobs: jobs.length, cookedAfterwards };
}

const cases = stages.flatMap((stage) =>
  [1, 5].flatMap((jobCount) =>
    (['cancel', 'kill'] as const).map((signals) => ({ stage, jobCount, signals })),
  ),
);

// They mostly wait, each for its own clock. Those that wait the longest, which come last, begin.
const atOnce = pLimit(16);
const played = cases
  .toReversed()
  .map(async ({ stage, jobCount, signals }) => atOnce(async () => play(stage, jobCount, signals)))
  .toReversed();

describe('no job is left running, and none is cooked after the signal', () => {
  test.each(
    cases.map((each, index) => [each.stage.name, each.jobCount, each.signals, index] as const),
  )(
    '%s, %i jobs, %s',
    async (_, jobCount, signals, index) => {
      const { main, post, running, jobs, cookedAfterwards } = await (played[index] ??
        never.then(fail));
      expect(running).toEqual([]);
      const expected = cases[index]?.stage.jobs ?? jobCount;
      const [fewest, most] = expected === 'any' ? [0, jobCount] : [expected, expected];
      expect(cookedAfterwards).toBeLessThanOrEqual(most - fewest);
      expect(jobs).toBeGreaterThanOrEqual(fewest);
      expect(jobs).toBeLessThanOrEqual(most);
      expect(main.exitCode).not.toBe(0);
      expect(post.exitCode).toBe(0);
      if (signals === 'kill' || main.exitCode === null) return;
      expect(main.outputs['result']).toBe('cancelled');
      expect(main.summary).toContain('### 🚫 ');
      expect(errorsIn(main.log)).toHaveLength(jobCount);
    },
    90_000,
  );
});

function fail(): never {
  throw new Error('not played');
}

test('a step that was killed outright has told of its jobs', async () => {
  const index = cases.findIndex(
    ({ stage, jobCount, signals }) =>
      stage.name === 'while polling' && jobCount === 5 && signals === 'kill',
  );
  const { main } = await (played[index] ?? never.then(fail));
  expect(main.exitCode).toBeNull();
  expect(main.outputs['result']).toBe('error');
  const uuids = JSON.parse(main.outputs['job-uuids'] ?? '') as (string | null)[];
  expect(uuids.filter((uuid) => uuid !== null)).toHaveLength(5);
  expect(main.outputs['job-uuid']).toBe(uuids[0]);
}, 90_000);

test('a signal does not keep post from its work', async () => {
  const simulator = await startSimulator({
    recipes: [{ name: 'Endless', life: [{ status: 'RUNNING' }], cancelTakesMs: 1_500 }],
  });
  const options = {
    with: {
      recipes: simulator.recipeUuids.join('\n'),
      'public-key': simulator.publicKey,
      'secret-key': simulator.secretKey,
      'api-url': simulator.url,
    },
  };
  const step = startStep(options);
  await until(() => simulator.jobs().length > 0);
  const main = await interrupt(step, 'kill');
  const post = startPost(options, main.state);
  await until(() => simulator.requests.some(({ method }) => method === 'PUT'));
  post.process.kill('SIGINT');
  post.process.kill('SIGTERM');
  expect((await post.done).exitCode).toBe(0);
  expect(simulator.jobs().map(({ status }) => status)).toEqual(['CANCELLED']);
  await simulator.close();
}, 60_000);
