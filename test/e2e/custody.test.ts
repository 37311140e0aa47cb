import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, jest, test } from '@jest/globals';
import { startPost, startStep, type StepOptions, type StepResult } from '../runner/step.ts';
import { startSimulator } from '../simulator/server.ts';
import type { RecipeScript, Simulator, SimulatorOptions } from '../simulator/types.ts';
import { until } from '../support/until.ts';

// Two things at once: scenes in which a job was once created twice, or left running, though each
// thing by itself was harmless. On the committed `dist`, over real sockets.

jest.setTimeout(60_000);

const endless: RecipeScript = { name: 'Endless', life: [{ status: 'RUNNING' }] };
const waiting: RecipeScript = { name: 'Waiting', life: [{ status: 'PENDING' }] };
const failing: RecipeScript = {
  name: 'Failing',
  life: [{ status: 'PENDING', forMs: 2_500 }, { status: 'FAILED' }],
};
const hourMs = 3_600_000;

interface Scene {
  readonly recipes?: readonly RecipeScript[];
  readonly simulator?: SimulatorOptions;
  readonly with?: StepOptions['with'];
  readonly env?: StepOptions['env'];
}

function optionsFor(simulator: Simulator, scene: Scene): StepOptions {
  return {
    with: {
      recipes: simulator.recipeUuids.join('\n'),
      'public-key': simulator.publicKey,
      'secret-key': simulator.secretKey,
      'api-url': simulator.url,
      'poll-interval': '1s',
      logs: 'none',
      ...scene.with,
    },
    ...(scene.env && { env: scene.env }),
  };
}

async function open({ recipes = [endless], simulator = {} }: Scene): Promise<Simulator> {
  return startSimulator({ recipes, ...simulator });
}

/** Plays main and post; `during` plays the outside world. */
async function play(
  simulator: Simulator,
  scene: Scene,
  during?: (kill: (signal: NodeJS.Signals) => void) => Promise<void>,
): Promise<{ readonly main: StepResult; readonly post: StepResult }> {
  const options = optionsFor(simulator, scene);
  const step = startStep(options);
  await during?.((signal) => {
    step.process.kill(signal);
  });
  const main = await step.done;
  return { main, post: await startPost(options, main.state).done };
}

const living = (simulator: Simulator) =>
  simulator.jobs().filter(({ status }) => !/^(?:COMPLETED|FAILED|CANCELLED)$/.test(status));

test.concurrent(
  'a clock that is an hour off and five requests under way: in main, in mid-wait and in post',
  async () => {
    const scene: Scene = {
      recipes: [endless, endless, endless, endless, endless],
      simulator: { now: () => Date.now() + hourMs },
      with: { 'wait-until': 'running', 'on-job-end': 'cancel' },
    };
    const simulator = await open(scene);
    const { main, post } = await play(simulator, scene);
    await simulator.close();
    expect(main.outputs['result']).toBe('running');
    expect(simulator.jobs()).toHaveLength(5);
    expect(main.log.match(/The clock of the runner is wrong/g)).toHaveLength(1);
    expect(post.log.match(/The clock of the runner is wrong/g)).toHaveLength(1);
    expect(living(simulator)).toEqual([]);
  },
);

test.concurrent(
  'a service that wants raw UTF-8, and several bodies that are none of ASCII',
  async () => {
    const scene: Scene = {
      recipes: [endless, endless, endless],
      simulator: { rawUtf8Signing: true },
      with: { title: 'Größe 夜', wait: 'false' },
    };
    const simulator = await open(scene);
    const { main } = await play(simulator, scene);
    await simulator.close();
    expect(main.outputs['result']).toBe('submitted');
    expect(simulator.jobs().map(({ title }) => title)).toEqual([
      'Größe 夜',
      'Größe 夜',
      'Größe 夜',
    ]);
  },
);

// Of a step that is killed outright, the outputs say what was true until then.
test.concurrent.each([
  ['SIGINT', 'cancelled'],
  ['SIGKILL', 'error'],
] as const)('forty jobs that are not waited for, and %s half-way', async (signal, result) => {
  const scene: Scene = {
    recipes: Array.from({ length: 40 }, () => endless),
    simulator: { faults: [{ method: 'POST', times: 40, kind: { type: 'delay', forMs: 100 } }] },
    with: { wait: 'false' },
  };
  const simulator = await open(scene);
  const { main } = await play(simulator, scene, async (kill) => {
    await until(() => simulator.jobs().length >= 20);
    kill(signal);
  });
  await simulator.close();
  expect(simulator.jobs().length).toBeLessThan(40);
  expect(living(simulator)).toEqual([]);
  expect(main.outputs['result']).toBe(result);
});

test.concurrent('a job that runs already, and another one that fails with fail-fast', async () => {
  // The first one runs as asked; the second one fails before it was seen to run.
  const scene: Scene = {
    recipes: [endless, failing, waiting],
    with: { 'wait-until': 'running', 'fail-fast': 'true', timeout: '20s' },
  };
  const simulator = await open(scene);
  const { main } = await play(simulator, scene);
  await simulator.close();
  expect(main.outputs['result']).toBe('failed');
  expect(living(simulator)).toEqual([]);
});

test.concurrent(
  'two steps of one composite action, and a 429: each has its own job, and its post ends no other',
  async () => {
    const scene: Scene = { with: { wait: 'false' } };
    const simulator = await open(scene);
    const first = await play(simulator, scene);
    simulator.inject({ method: 'POST', kind: { type: 'status', status: 429 } });
    const second = await play(simulator, { with: { wait: 'false', 'on-job-end': 'cancel' } });
    await simulator.close();
    expect(simulator.jobs()).toHaveLength(2);
    expect(first.main.outputs['job-uuid']).not.toBe(second.main.outputs['job-uuid']);
    expect(living(simulator).map(({ uuid }) => uuid)).toEqual([first.main.outputs['job-uuid']]);
  },
);

test.concurrent(
  'a proxy that refuses the tunnel is told at once, and post looks for nothing',
  async () => {
    let asked = 0;
    const proxy = createServer();
    proxy.on('connect', (_, socket) => {
      asked += 1;
      socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const { port } = proxy.address() as AddressInfo;
    const simulator = await open({});
    const scene: Scene = {
      with: { 'api-url': 'https://api.dispersed.com' },
      env: { HTTPS_PROXY: `http://127.0.0.1:${port}` },
    };
    const { main, post } = await play(simulator, scene);
    const askedByMain = asked;
    await simulator.close();
    await new Promise((resolve) => proxy.close(resolve));
    expect(main.outputs['result']).toBe('error');
    expect(main.log).toContain('the service cannot be reached');
    expect(main.log).not.toContain('No clear response');
    expect(asked).toBe(askedByMain);
    expect(post.log).toBe('');
  },
  60_000,
);
