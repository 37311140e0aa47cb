import { describe, expect, test } from '@jest/globals';
import { cancel } from '../../src/commands/cancel.ts';
import { cook } from '../../src/commands/cook.ts';
import { wait } from '../../src/commands/wait.ts';
import { until } from '../support/until.ts';
import type { Simulator } from '../simulator/types.ts';
import {
  completing,
  endless,
  openSimulator,
  play,
  playOn,
  type Play,
  type Played,
} from './play.ts';

const resultOf = ({ main }: Played) => main.outputs.get('result');
const uuidsOf = ({ main }: Played) => JSON.parse(main.outputs.get('job-uuids') ?? '') as string[];
const titlesOf = ({ main, post }: Played) =>
  [...main.annotations, ...post.annotations].map(({ title }) => title);
const interruptWhilePolling: Play['during'] = async (simulator, interrupt) => {
  await until(() => simulator.requests.some(({ path }) => path.startsWith('/v1/jobs/')));
  interrupt();
};

describe('what is to be kept is kept, and what is not is not', () => {
  // inputs, interrupted, result, whether the step fails, status of the job after post
  test.each<[Record<string, string>, boolean, string, boolean, string]>([
    [{ wait: 'false' }, false, 'submitted', false, 'RUNNING'],
    [{ wait: 'false', 'on-job-end': 'cancel' }, false, 'submitted', false, 'CANCELLED'],
    [{ 'wait-until': 'running' }, false, 'running', false, 'RUNNING'],
    [{ 'wait-until': 'running', 'on-job-end': 'cancel' }, false, 'running', false, 'CANCELLED'],
    [{ timeout: '12s' }, false, 'timed-out', true, 'CANCELLED'],
    [{ timeout: '12s', 'on-timeout': 'fail' }, false, 'timed-out', true, 'RUNNING'],
    [{ timeout: '12s', 'on-timeout': 'detach' }, false, 'detached', false, 'RUNNING'],
    [
      { timeout: '12s', 'on-timeout': 'detach', 'on-job-end': 'cancel' },
      false,
      'detached',
      false,
      'CANCELLED',
    ],
    [{}, true, 'cancelled', true, 'CANCELLED'],
    [{ 'on-workflow-cancel': 'detach' }, true, 'detached', true, 'RUNNING'],
    [
      { 'on-workflow-cancel': 'detach', 'on-job-end': 'cancel' },
      true,
      'detached',
      true,
      'CANCELLED',
    ],
  ])('%j, interrupted: %p → %s', async (inputs, interrupted, result, fails, status) => {
    const played = await play({
      recipes: [endless],
      inputs,
      ...(interrupted && { during: interruptWhilePolling }),
    });
    expect(resultOf(played)).toBe(result);
    expect(played.main.failed()).toBe(fails);
    expect(played.post.failed()).toBe(false);
    expect(played.statuses).toEqual([status]);
    expect(played.main.annotations.filter(({ level }) => level === 'error')).toHaveLength(
      fails ? 1 : 0,
    );
  });

  test('post has nothing to say and nothing to send where all has ended', async () => {
    const played = await play({ recipes: [completing] });
    expect(played.post.lines).toEqual([]);
    expect(played.simulator.requests.filter(({ method }) => method === 'PUT')).toEqual([]);
  });

  test('a fault of our own loses sight of no job', async () => {
    let isBroken = true;
    const played = await play({
      recipes: [completing],
      command: async (deps) =>
        cook({
          ...deps,
          runner: {
            ...deps.runner,
            // A line that cannot be printed is something that nothing reckons with.
            print: (line) => {
              if (!isBroken || !line.endsWith('  running')) {
                deps.runner.print(line);
                return;
              }
              isBroken = false;
              throw new Error('no print');
            },
          },
        }),
    });
    expect(isBroken).toBe(false);
    expect(resultOf(played)).toBe('error');
    expect(uuidsOf(played)).toEqual(played.simulator.jobs().map(({ uuid }) => uuid));
    expect(played.statuses).toEqual(['CANCELLED']);
  });

  test('a second interrupt makes nothing worse', async () => {
    const played = await play({
      recipes: [endless],
      during: async (simulator, interrupt) => {
        await interruptWhilePolling(simulator, interrupt);
        interrupt();
      },
    });
    expect(played.simulator.requests.filter(({ method }) => method === 'PUT')).toHaveLength(1);
    expect(played.statuses).toEqual(['CANCELLED']);
  });

  test('a job that ignores its cancel is told of', async () => {
    const played = await play({
      recipes: [{ ...endless, cancelIgnored: true }],
      inputs: { timeout: '12s' },
    });
    expect(resultOf(played)).toBe('timed-out');
    expect(titlesOf(played)).toEqual([
      // Main and post: each tells it once.
      'A job could not be canceled',
      'Timed out: Endless',
      'A job could not be canceled',
    ]);
    expect(played.main.summary()).toContain('<b>May still be running, and billed</b>');
  });

  test('the saved state holds ids and keys, never secrets', async () => {
    const { main, simulator } = await play({ inputs: { env: 'TOKEN=hidden-in-env' } });
    const state = JSON.stringify([...main.kept]);
    expect(state).not.toContain(simulator.secretKey);
    expect(state).not.toContain('hidden');
  });
});

