import { describe, expect, test } from '@jest/globals';
import type { Phase } from '../simulator/types.ts';
import { until } from '../support/until.ts';
import { life, playAll, type Scenario } from './scenario.ts';

const printed = (text: string) => [{ atMs: 0, text }];
const running = (text: string, more: Partial<Phase> = {}): Phase => ({
  status: 'RUNNING',
  log: printed(text),
  ...more,
});

const good = {
  name: 'Render',
  life: life(
    'PENDING',
    running('Loading scene\n  Frame 1'),
    running(' of 2\nSaving  10%\rSaving 100%\n\u001b[32mdone\u001b[0m\n'),
    running('dispersed-output: {"frames": 1}\ndispersed-output: {"frames": 2, "seed": 7}'),
    'COMPLETED',
  ),
};
const goodLog =
  'Loading scene\n  Frame 1 of 2\nSaving  10%\rSaving 100%\n\u001b[32mdone\u001b[0m\n' +
  'dispersed-output: {"frames": 1}\ndispersed-output: {"frames": 2, "seed": 7}';
const bad = {
  name: 'Train',
  life: life('PENDING', running('epoch 1\nout of memory\n'), {
    status: 'FAILED',
    statusReason: 'exit code 1',
  }),
};
const retried = {
  name: 'Retried',
  payload: { max_retry_count: 1 },
  life: life(
    running('first try\ndispersed-output: {"try": 1, "first": true}'),
    { status: 'FAILED' },
    running('second try\n', { retry: true }),
    running('dispersed-output: {"try": 2}\n'),
    'COMPLETED',
  ),
};
const nodeUrls = [
  { description: 'ssh', hostname: 'node-1.example.net', port: 30_022, protocol: 'ssh' },
  { description: '8080', hostname: 'node-1.example.net', port: 30_080, protocol: 'tcp', tls: true },
  { description: 'ssh', hostname: '-oProxyCommand=evil', port: 22, protocol: 'ssh' },
];
const server = {
  name: 'Server',
  payload: {
    task: 'PERSISTENT',
    parameters: { type: 'docker', parameters: { image: 'server', ports: [8080] } },
  },
  life: life('PENDING', running('Listening\n', { nodeUrls })),
} as const;
const report = 'dispersed-output: {"id": 9007199254740993, "loss": 1e400, "accuracy": 0.930}\n';
const asWritten = '{"id":9007199254740993,"loss":1e400,"accuracy":0.930}';
const late = {
  name: 'Late',
  life: [
    { status: 'RUNNING', forMs: 2_000, log: printed('step 1\n') },
    { status: 'FAILED', log: [{ atMs: 2_000, text: `${report}ValueError: the last line\n` }] },
  ],
};
const stepLine = (number: number) => `step ${number} ${'.'.repeat(60)}\n`;
const steps = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => stepLine(from + index)).join('');
const moving = {
  name: 'Moving',
  logWindow: 16 * 1024,
  life: life(
    ...[0, 100, 200, 700, 800].map((from) => running(steps(from, from + 100))),
    running(report),
    'COMPLETED',
  ),
};
const bar = (percent: number) => [{ atMs: 0, text: ` ${percent}%\n`, isInPlace: percent > 0 }];
const inPlace = {
  name: 'In place',
  life: life(
    running('Epoch 1\n'),
    ...[0, 20, 40, 60, 80].map((percent) => running('', { log: bar(percent) })),
    running(report),
    'COMPLETED',
  ),
};
const endless = { name: 'Endless', life: life('PENDING', running('still at it\n')) };

