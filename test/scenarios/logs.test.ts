import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { until } from '../support/until.ts';
import type { Fault } from '../simulator/types.ts';
import { play, type Played } from './play.ts';
import { withoutTime } from '../support/log-lines.ts';

// Trouble with logs is one warning, and never changes the verdict.

const log = [{ atMs: 0, text: 'a line\n' }];
const talking = {
  name: 'Talking',
  life: [{ status: 'RUNNING', forMs: 30_000, log }, { status: 'COMPLETED' }],
};
const endless = { name: 'Endless', life: [{ status: 'RUNNING', log }] };

const titlesOf = ({ main }: Played) => main.annotations.map(({ title }) => title);
const readsOf = ({ simulator }: Played, path: string) =>
  simulator.requests.filter((each) => each.path.startsWith(path));
const always = (path: string, status: number): Fault => ({
  path,
  times: Infinity,
  kind: { type: 'status', status },
});

describe('a service that gives no logs', () => {
  test.each([
    ['/v1/job-runs', 403],
    ['/v1/job-runs', 500],
    ['/v1/job-runs/*', 404],
    ['/v1/job-runs/*', 401],
    ['/v1/job-runs/*', 503],
  ])('%s: %i', async (path, status) => {
    const played = await play({
      recipes: [talking, talking],
      simulator: { faults: [always(path, status)] },
    });
    expect(played.main.outputs.get('result')).toBe('succeeded');
    expect(titlesOf(played)).toEqual(['A log is incomplete']);
    expect(played.main.failed()).toBe(false);
  });

  test('is not asked again and again where it refuses', async () => {
    const faults = [always('/v1/job-runs', 403)];
    const played = await play({ recipes: [talking], simulator: { faults } });
    // Once while the job ran, once at its end.
    expect(readsOf(played, '/v1/job-runs')).toHaveLength(2);
  });

  test('that hangs with the logs keeps nobody from the status', async () => {
    const faults: Fault[] = [{ path: '/v1/job-runs/*', times: Infinity, kind: { type: 'hang' } }];
    const played = await play({ recipes: [talking], simulator: { faults } });
    expect(played.main.outputs.get('result')).toBe('succeeded');
    expect(titlesOf(played)).toEqual(['A log is incomplete']);
  });

  test('but something nested without end is not waited for', async () => {
    const logs = JSON.parse(`${'['.repeat(1_000)}${']'.repeat(1_000)}`) as unknown;
    const body = { uuid: '0198ac1c-7063-4be8-bb94-57a5bd83548e', status: 'RUNNING', logs };
    const kind = { type: 'other-shape', body } as const;
    const faults: Fault[] = [{ path: '/v1/job-runs/*', times: Infinity, kind }];
    const played = await play({ recipes: [talking], simulator: { faults } });
    expect(played.main.outputs.get('result')).toBe('succeeded');
    expect(titlesOf(played)).toEqual(['A log is incomplete']);
  });

  test('does not keep an interrupted step', async () => {
    const played = await play({
      recipes: [endless],
      simulator: { faults: [{ path: '/v1/job-runs/*', times: Infinity, kind: { type: 'hang' } }] },
      during: async (simulator, interrupt) => {
        await until(() => simulator.requests.some(({ path }) => path.startsWith('/v1/job-runs/')));
        interrupt();
      },
    });
    expect(played.main.outputs.get('result')).toBe('cancelled');
    expect(played.statuses).toEqual(['CANCELLED']);
    expect(titlesOf(played).toSorted()).toEqual([
      'A log is incomplete',
      'Canceled with the workflow: Endless',
    ]);
  });
});

test('with logs: none, the runs are listed once, and trouble with that is nobody’s', async () => {
  const inputs = { logs: 'none' };
  const played = await play({ recipes: [talking], inputs });
  expect(readsOf(played, '/v1/job-runs').map(({ path }) => path)).toEqual(['/v1/job-runs']);
  const faults = [always('/v1/job-runs', 500)];
  const troubled = await play({ recipes: [talking], inputs, simulator: { faults } });
  expect(troubled.main.outputs.get('result')).toBe('succeeded');
  expect(troubled.main.annotations).toEqual([]);
});

test('where no folder can be made, logs and results are there all the same, and one warning', async () => {
  const env = { RUNNER_TEMP: '/dev/null/nowhere' };
  const reporting = {
    name: 'Reporting',
    life: [
      { status: 'RUNNING', forMs: 30_000, log: [{ atMs: 0, text: report }] },
      { status: 'COMPLETED' },
    ],
  };
  const played = await play({ recipes: [reporting, talking], env });
  expect(played.main.outputs.get('result')).toBe('succeeded');
  expect(resultsIn(played)).toEqual({ accuracy: 0.93 });
  const aboutLogs = titlesOf(played).filter((title) => title.includes('log'));
  expect(aboutLogs).toEqual(['A log is incomplete']);
  expect(played.main.outputs.has('logs-path')).toBe(false);
});