test('a job that failed and is cancelled, lest it be started once more, is told as failed', async () => {
  const recipe = {
    name: 'Failing',
    payload: { max_retry_count: 1 },
    life: [
      { status: 'RUNNING', forMs: 2_000 },
      { status: 'FAILED', statusReason: 'Out of memory', forMs: 600_000 },
      { status: 'RUNNING', retry: true },
    ],
  };
  const { main, simulator } = await play({ recipes: [recipe] });
  expect(simulator.jobs().map(({ status }) => status)).toEqual(['CANCELLED']);
  expect(main.outputs.get('result')).toBe('failed');
  expect(main.outputs.get('status-reason')).toBe('Out of memory');
  expect(main.annotations.map(({ message }) => message).join()).toContain('Out of memory');
});

describe('on-rerun: attach', () => {
  const attempt = (number: number) => ({ GITHUB_RUN_ATTEMPT: String(number) });
  const attach = { 'on-rerun': 'attach' };
  const failing = {
    name: 'Broken',
    life: [{ status: 'RUNNING', forMs: 4_000 }, { status: 'FAILED' }],
  };

  async function playTwice(scene: Play, second: Play): Promise<[Played, Played, Simulator]> {
    const simulator = await openSimulator(scene);
    const first = await playOn(simulator, { ...scene, env: attempt(1) });
    const again = await playOn(simulator, { ...scene, ...second, env: attempt(2) });
    await simulator.close();
    return [first, again, simulator];
  }

  test('takes over what completed, cooks what failed', async () => {
    const [first, again, simulator] = await playTwice(
      { recipes: [completing, failing] },
      { inputs: attach },
    );
    expect(simulator.jobs()).toHaveLength(3);
    expect(uuidsOf(again)[0]).toBe(uuidsOf(first)[0]);
    expect(uuidsOf(again)[1]).not.toBe(uuidsOf(first)[1]);
    expect(again.main.lines.filter((line) => line.includes('  attached'))).toHaveLength(1);
    expect(again.main.summary()).toContain('earlier attempt');
  });

  test('takes over what still runs, and owns it', async () => {
    const [first, again, simulator] = await playTwice(
      { recipes: [endless], inputs: { wait: 'false' } },
      { inputs: { ...attach, timeout: '12s' } },
    );
    expect(uuidsOf(again)).toEqual(uuidsOf(first));
    expect(simulator.jobs().map(({ status }) => status)).toEqual(['CANCELLED']);
  });

  test('cooks what an earlier attempt has cancelled', async () => {
    const scene = { recipes: [endless], inputs: { timeout: '12s' } };
    const [, , simulator] = await playTwice(scene, { inputs: { ...attach, timeout: '12s' } });
    expect(simulator.jobs()).toHaveLength(2);
  });

  test('cancels what shows FAILED and may restart beside what is cooked anew', async () => {
    const restarting = {
      name: 'Restarting',
      payload: { max_retry_count: 1 },
      life: [
        { status: 'FAILED', forMs: 60_000 },
        { status: 'RUNNING', retry: true },
      ],
    };
    const [first, again, simulator] = await playTwice(
      { recipes: [restarting], inputs: { wait: 'false' } },
      { inputs: { ...attach, wait: 'false' } },
    );
    const [earlier, anew] = simulator.jobs();
    expect([earlier?.uuid, anew?.uuid]).toEqual([uuidsOf(first)[0], uuidsOf(again)[0]]);
    expect([earlier?.status, anew?.status]).toEqual(['CANCELLED', 'FAILED']);
    expect(again.main.lines.join('\n')).toMatch(
      new RegExp(`canceling  it failed.* \\(job ${earlier?.uuid}\\)`),
    );
  });

  test('keeps what it replaces apart from what it cooks, whichever model that is', async () => {
    const recipe = {
      name: 'Restarting',
      payload: { max_retry_count: 1 },
      life: [
        { status: 'FAILED', forMs: 60_000 },
        { status: 'RUNNING', retry: true },
      ],
    };
    const inputs = { wait: 'false', 'gpu-name': 'RTX 9999\nRTX 4090' };
    const [first, again] = await playTwice(
      { recipes: [recipe], inputs },
      { inputs: { ...attach, ...inputs } },
    );
    const jobsOf = (name: string) =>
      (
        JSON.parse(again.main.kept.get(name) ?? '{}') as { jobs?: readonly { uuid: string }[] }
      ).jobs?.map(({ uuid }) => uuid);
    expect(jobsOf('entry-1')).toEqual(uuidsOf(again));
    expect(jobsOf('entry-2')).toEqual(uuidsOf(first));
  });

  test('tells what it has taken over, and cancels, as over budget', async () => {
    const recipe = { name: 'Train', life: [{ status: 'RUNNING' }], hourlyRateUsd: 2.76 };
    const [, again, simulator] = await playTwice(
      { recipes: [recipe], inputs: { wait: 'false' } },
      // The offers, which are read before anything is cooked, give the rate of the job time.
      { inputs: { ...attach, wait: 'false', 'max-hourly-rate': '0.50' } },
    );
    expect(simulator.jobs().map(({ status }) => status)).toEqual(['CANCELLED']);
    expect([resultOf(again), again.main.failed()]).toEqual(['over-budget', true]);
  });

  test('is not the default: a re-run cooks anew', async () => {
    const [, , simulator] = await playTwice({ recipes: [completing] }, {});
    expect(simulator.jobs()).toHaveLength(2);
  });

  test('cooks nothing where the earlier jobs cannot be looked for', async () => {
    const simulator = await openSimulator({ simulator: {} });
    simulator.inject({
      method: 'GET',
      path: '/v1/jobs',
      times: Infinity,
      kind: { type: 'status', status: 403 },
    });
    const played = await playOn(simulator, { inputs: attach, env: attempt(2) });
    await simulator.close();
    expect(resultOf(played)).toBe('error');
    expect(simulator.jobs()).toEqual([]);
  });
});

