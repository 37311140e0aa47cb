import { describe, expect, test } from '@jest/globals';
import { cancel } from '../../src/commands/cancel.ts';
import type { Phase, RecipeScript, Simulator } from '../simulator/types.ts';
import { until } from '../support/until.ts';
import { fastClock } from '../support/deps.ts';
import { withoutTime } from '../support/log-lines.ts';
import { openSimulator, play, playOn, speed, type Play, type Played } from './play.ts';

// The service ends a job that gets no machine after 5 minutes; here it is a minute or two.
const never: readonly Phase[] = [
  { status: 'PENDING', forMs: 60_000 },
  { status: 'FAILED', statusReason: 'No machine was found in time' },
];
const pullFails: readonly Phase[] = [
  { status: 'PENDING', forMs: 8_000 },
  { status: 'ASSIGNED', forMs: 30_000 },
  { status: 'FAILED', statusReason: 'The image could not be pulled' },
];
const works: readonly Phase[] = [
  { status: 'PENDING', forMs: 8_000 },
  { status: 'RUNNING', forMs: 12_000 },
  { status: 'COMPLETED' },
];
const breaks: readonly Phase[] = [
  { status: 'RUNNING', forMs: 12_000 },
  { status: 'FAILED', statusReason: 'Container exited with code 1' },
];
const runs: readonly Phase[] = [{ status: 'PENDING', forMs: 4_000 }, { status: 'RUNNING' }];

const offer = (gpu: string, hourlyRateUsd = 0.69) => ({ gpu, hourlyRateUsd });
const all = [offer('A'), offer('B'), offer('C')];

function recipe(lifeOnGpu: RecipeScript['lifeOnGpu'], change: Partial<RecipeScript> = {}) {
  return { name: 'Render', life: works, ...change, ...(lifeOnGpu && { lifeOnGpu }) };
}

/** Plays a step that asks for A, then B, then C. */
async function playNames(
  lifeOnGpu: RecipeScript['lifeOnGpu'],
  scene: Play & { readonly script?: Partial<RecipeScript> } = {},
): Promise<Played> {
  return play({
    recipes: [recipe(lifeOnGpu, scene.script)],
    ...scene,
    simulator: { offers: all, ...scene.simulator },
    inputs: { 'gpu-name': 'A\nB\nC', ...scene.inputs },
  });
}

const cookedNames = ({ simulator }: Pick<Played, 'simulator'>) =>
  simulator.jobs().map(({ gpu_name: name }) => name);
const errorsOf = ({ main }: Played) => main.annotations.filter(({ level }) => level === 'error');
const jobsOf = ({ main }: Played) =>
  JSON.parse(main.outputs.get('jobs') ?? '[]') as { job_uuid: string; attempts: number }[];
const alive = ({ simulator }: Pick<Played, 'simulator'>) =>
  simulator.jobs().filter(({ status }) => !/^(?:COMPLETED|FAILED|CANCELLED)$/.test(status));