const scenarios = {
  stream: { recipes: [good] },
  lines: { recipes: [{ ...good, logsAsArray: true }] },
  objects: { recipes: [{ ...good, logsAsArray: 'objects' }] },
  several: { recipes: [good, bad] },
  onFailure: { recipes: [bad], with: { logs: 'on-failure' } },
  onFailureGood: { recipes: [good], with: { logs: 'on-failure' } },
  none: { recipes: [good], with: { logs: 'none' } },
  retried: { recipes: [retried] },
  server: { recipes: [server] },
  late: { recipes: [late], simulator: { now: Date.now } },
  moving: { recipes: [moving] },
  inPlace: { recipes: [inPlace] },
  badResults: {
    recipes: [{ name: 'Odd', life: life(running('dispersed-output: {\n'.repeat(3)), 'COMPLETED') }],
  },
  timedOut: { recipes: [endless], with: { timeout: '8s' } },
  interrupted: {
    recipes: [endless],
    during: async (step, simulator) => {
      await until(() => simulator.requests.some(({ path }) => path.startsWith('/v1/job-runs/')));
      step.process.kill('SIGINT');
    },
  },
} satisfies Record<string, Scenario>;

type Name = keyof typeof scenarios;
const see = playAll(scenarios);

const linesOf = (name: Name) => see(name).transcript.split('\n');
/** The lines of the containers, and those about their logs. */
const shown = (name: Name) =>
  linesOf(name).flatMap(
    (line) => /^<time> {2}((?:#\d {2})?(?:\||run \d|the log).*)/.exec(line)?.[1] ?? [],
  );
const warnings = (name: Name) => linesOf(name).filter((line) => line.startsWith('::warning'));
const runReads = (name: Name) =>
  see(name).requests.filter(({ path }) => path.startsWith('/v1/job-runs/'));

const goodLines = [
  '| Loading scene',
  '|   Frame 1 of 2',
  '| Saving 100%',
  '| done',
  '| dispersed-output: {"frames": 1}',
  '| dispersed-output: {"frames": 2, "seed": 7}',
];

describe('logs', () => {
  test.each(['stream', 'lines', 'objects'] as const)(
    '%s: each line once, as it stood last',
    (name) => {
      expect(shown(name)).toEqual(goodLines);
      expect(Object.values(see(name).logFiles)).toEqual([goodLog]);
      expect(Object.keys(see(name).logFiles)).toEqual([`${see(name).outputs['job-uuid']}.log`]);
    },
  );

  test('come as they are printed, and all of them before the end of the step', () => {
    const lines = linesOf('stream');
    const ended = lines.indexOf('<time>  completed');
    expect(lines.indexOf('<time>  | Loading scene')).toBeLessThan(ended);
    expect(lines.indexOf(`<time>  ${goodLines.at(-1)}`)).toBeGreaterThan(ended);
    expect(lines.indexOf(`<time>  ${goodLines.at(-1)}`)).toBeLessThan(
      lines.indexOf('::endgroup::'),
    );
  });

  test('leave the status to the looks at the job', () => {
    const looks = see('stream').requests.filter(({ path }) => path.startsWith('/v1/jobs/'));
    expect(looks).toHaveLength(good.life.length);
  });

  test('of several jobs say whose they are', () => {
    const lines = shown('several');
    expect(lines.filter((line) => line.startsWith('#1'))).toEqual(
      goodLines.map((line) => `#1  ${line}`),
    );
    expect(lines.filter((line) => line.startsWith('#2'))).toEqual([
      '#2  | epoch 1',
      '#2  | out of memory',
    ]);
    expect(Object.keys(see('several').logFiles)).toHaveLength(2);
  });

  test('on-failure: the end of a failed job, folded, and files all the same', () => {
    const lines = linesOf('onFailure');
    const start = lines.indexOf('::group::Last lines of the log of Train');
    expect(lines.slice(start + 1, start + 4)).toEqual([
      '<time>  | epoch 1',
      '<time>  | out of memory',
      '::endgroup::',
    ]);
    expect(shown('onFailureGood')).toEqual([]);
    expect(Object.values(see('onFailureGood').logFiles)).toEqual([goodLog]);
    expect(JSON.parse(see('onFailureGood').outputs['results'] ?? '')).toEqual({
      frames: 2,
      seed: 7,
    });
  });

  test('none: no log is read', () => {
    expect(shown('none')).toEqual([]);
    expect(runReads('none')).toEqual([]);
    expect(see('none').outputs).not.toHaveProperty('logs-path');
    expect(see('none').outputs['results']).toBe('{}');
  });

  test('of every run, each in a file of its own, told one run after the other', () => {
    const first = ['first try', 'dispersed-output: {"try": 1, "first": true}'];
    const second = ['second try', 'dispersed-output: {"try": 2}'];
    expect(shown('retried')).toEqual([
      ...first.map((line) => `| ${line}`),
      'run 2',
      ...second.map((line) => `| ${line}`),
    ]);
    const uuid = see('retried').outputs['job-uuid'];
    expect(see('retried').logFiles).toEqual({
      [`${uuid}.log`]: first.join('\n'),
      [`${uuid}.2.log`]: `${second.join('\n')}\n`,
    });
    expect(JSON.parse(see('retried').outputs['results'] ?? '')).toEqual({ try: 2 });
  });

  test('that end after their job are read to their end', () => {
    expect(shown('late').at(-1)).toBe('| ValueError: the last line');
    expect(linesOf('late').find((line) => line.startsWith('::error'))).toContain(
      'ValueError: the last line',
    );
  });

  test('that move as a window are printed once', () => {
    const lines = shown('moving').filter((line) => line.includes('step'));
    const expected = [steps(0, 300), steps(700, 900)].join('').trimEnd().split('\n');
    expect(lines).toEqual(expected.map((line) => `| ${line}`));
    expect(Object.values(see('moving').logFiles)).toEqual([
      steps(0, 300) + steps(700, 900) + report,
    ]);
  });

  test('that are rewritten in place are printed once, and kept as they are last', () => {
    expect(shown('inPlace')).toEqual([
      '| Epoch 1',
      '|  0%',
      'the log starts over; lines shown before are not repeated',
      ...[20, 40, 60, 80].map((percent) => `|  ${percent}%`),
      `| ${report.trimEnd()}`,
    ]);
    expect(Object.values(see('inPlace').logFiles)).toEqual([`Epoch 1\n 80%\n${report}`]);
  });

  test.each(['timedOut', 'interrupted'] as const)('%s: what there was is kept', (name) => {
    expect(Object.values(see(name).logFiles)).toEqual(['still at it\n']);
    expect(shown(name)).toEqual(['| still at it']);
    expect(warnings(name)).toEqual([]);
  });
});

describe('results', () => {
  test('of one job are the object', () => {
    expect(see('stream').outputs['results']).toBe('{"frames":2,"seed":7}');
  });

  test.each(['late', 'moving', 'inPlace'] as const)('%s: numbers as they were written', (name) => {
    expect(see(name).outputs['results']).toBe(asWritten);
    expect(see(name).outputs['jobs']).toContain(`"results":${asWritten}`);
    expect(warnings(name)).toEqual([]);
  });

  test('of several jobs are those of the first, and of each in jobs', () => {
    const { outputs } = see('several');
    const first = { frames: 2, seed: 7 };
    expect(JSON.parse(outputs['results'] ?? '')).toEqual(first);
    expect(JSON.parse(outputs['jobs'] ?? '')).toMatchObject([{ results: first }, { results: {} }]);
  });

  test('that are none are one warning', () => {
    expect(warnings('badResults')).toHaveLength(1);
    expect(see('badResults').outputs).toMatchObject({ result: 'succeeded' });
    expect(see('badResults').outputs['results']).toBe('{}');
  });
});

describe('a server', () => {
  test('is shown with the way to it; what is no address is not', () => {
    const lines = linesOf('server');
    expect(lines).toContain('<time>  address    ssh: ssh -p 30022 duser@node-1.example.net');
    expect(lines).toContain('<time>  address    8080: https://node-1.example.net:30080');
    expect(lines.join('\n')).not.toContain('evil');
    expect(see('server').outputs['result']).toBe('running');
  });

  test('has its ways in the outputs', () => {
    const { outputs } = see('server');
    expect(JSON.parse(outputs['node-urls'] ?? '')).toMatchObject(nodeUrls.slice(0, 2));
    expect(outputs['url']).toBe('https://node-1.example.net:30080');
    expect(JSON.parse(outputs['jobs'] ?? '')).toMatchObject([{ node_urls: nodeUrls.slice(0, 2) }]);
  });
});