describe('wait', () => {
  const submit = { inputs: { wait: 'false' } };

  async function cookThen(
    recipes: Play['recipes'],
    inputs: Play['inputs'],
    during?: Play['during'],
  ) {
    const simulator = await openSimulator({ ...(recipes && { recipes }) });
    const cooked = await playOn(simulator, submit);
    const played = await playOn(simulator, {
      command: wait,
      inputs: { 'job-uuids': cooked.main.outputs.get('job-uuids') ?? '', ...inputs },
      ...(during && { during }),
    });
    await simulator.close();
    return played;
  }

  test('follows jobs that were cooked before to their ends', async () => {
    const played = await cookThen([completing, completing], {});
    expect(resultOf(played)).toBe('succeeded');
    expect(uuidsOf(played)).toEqual(played.simulator.jobs().map(({ uuid }) => uuid));
    expect(JSON.parse(played.main.outputs.get('jobs') ?? '')).toMatchObject([
      { recipe_uuid: played.simulator.recipeUuids[0], status: 'COMPLETED' },
      { recipe_uuid: played.simulator.recipeUuids[1], status: 'COMPLETED' },
    ]);
  });

  // inputs, interrupted, result, fails, status afterwards
  test.each<[Record<string, string>, boolean, string, boolean, string]>([
    [{ timeout: '12s' }, false, 'timed-out', true, 'RUNNING'],
    [{ timeout: '12s', 'on-timeout': 'detach' }, false, 'detached', false, 'RUNNING'],
    [{ timeout: '12s', 'on-timeout': 'cancel' }, false, 'timed-out', true, 'CANCELLED'],
    [{}, true, 'detached', true, 'RUNNING'],
    [{ 'on-workflow-cancel': 'cancel' }, true, 'cancelled', true, 'CANCELLED'],
    [{ 'wait-until': 'running' }, false, 'running', false, 'RUNNING'],
  ])('%j, interrupted: %p → %s', async (inputs, interrupted, result, fails, status) => {
    const during = async (simulator: Simulator, interrupt: () => void) => {
      const looks = () => simulator.requests.filter(({ path }) => path.startsWith('/v1/jobs/'));
      await until(() => looks().length >= 2);
      interrupt();
    };
    const played = await cookThen([endless], inputs, interrupted ? during : undefined);
    expect(resultOf(played)).toBe(result);
    expect(played.main.failed()).toBe(fails);
    expect(played.statuses).toEqual([status]);
  });

  test('the places of jobs that were never created are passed over', async () => {
    const simulator = await openSimulator({});
    const cooked = await playOn(simulator, {});
    const [uuid] = uuidsOf(cooked);
    const inputs = { 'job-uuids': JSON.stringify([null, uuid]) };
    const played = await playOn(simulator, { command: wait, inputs });
    await simulator.close();
    expect(resultOf(played)).toBe('succeeded');
    expect(uuidsOf(played)).toEqual([uuid]);
  });

  test.each([
    ['', 'RUNNING'],
    ['detach', 'RUNNING'],
    ['cancel', 'CANCELLED'],
  ])(
    'killed outright under on-workflow-cancel %p, post leaves the job %s',
    async (asked, status) => {
      const simulator = await openSimulator({ recipes: [endless] });
      const cooked = await playOn(simulator, submit);
      const before = simulator.requests.length;
      const played = await playOn(simulator, {
        command: wait,
        inputs: { 'job-uuids': uuidsOf(cooked).join(''), 'on-workflow-cancel': asked },
        during: async () => until(() => simulator.requests.length >= before + 2),
        isKilled: true,
      });
      await simulator.close();
      expect(played.statuses).toEqual([status]);
    },
  );

  test('an unknown job is not said to run on where it is to be cancelled', async () => {
    const unknown = '00000000-0000-4000-8000-000000000000';
    const inputs = { 'job-uuids': unknown, 'on-timeout': 'cancel' };
    const played = await cookThen([completing], inputs);
    expect(played.main.annotations.map(({ title }) => title)).toEqual([
      `Could not watch job ${unknown}: not found`,
    ]);
  });

  test('an unknown job is an error that names it, and keeps its place in the outputs', async () => {
    const unknown = '00000000-0000-4000-8000-000000000000';
    const played = await cookThen([completing], { 'job-uuids': unknown });
    expect(resultOf(played)).toBe('error');
    expect(played.main.annotations.map(({ title }) => title)).toEqual([
      `Could not watch job ${unknown}: not found`,
    ]);
    expect(played.main.summary()).toMatch(/^### ⚠️ Job could not be watched\n/);
    expect(played.main.summary()).toContain(`<samp>${unknown}</samp>`);
    expect(uuidsOf(played)).toEqual([unknown]);
  });

  test('a job that reads as missing soon after the first look is not lost', async () => {
    const life = [{ status: 'RUNNING', forMs: 100_000 }, { status: 'COMPLETED' }];
    const simulator = await openSimulator({ recipes: [{ name: 'Render', life }] });
    const cooked = await playOn(simulator, submit);
    const played = await playOn(simulator, {
      command: wait,
      inputs: { 'job-uuids': cooked.main.outputs.get('job-uuid') ?? '' },
      during: async () => {
        await until(() => simulator.requests.some(({ path }) => path.startsWith('/v1/jobs/')));
        const kind = { type: 'status', status: 404 } as const;
        simulator.inject({ method: 'GET', path: '/v1/jobs/*', times: 2, kind });
      },
    });
    await simulator.close();
    expect(resultOf(played)).toBe('succeeded');
  });

  test('a service that tells nothing until the time is up', async () => {
    const simulator = await openSimulator({});
    const cooked = await playOn(simulator, submit);
    simulator.inject({ method: 'GET', times: Infinity, kind: { type: 'status', status: 503 } });
    const inputs = { 'job-uuids': cooked.main.outputs.get('job-uuid') ?? '', timeout: '30s' };
    const played = await playOn(simulator, { command: wait, inputs });
    await simulator.close();
    expect(resultOf(played)).toBe('timed-out');
    expect(played.main.annotations).toHaveLength(1);
  });
});

describe('cancel', () => {
  test('cancels what lives, and minds nothing that has ended', async () => {
    const simulator = await openSimulator({ recipes: [endless, completing] });
    const cooked = await playOn(simulator, {
      inputs: { 'wait-until': 'completed', timeout: '40s', 'on-timeout': 'detach' },
    });
    const inputs = { 'job-uuids': uuidsOf(cooked).join('\n'), reason: 'no longer needed' };
    const played = await playOn(simulator, { command: cancel, inputs });
    await simulator.close();
    expect(played.main.failed()).toBe(false);
    expect(played.main.annotations).toEqual([]);
    expect(played.statuses).toEqual(['CANCELLED', 'COMPLETED']);
    expect(resultOf(played)).toBe('cancelled');
    expect(simulator.jobs()[0]?.status_reason).toBe('GitHub Actions: no longer needed');
    // What was asked for needs no reason, nor anything that helps.
    expect(played.main.summary()).not.toContain('How to fix:');
  });

  test('a service that refuses to cancel an ended job is no error either', async () => {
    const simulator = await openSimulator({ recipes: [completing] });
    const cooked = await playOn(simulator, {});
    simulator.inject({ method: 'PUT', kind: { type: 'status', status: 409 } });
    const inputs = { 'job-uuids': uuidsOf(cooked).join('\n') };
    const played = await playOn(simulator, { command: cancel, inputs });
    await simulator.close();
    expect(played.main.failed()).toBe(false);
    expect(resultOf(played)).toBe('succeeded');
  });

  test('a job that has failed, and may be restarted, is told as failed, with a warning', async () => {
    const life = [{ status: 'RUNNING', forMs: 4_000 }, { status: 'FAILED' }];
    const recipe = { name: 'Broken', payload: { max_retry_count: 2 }, life };
    const simulator = await openSimulator({ recipes: [recipe] });
    const cooked = await playOn(simulator, { inputs: { wait: 'false' } });
    await until(() => simulator.jobs()[0]?.status === 'FAILED');
    const inputs = { 'job-uuids': uuidsOf(cooked).join('\n') };
    const played = await playOn(simulator, { command: cancel, inputs });
    await simulator.close();
    expect([played.main.failed(), resultOf(played)]).toEqual([false, 'failed']);
    expect(played.main.annotations.map(({ title }) => title)).toEqual([
      'A canceled job has not ended yet',
    ]);
  });

  test.each([
    ['refused', 'access denied'],
    ['ignored', 'it has not ended'],
  ])('a job whose cancel is %s fails the step', async (how, why) => {
    const recipes = [{ ...endless, cancelIgnored: how === 'ignored' }];
    const simulator = await openSimulator({ recipes });
    const cooked = await playOn(simulator, { inputs: { wait: 'false' } });
    if (how === 'refused')
      simulator.inject({ method: 'PUT', times: Infinity, kind: { type: 'status', status: 403 } });
    const inputs = { 'job-uuids': uuidsOf(cooked).join('\n') };
    const played = await playOn(simulator, { command: cancel, inputs });
    await simulator.close();
    expect(played.main.failed()).toBe(true);
    // All of it is in one error.
    expect(played.main.annotations.map(({ title }) => title)).toEqual([
      `Could not cancel job ${uuidsOf(cooked)[0]}: ${why}`,
    ]);
    expect(played.main.summary()).toMatch(/^### .* could not be canceled\n\n<p>.*How to fix:/);
  });
});

test.each(['interrupt', 'timeout'])('a full disk keeps no %s from ending the jobs', async (end) => {
  let isFull = false;
  const { main, statuses } = await play({
    recipes: [endless, endless],
    inputs: { timeout: '2m' },
    withPost: false,
    command: async (deps) =>
      cook({
        ...deps,
        runner: {
          ...deps.runner,
          saveState: (name, value) => {
            if (isFull) throw new Error('ENOSPC: no space left on device, write');
            deps.runner.saveState(name, value);
          },
        },
      }),
    during: async (simulator, interrupt) => {
      await until(() => simulator.jobs().length === 2);
      await until(() => simulator.requests.some(({ path }) => path === '/v1/jobs'));
      isFull = true;
      if (end === 'interrupt') interrupt();
    },
  });
  expect(statuses).toEqual(['CANCELLED', 'CANCELLED']);
  // Post does not know what became of them, so the step must not pass.
  expect(main.failed()).toBe(true);
  expect(main.annotations.map(({ title }) => title)).toContain('The disk of the runner is full');
});