describe('of several models', () => {
  test('the first is cooked where it is on offer', async () => {
    const played = await playNames({});
    expect(cookedNames(played)).toEqual(['A']);
    expect(jobsOf(played)).toMatchObject([{ attempts: 1 }]);
    expect(played.main.outputs.get('result')).toBe('succeeded');
  });

  test('one that is on offer is cooked before the first that is not', async () => {
    const played = await playNames({}, { simulator: { offers: [offer('B'), offer('B', 1.2)] } });
    expect(cookedNames(played)).toEqual(['B']);
    expect(played.main.lines.map(withoutTime)).toContain(
      'no suitable offer for A; asking for B (2 offers match: 0.69 to 1.20 USD an hour)',
    );
  });

  test('a dry run shows the one that is cooked first, with its offers, and names the others', async () => {
    const inputs = { 'dry-run': 'true', 'max-hourly-rate': '1' };
    const simulator = { offers: [offer('B', 4.14), offer('C'), offer('D')] };
    const { main } = await playNames(undefined, { simulator, inputs });
    expect(main.lines).toContain('  |   "gpu_name": "C",');
    expect(main.lines).not.toContain('  |   "gpu_name": "A",');
    expect(main.lines).toContain('  Tried first: C; other models: A, B');
    expect(main.lines).toContain('  1 offer matches: 0.69 USD an hour');
    expect(main.summary()).toContain('Tried first: C; other models: A, B<br>1 offer matches');
    expect(main.outputs.get('result')).toBe('dry-run');
  });

  test('the first is cooked where none is on offer, or offers cannot be read', async () => {
    expect(cookedNames(await playNames({}, { simulator: { offers: [] } }))).toEqual(['A']);
    const kind = { type: 'status', status: 404 } as const;
    const faults = [{ path: '/v1/compute/offers', times: Infinity, kind }];
    expect(cookedNames(await playNames({}, { simulator: { faults } }))).toEqual(['A']);
  });

  test('the next is cooked after one that got no machine, and one whose pull failed', async () => {
    const played = await playNames({ A: never, B: pullFails });
    const { outputs, lines, annotations } = played.main;
    expect(cookedNames(played)).toEqual(['A', 'B', 'C']);
    expect(played.statuses).toEqual(['FAILED', 'FAILED', 'COMPLETED']);
    expect(outputs.get('result')).toBe('succeeded');
    expect(outputs.get('job-uuid')).toBe(played.simulator.jobs()[2]?.uuid);
    expect(jobsOf(played)).toMatchObject([{ attempts: 3 }]);
    const tries = lines.map(withoutTime).filter((line) => line.includes('trying'));
    expect(tries).toEqual([
      expect.stringMatching(
        /^A: no machine within 1m \d\ds; trying B \(1 offer matches: 0\.69 USD an hour\)$/,
      ),
      expect.stringMatching(
        /^B: the container did not start within (?:1m )?\d+s; trying C \(1 offer/,
      ),
    ]);
    expect(annotations).toEqual([]);
  });

  test('of those that are left, one on offer goes first', async () => {
    const played = await playNames(
      { A: never },
      { simulator: { offers: [offer('A'), offer('C')] } },
    );
    expect(cookedNames(played)).toEqual(['A', 'C']);
  });

  test('none is cooked after one whose job ran', async () => {
    const played = await playNames({ A: breaks });
    expect(cookedNames(played)).toEqual(['A']);
    expect(played.main.outputs.get('result')).toBe('failed');
  });

  const queued: readonly Phase[] = [{ status: 'PENDING' }];
  const pulls: readonly Phase[] = [{ status: 'PENDING', forMs: 1_000 }, { status: 'PREPARING' }];
  const byPerson = async (simulator: Simulator, uuid: string) => {
    simulator.cancelJob(uuid, 'not needed');
  };
  const byCancelAction = async (simulator: Simulator, uuid: string) => {
    const inputs = { recipes: '', 'job-uuids': uuid, reason: 'the nightly timed out' };
    await playOn(simulator, { command: cancel, inputs, withPost: false });
  };
  test.each([
    { by: byPerson, life: queued, afterMs: 5_000 },
    { by: byPerson, life: queued, afterMs: 285_000 },
    { by: byPerson, life: pulls, afterMs: 285_000 },
    { by: byCancelAction, life: queued, afterMs: 5_000 },
    { by: byCancelAction, life: queued, afterMs: 285_000 },
    { by: byCancelAction, life: pulls, afterMs: 285_000 },
  ])('none is cooked after a job that others cancelled (%#)', async ({ by, life, afterMs }) => {
    const clock = fastClock(speed);
    const played = await playNames(
      { A: life },
      {
        simulator: { now: clock.now },
        during: async (simulator) => {
          await until(() => {
            const createdAt = simulator.jobs()[0]?.created_at ?? null;
            return createdAt !== null && clock.now() - Date.parse(createdAt) >= afterMs;
          });
          await by(simulator, simulator.jobs()[0]?.uuid ?? '');
        },
      },
    );
    expect(cookedNames(played)).toEqual(['A']);
    expect(played.main.outputs.get('result')).toBe('cancelled');
    expect(played.main.failed()).toBe(true);
  });

  test('the next is cooked after one that the service cancelled at its assign limit', async () => {
    const reason = 'Assign timeout exceeded';
    const life = [
      { status: 'PENDING', forMs: 300_000 },
      { status: 'CANCELLED', statusReason: reason },
    ];
    const played = await playNames({ A: life });
    expect(cookedNames(played)).toEqual(['A', 'B']);
    expect(played.main.outputs.get('result')).toBe('succeeded');
  });

  test('all that failed are told of in one error', async () => {
    const played = await playNames({ A: never, B: pullFails, C: never });
    expect(cookedNames(played)).toEqual(['A', 'B', 'C']);
    const errors = errorsOf(played);
    expect(errors).toHaveLength(1);
    expect(errors[0]?.message).toMatch(
      /Tried before: A: no machine within .*; B: the container did not start within .*\./,
    );
    expect(played.main.outputs.get('result')).toBe('failed');
  });

  test('each has a mark and a place in the state of its own', async () => {
    const played = await playNames({ A: never, B: never });
    const descriptions = played.simulator.jobs().map(({ description }) => description);
    expect(new Set(descriptions).size).toBe(3);
    const places = [...played.main.kept.keys()].filter((name) => name.startsWith('entry-'));
    expect(places).toEqual(['entry-0', 'entry-1', 'entry-2']);
  });

  test('the timeout counts over all of them', async () => {
    const played = await playNames({ A: never, B: never }, { inputs: { timeout: '110s' } });
    expect(cookedNames(played)).toEqual(['A', 'B']);
    expect(played.main.outputs.get('result')).toBe('timed-out');
    expect(alive(played)).toEqual([]);
  });

  test('one that is followed by another does not fail the others fast', async () => {
    const simulator = await openSimulator({
      recipes: [recipe({ A: never })],
      simulator: { offers: all },
    });
    const [uuid] = simulator.recipeUuids;
    const recipes = `- {uuid: ${uuid}, gpu_name: [A, B]}\n- {uuid: ${uuid}, gpu_name: C}`;
    const both = await playOn(simulator, { inputs: { recipes, 'fail-fast': 'true' } });
    await simulator.close();
    expect(both.main.outputs.get('result')).toBe('succeeded');
    expect(new Set(cookedNames(both))).toEqual(new Set(['A', 'B', 'C']));
  });

  test('never are two of an entry alive', async () => {
    const simulator = await openSimulator({
      recipes: [recipe({ A: never, B: pullFails })],
      simulator: { offers: all },
    });
    let most = 0;
    const timer = setInterval(() => {
      most = Math.max(most, alive({ simulator }).length);
    }, 2);
    await playOn(simulator, { inputs: { 'gpu-name': 'A\nB\nC' } });
    clearInterval(timer);
    await simulator.close();
    expect(most).toBe(1);
  });

  test('none is cooked after one with a cook in doubt', async () => {
    const fault = {
      method: 'POST',
      times: 1,
      when: 'before' as const,
      kind: { type: 'status' as const, status: 502 },
    };
    const played = await playNames({ A: never }, { simulator: { faults: [fault] } });
    // The second cook was answered; whether the first one created a job stays open.
    expect(cookedNames(played)).toEqual(['A']);
    expect(played.main.outputs.get('result')).toBe('failed');
  });
});

describe('an interrupt leaves nothing', () => {
  const gaps: readonly (readonly [string, (simulator: Simulator) => boolean])[] = [
    ['while the first is queued', (simulator) => simulator.jobs().length === 1],
    ['when the first has just failed', (simulator) => simulator.jobs()[0]?.status === 'FAILED'],
    [
      'when offers are read for the second',
      (simulator) =>
        simulator.requests.filter(({ path }) => path === '/v1/compute/offers').length > 1,
    ],
    ['when the second is cooked', (simulator) => simulator.jobs().length === 2],
    ['when the second runs', (simulator) => simulator.jobs()[1]?.status === 'RUNNING'],
  ];

  test.each(gaps)('%s', async (_, isThere) => {
    const played = await playNames(
      { A: never, B: runs },
      {
        during: async (simulator, interrupt) => {
          await until(() => isThere(simulator));
          interrupt();
        },
      },
    );
    expect(alive(played)).toEqual([]);
    expect(played.main.failed()).toBe(true);
  });

  test.each(gaps)('where main is killed %s', async (_, isThere) => {
    const played = await playNames(
      { A: never, B: runs },
      {
        isKilled: true,
        during: async (simulator) => {
          await until(() => isThere(simulator));
        },
      },
    );
    expect(alive(played)).toEqual([]);
  });
});

describe('a re-run that attaches', () => {
  const attach = { 'gpu-name': 'A\nB\nC', 'on-rerun': 'attach', timeout: '90s' };

  test('takes over the last try, and goes on after it', async () => {
    const simulator = await openSimulator({
      recipes: [
        recipe({ A: never, B: [{ status: 'PENDING', forMs: 120_000 }, { status: 'FAILED' }] }),
      ],
      simulator: { offers: all },
    });
    const first = await playOn(simulator, { inputs: { ...attach, 'on-timeout': 'fail' } });
    expect(first.main.outputs.get('result')).toBe('timed-out');
    expect(cookedNames(first)).toEqual(['A', 'B']);
    const second = await playOn(simulator, {
      inputs: { ...attach, timeout: '10m' },
      env: { GITHUB_RUN_ATTEMPT: '2' },
    });
    await simulator.close();
    expect(second.main.lines.filter((line) => line.includes('  attached'))).toHaveLength(1);
    expect(second.main.outputs.get('result')).toBe('succeeded');
    expect(cookedNames(second)).toEqual(['A', 'B', 'C']);
  });

  test('and is killed leaves neither its own job nor what it has replaced', async () => {
    const restarting: readonly Phase[] = [
      { status: 'FAILED', forMs: 90_000 },
      { status: 'RUNNING', retry: true },
    ];
    const simulator = await openSimulator({
      recipes: [recipe({ B: restarting }, { payload: { max_retry_count: 1 } })],
      simulator: { offers: [offer('B')] },
    });
    await playOn(simulator, { inputs: { ...attach, wait: 'false', timeout: '' } });
    const second = await playOn(simulator, {
      inputs: attach,
      env: { GITHUB_RUN_ATTEMPT: '2' },
      isKilled: true,
      during: async () => {
        // The cancel of the first has been answered.
        await until(
          () => simulator.jobs().length === 2 && simulator.jobs()[0]?.status === 'CANCELLED',
        );
        await until(
          () => simulator.requests.filter(({ path }) => path.startsWith('/v1/jobs')).length > 6,
        );
      },
    });
    await simulator.close();
    expect(cookedNames(second)).toEqual(['B', 'B']);
    const records = [...second.main.kept.keys()].filter((name) => name.startsWith('entry-'));
    expect(records).toEqual(['entry-0', 'entry-1', 'entry-2']);
    expect(second.statuses).toEqual(['CANCELLED', 'CANCELLED']);
  });
});
