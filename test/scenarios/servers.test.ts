import { describe, expect, test } from '@jest/globals';
import { startApp, type App, type AppOptions } from '../simulator/app.ts';
import type { RecipeScript, Simulator } from '../simulator/types.ts';
import { play, type Play, type Played } from './play.ts';
import { withoutTime } from '../support/log-lines.ts';

function serverOf(app: App, change: Partial<RecipeScript> = {}): RecipeScript {
  const container = { image: 'server', ports: [22, 8080] };
  return {
    name: 'Server',
    payload: {
      task: 'PERSISTENT',
      parameters: { type: 'docker', parameters: container },
    },
    life: [
      { status: 'PENDING', forMs: 4_000 },
      { status: 'RUNNING', forMs: 8_000, log: [{ atMs: 0, text: 'Loading the model\n' }] },
      { status: 'RUNNING', nodeUrls: [app.nodeUrl] },
    ],
    ...change,
  };
}

/** Plays a step on a server whose application is really there. */
async function playServer(
  options: AppOptions,
  scene: Play & { readonly script?: Partial<RecipeScript> } = {},
): Promise<Played & { readonly app: App }> {
  const known: { simulator?: Simulator } = {};
  const token = () => known.simulator?.runs().at(-1)?.container_access_tokens[0]?.token;
  const app = await startApp({ token, ...options });
  const { script, ...rest } = scene;
  try {
    const played = await play({
      recipes: [serverOf(app, script)],
      ...rest,
      inputs: { 'ready-check': '8080/health?full=1', timeout: '5m', ...rest.inputs },
      during: async (simulator, interrupt) => {
        known.simulator = simulator;
        await rest.during?.(simulator, interrupt);
      },
    });
    return { ...played, app };
  } finally {
    await app.close();
  }
}

const errorsOf = ({ main }: Played) => main.annotations.filter(({ level }) => level === 'error');
const tokenOf = ({ simulator }: Played) =>
  simulator.runs().at(-1)?.container_access_tokens[0]?.token ?? 'none';

describe('a server with a ready-check', () => {
  test('is left when it answers, with its url and its token', async () => {
    const played = await playServer({ notReadyFor: 3 });
    const { main, app, statuses } = played;
    expect(main.outputs.get('result')).toBe('running');
    expect(statuses).toEqual(['RUNNING']);
    expect(app.answers).toEqual([
      'GET /health?full=1 502',
      'GET /health?full=1 502',
      'GET /health?full=1 502',
      'GET /health?full=1 200',
    ]);
    expect(main.outputs.get('url')).toBe(`http://127.0.0.1:${app.nodeUrl.port}`);
    expect(main.outputs.get('access-token')).toBe(tokenOf(played));
    expect(main.masked).toContain(tokenOf(played));
    expect(main.lines.map(withoutTime).filter((line) => line.startsWith('not ready'))).toEqual([
      'not ready  ready-check 8080/health?full=1: HTTP 502',
    ]);
    expect(main.annotations).toEqual([]);
  });

  test('is asked at most once in 2 s', async () => {
    const { app } = await playServer({ notReadyFor: 5 });
    const tookMs = (app.cameAtMs.at(-1) ?? 0) - (app.cameAtMs[0] ?? 0);
    // The clock of the action goes 100 times faster than the wall's; the first may be slow to arrive.
    expect(app.answers).toHaveLength(6);
    expect(tookMs).toBeGreaterThanOrEqual(5 * 20 - 10);
  });

  test('its token is nowhere else', async () => {
    const played = await playServer({ notReadyFor: 1 });
    const { lines, annotations, outputs, kept, summary } = played.main;
    const { 'access-token': token = '', ...others } = Object.fromEntries(outputs);
    const texts = JSON.stringify([lines, annotations, others, [...kept], summary()]);
    expect(token).not.toBe('');
    expect(texts).not.toContain(token);
    expect(texts).not.toContain('cat_sim_');
  });

  test('without a token is asked without one', async () => {
    const played = await playServer({ token: undefined }, { script: { accessTokens: false } });
    expect(played.main.outputs.get('result')).toBe('running');
    expect(played.main.outputs.has('access-token')).toBe(false);
  });

  test('that redirects is ready, and the redirect is not followed', async () => {
    const { main, app } = await playServer({ status: 302, location: '/elsewhere' });
    expect(main.outputs.get('result')).toBe('running');
    expect(app.answers).toEqual(['GET /health?full=1 302']);
  });

  test('whose answer has no end is ready', async () => {
    const { main } = await playServer({ isEndless: true });
    expect(main.outputs.get('result')).toBe('running');
  });

  test('that never answers well times out, is cancelled, and its last answer is told', async () => {
    const played = await playServer({ notReadyFor: Infinity }, { inputs: { timeout: '60s' } });
    expect(played.main.outputs.get('result')).toBe('timed-out');
    expect(played.statuses).toEqual(['CANCELLED']);
    expect(errorsOf(played)).toHaveLength(1);
    expect(errorsOf(played)[0]?.message).toMatch(
      /For the last (?:3|4|5)\d*s, the ready-check 8080\/health\?full=1 failed: HTTP 502\./,
    );
  });

  test('whose port is not among the addresses is not asked', async () => {
    const played = await playServer({ port: 9000 }, { inputs: { timeout: '40s' } });
    expect(played.app.answers).toEqual([]);
    expect(errorsOf(played)[0]?.message).toContain('the job has no address for port 8080 yet.');
  });

  test('that reports no address times out, and that is said', async () => {
    const life = [{ status: 'RUNNING' }];
    const { main } = await playServer({}, { script: { life }, inputs: { timeout: '40s' } });
    expect(main.outputs.get('message')).toMatch(
      /the ready-check 8080\/health\?full=1 failed: the job has no address for port 8080 yet\./,
    );
    expect(main.lines.map(withoutTime).filter((line) => line.startsWith('not ready'))).toEqual([]);
  });

  test('that ends with success before it is ready has failed', async () => {
    const life = [{ status: 'RUNNING', forMs: 20_000 }, { status: 'COMPLETED' }];
    const played = await playServer({ notReadyFor: Infinity }, { script: { life } });
    expect([played.main.failed(), played.main.outputs.get('result')]).toEqual([true, 'failed']);
    expect(errorsOf(played).map(({ title }) => title)).toEqual(['Not ready: Server']);
  });

  test('that ends while it is waited for has failed', async () => {
    const life = [
      { status: 'RUNNING', forMs: 20_000 },
      { status: 'FAILED', statusReason: 'Container exited with code 1' },
    ];
    const played = await playServer({}, { script: { life } });
    expect(played.main.outputs.get('result')).toBe('failed');
  });

  test('is cancelled with the workflow while it is waited for', async () => {
    const played = await playServer(
      { notReadyFor: Infinity },
      {
        during: async (_, interrupt) => {
          await new Promise((resolve) => setTimeout(resolve, 300));
          interrupt();
        },
      },
    );
    expect(played.statuses).toEqual(['CANCELLED']);
  });

  test('a batch job is a server too where that is asked for', async () => {
    const { app, main } = await playServer(
      {},
      {
        inputs: { 'wait-until': 'ready' },
        script: {
          payload: {
            parameters: { type: 'docker', parameters: { image: 'server', ports: [22, 8080] } },
          },
        },
      },
    );
    expect(main.outputs.get('result')).toBe('running');
    expect(app.answers).toHaveLength(1);
  });
});