describe('logs that take their time', () => {
  const long = {
    name: 'Long',
    life: [{ status: 'RUNNING', forMs: 240_000, log }, { status: 'COMPLETED' }],
  };
  /** Holds the logs back until the jobs were looked at some more; how many were asked for then. */
  const readsMeanwhile = async (jobCount: number) => {
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    const kind = { type: 'hold', until: released } as const;
    let reads = 0;
    const played = await play({
      recipes: Array.from({ length: jobCount }, () => long),
      simulator: { faults: [{ path: '/v1/job-runs/*', times: Infinity, kind }] },
      during: async (simulator) => {
        const count = (path: RegExp) =>
          simulator.requests.filter((each) => path.test(each.path)).length;
        await until(() => count(/^\/v1\/job-runs\//) > 0);
        const looks = count(/^\/v1\/jobs/);
        await until(() => count(/^\/v1\/jobs/) >= looks + 3);
        reads = count(/^\/v1\/job-runs\//);
        release();
      },
    });
    expect(played.main.outputs.get('result')).toBe('succeeded');
    expect(titlesOf(played)).toEqual([]);
    return reads;
  };

  test('are not asked for twice at once, and keep nobody from the status', async () => {
    expect(await readsMeanwhile(1)).toBe(1);
  });

  test('are read four at a time', async () => {
    expect(await readsMeanwhile(6)).toBe(4);
  });
});

test('a log that turns out to be another text is printed after the first, and that is said', async () => {
  const played = await play({
    recipes: [talking],
    during: async (simulator) => {
      await until(() =>
        simulator.requests.some(
          ({ path, status }) => path.startsWith('/v1/job-runs/') && status === 200,
        ),
      );
      const body = { ...simulator.runs()[0], logs: 'quite another text\n' };
      simulator.inject({
        path: '/v1/job-runs/*',
        times: Infinity,
        kind: { type: 'other-shape', body },
      });
    },
  });
  const lines = played.main.lines.map(withoutTime);
  expect(lines.filter((line) => /^(?:\| |the log)/.test(line))).toEqual([
    '| a line',
    'the log starts over; lines shown before are not repeated',
    '| quite another text',
  ]);
  expect(played.main.outputs.get('result')).toBe('succeeded');
});

/** The lines of a container that were printed, without their marks. */
const printedLines = ({ main }: Played) =>
  main.lines.map(withoutTime).flatMap((line) => (line.startsWith('| ') ? [line.slice(2)] : []));
const resultsIn = ({ main }: Played) => JSON.parse(main.outputs.get('results') ?? '') as unknown;
const logFileOf = ({ main }: Played) => {
  const folder = main.outputs.get('logs-path') ?? '';
  return readFileSync(join(folder, `${main.outputs.get('job-uuid')}.log`), 'utf8');
};
const report = 'dispersed-output: {"accuracy": 0.93}\n';

describe('lines that come after the end of the job', () => {
  const inputs = { 'poll-interval': '1s' };
  const later = (status: string, text: string) => ({
    name: 'Late',
    life: [
      { status: 'RUNNING', forMs: 10_000, log },
      { status, log: [{ atMs: 2_500, text }] },
    ],
  });

  test('are printed, and the traceback is in the annotation', async () => {
    const late = later('FAILED', 'ValueError: the last line\n');
    const played = await play({ recipes: [late], inputs });
    expect(printedLines(played)).toEqual(['a line', 'ValueError: the last line']);
    expect(played.main.annotations[0]?.message).toContain('ValueError: the last line');
  });

  test('give their results', async () => {
    const played = await play({ recipes: [later('COMPLETED', report)], inputs });
    expect(resultsIn(played)).toEqual({ accuracy: 0.93 });
  });
});

describe('a log that is rewritten while the job runs', () => {
  test('as a window of 16 KiB: each line once, and its results', async () => {
    const chunk = (number: number) =>
      Array.from(
        { length: 50 },
        (_, line) => `step ${number * 50 + line} ${'.'.repeat(60)}\n`,
      ).join('');
    const chunks = Array.from({ length: 40 }, (_, at) => ({ atMs: at * 1_000, text: chunk(at) }));
    const life = [
      { status: 'RUNNING', forMs: 40_000, log: [...chunks, { atMs: 39_500, text: report }] },
      { status: 'COMPLETED' },
    ];
    const played = await play({ recipes: [{ name: 'Window', life, logWindow: 16 * 1024 }] });
    const lines = printedLines(played).filter((line) => line.startsWith('step'));
    expect(new Set(lines).size).toBe(lines.length);
    expect(lines.length).toBeGreaterThan(500);
    expect(lines.at(-1)).toMatch(/^step 1999 /);
    expect(resultsIn(played)).toEqual({ accuracy: 0.93 });
    expect(titlesOf(played)).toEqual([]);
  });

  test('as a progress bar in place: each state once, and its results', async () => {
    const bar = Array.from({ length: 40 }, (_, at) => ({
      atMs: at * 1_000,
      text: ` ${at}% of all\n`,
      isInPlace: at > 0,
    }));
    const start = { atMs: 0, text: 'Loading\nEpoch 1\n' };
    const life = [
      { status: 'RUNNING', forMs: 40_000, log: [start, ...bar, { atMs: 39_500, text: report }] },
      { status: 'COMPLETED' },
    ];
    const played = await play({ recipes: [{ name: 'Bar', life }] });
    const lines = printedLines(played);
    expect(new Set(lines).size).toBe(lines.length);
    expect(lines.slice(0, 2)).toEqual(['Loading', 'Epoch 1']);
    expect(lines.length).toBeGreaterThan(5);
    expect(played.main.lines.filter((line) => line.includes('starts over'))).toHaveLength(1);
    expect(resultsIn(played)).toEqual({ accuracy: 0.93 });
    expect(logFileOf(played)).toBe(`Loading\nEpoch 1\n 39% of all\n${report}`);
    expect(titlesOf(played)).toEqual([]);
  });
});

test('a run that seems to run on does not hide the end of its job', async () => {
  const recipe = {
    name: 'Odd',
    life: [{ status: 'RUNNING', forMs: 30_000, log }, { status: 'FAILED' }],
  };
  const played = await play({
    recipes: [recipe],
    during: async (simulator) => {
      await until(() => simulator.requests.some(({ path }) => path.startsWith('/v1/job-runs/')));
      const [run] = simulator.runs();
      simulator.inject({
        path: '/v1/job-runs/*',
        times: Infinity,
        kind: { type: 'other-shape', body: { ...run, status: 'RUNNING' } },
      });
    },
  });
  expect(played.main.outputs.get('result')).toBe('failed');
});

describe('a server that is waited for until it runs', () => {
  const nodeUrls = [{ description: 'ssh', hostname: 'a.example', port: 22, protocol: 'ssh' }];
  const server = (laterMs: number, ports: readonly number[] = [80]) => ({
    name: 'Server',
    payload: {
      task: 'PERSISTENT' as const,
      parameters: { type: 'docker' as const, parameters: { image: 'server', ports } },
    },
    life: [
      { status: 'RUNNING', forMs: laterMs },
      { status: 'RUNNING', nodeUrls },
    ],
  });

  test('is left once the ways to it are known', async () => {
    const played = await play({ recipes: [server(12_000)] });
    expect(played.main.outputs.get('result')).toBe('running');
    expect(JSON.parse(played.main.outputs.get('node-urls') ?? '')).toMatchObject(nodeUrls);
    expect(played.main.lines).toContainEqual(
      expect.stringMatching(/ {2}address {4}ssh: ssh -p 22 duser@a\.example$/),
    );
  });

  test('is waited for until the timeout, and runs on without an address', async () => {
    const played = await play({ recipes: [server(1_000_000)], inputs: { timeout: '90s' } });
    const { outputs, annotations, lines } = played.main;
    expect(outputs.get('result')).toBe('running');
    expect(outputs.get('node-urls')).toBe('[]');
    expect(played.statuses).toEqual(['RUNNING']);
    expect(readsOf(played, '/v1/job-runs').length).toBeGreaterThan(3);
    expect(lines.filter((line) => line.includes('waiting for the address'))).toHaveLength(1);
    expect(annotations.map(({ level, title }) => `${level}: ${title}`)).toEqual([
      'warning: A job has no address yet',
    ]);
  });

  test('that ends before it has an address has failed', async () => {
    const { life: _, ...rest } = server(0);
    const life = [{ status: 'RUNNING', forMs: 20_000 }, { status: 'FAILED' }];
    const played = await play({ recipes: [{ ...rest, life }] });
    expect(played.main.outputs.get('result')).toBe('failed');
  });

  test('is not waited for where it has no ports', async () => {
    const played = await play({ recipes: [server(1_000_000, [])] });
    expect(readsOf(played, '/v1/job-runs').length).toBeLessThanOrEqual(2);
  });

  test('is cancelled by an interrupt meanwhile', async () => {
    const played = await play({
      recipes: [server(1_000_000)],
      during: async (simulator, interrupt) => {
        await until(() => simulator.requests.some(({ path }) => path === '/v1/job-runs'));
        interrupt();
      },
    });
    expect(played.main.outputs.get('result')).toBe('cancelled');
    expect(played.statuses).toEqual(['CANCELLED']);
  });
});