describe('several servers, of which the first ends before the second runs', () => {
  const running: RecipeScript = {
    name: 'First',
    life: [
      { status: 'RUNNING', forMs: 20_000 },
      { status: 'FAILED', statusReason: 'exit code 1' },
    ],
  };
  const late: RecipeScript = {
    name: 'Second',
    life: [{ status: 'PENDING', forMs: 60_000 }, { status: 'RUNNING' }],
  };

  test('it is told as failed once it has had all its runs', async () => {
    const life = [
      { status: 'RUNNING', forMs: 10_000 },
      { status: 'RUNNING', forMs: 10_000, retry: true },
      { status: 'FAILED' },
    ];
    const first = { name: 'First', payload: { max_retry_count: 1 }, life };
    const inputs = { 'wait-until': 'running', timeout: '5m' };
    const { main } = await play({ recipes: [first, late], inputs });
    const jobs = JSON.parse(main.outputs.get('jobs') ?? '') as { readonly result: string }[];
    expect(jobs.map((job) => job.result)).toEqual(['failed', 'running']);
  });

  test.each([
    ['false', 'RUNNING', 'running'],
    ['true', 'CANCELLED', 'cancelled'],
  ])(
    'it is told as it is; with fail-fast %s the second is %s',
    async (failFast, status, result) => {
      const inputs = { 'wait-until': 'running', timeout: '5m', 'fail-fast': failFast };
      const { main, statuses } = await play({ recipes: [running, late], inputs });
      expect(statuses).toEqual(['FAILED', status]);
      const jobs = JSON.parse(main.outputs.get('jobs') ?? '') as { readonly result: string }[];
      expect(jobs.map((job) => job.result)).toEqual(['failed', result]);
      expect(main.failed()).toBe(true);
      expect(main.annotations[0]?.title).toBe('Failed: First');
    },
  );
});

test('a server without a list of ports has those of its image, and its token', async () => {
  const app = await startApp({});
  const parameters = { type: 'docker', parameters: { image: 'server' } } as const;
  const recipe = serverOf(app, { payload: { task: 'PERSISTENT', parameters } });
  const played = await play({ recipes: [recipe] });
  await app.close();
  expect(played.main.outputs.get('result')).toBe('running');
  expect(played.main.outputs.get('url')).toBe(`http://127.0.0.1:${app.nodeUrl.port}`);
  expect(played.main.outputs.get('access-token')).toBe(tokenOf(played));
});

test('the token is that of the first job, as the url is', async () => {
  const app = await startApp({});
  const recipes = [serverOf(app, { accessTokens: false }), serverOf(app)];
  const played = await play({ recipes, inputs: { 'ready-check': '8080/', timeout: '5m' } });
  await app.close();
  expect(played.main.outputs.get('result')).toBe('running');
  expect(played.main.outputs.has('access-token')).toBe(false);
});
