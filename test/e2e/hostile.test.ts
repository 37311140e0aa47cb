import { describe, expect, test } from '@jest/globals';
import { findCommands } from '../runner/commands.ts';
import { life, playAll, type Scenario } from './scenario.ts';

// Whatever the service or a container says, on all ways by which it reaches the log of the step:
// the runner finds no command in it but those that are ours.

const names = [
  'set-output name=result',
  'save-state name=jobs',
  'add-mask',
  'add-matcher',
  'error',
  'error file=a.js,line=1,title=T',
  'warning',
  'notice',
  'debug',
  'group',
  'endgroup',
  'stop-commands',
  'set-env name=PATH',
  'add-path',
  'echo',
];
const leads = [
  '',
  'mid-line ',
  ' ',
  '\t',
  '\r',
  'progress\r',
  '\u00a0',
  '\u2028',
  '\u2029',
  '\u0085',
  '\u000b',
  '\f',
  '\u3000',
  '\ufeff',
  '\u200b',
  '\u001b[31m',
  '\u001b]0;t\u0007',
  '\u0000',
];
const commands = names.flatMap((name) => [`::${name}::PWNED`, `##[${name}]PWNED`]);
const hidden = ['#\u200b#[error]PWNED', '#\u001b[0m#[error]PWNED', ':\u0000:error::PWNED'];
const hostile = [...commands, ...hidden].flatMap((each) => leads.map((lead) => lead + each));
const ends = ['\n', '\r\n', '\r'];
const hostileLog = ends.map((end) => hostile.join(end)).join('\n');
const hostileLine = hostile.join(' ');

/** The log in two halves, cut in the middle of commands. */
function inTwo(text: string): readonly [string, string] {
  const middle = text.indexOf('::error::', text.length / 2) + 1;
  return [text.slice(0, middle), text.slice(middle)];
}

const [firstHalf, secondHalf] = inTwo(hostileLog);
const results = hostile.slice(0, 40).map((text) => {
  const report = JSON.stringify({ [text]: text });
  return `dispersed-output: ${report}\ndispersed-output: ${text}\n`;
});
const nodeUrls = hostile.slice(0, 60).map((text) => ({
  description: text,
  hostname: text,
  port: 22,
  protocol: text,
}));
const recipe = {
  name: hostileLine.slice(0, 5_000),
  payload: { title: hostileLine.slice(0, 5_000) },
  life: life(
    'PENDING',
    { status: 'RUNNING', nodeUrls, log: [{ atMs: 0, text: results.join('') + firstHalf }] },
    { status: 'RUNNING', log: [{ atMs: 0, text: secondHalf }] },
    { status: 'FAILED', statusReason: hostileLine },
  ),
};

const scenarios = {
  streamed: { recipes: [recipe] },
  asLines: { recipes: [{ ...recipe, logsAsArray: true }] },
  several: { recipes: [recipe, recipe] },
  onFailure: { recipes: [recipe], with: { logs: 'on-failure' } },
  server: { recipes: [recipe], with: { 'wait-until': 'running' } },
  oddStatus: {
    recipes: [{ ...recipe, life: life(hostileLine, hostile[3] ?? '', 'COMPLETED') }],
  },
  refused: {
    recipes: [recipe],
    simulator: {
      faults: [{ method: 'POST', kind: { type: 'status', status: 400, body: hostileLog } }],
    },
  },
  logsRefused: {
    recipes: [recipe],
    simulator: {
      faults: [
        {
          path: '/v1/job-runs/*',
          times: Infinity,
          kind: { type: 'status', status: 403, body: { message: hostileLine } },
        },
      ],
    },
  },
} satisfies Record<string, Scenario>;

const see = playAll(scenarios);

const ours = new Set(['add-mask', 'error', 'warning', 'group', 'endgroup']);
// What of ours holds foreign text has it in the middle of a sentence.
const ourTitles =
  /^(?:Failed: |A log is incomplete|Some results were ignored|Could not cook recipe |The output results )/;

describe.each(Object.keys(scenarios) as (keyof typeof scenarios)[])('%s', (name) => {
  test('prints no command but our own', () => {
    const { log } = see(name);
    const found = findCommands(log);
    expect(found.filter((command) => !ours.has(command.name))).toEqual([]);
    const annotations = found.filter((command) => /error|warning/.test(command.name));
    expect(
      annotations.filter(({ properties }) => !ourTitles.test(properties['title'] ?? '')),
    ).toEqual([]);
    // A failed job is an error, bad results or logs are a warning.
    expect(annotations.length).toBeLessThanOrEqual(name === 'several' ? 4 : 2);
    const masks = found.filter((command) => command.name === 'add-mask');
    // And that of the server.
    const own = masks.map(({ message }) => message).filter((text) => !text.startsWith('cat_sim_'));
    expect(own).toEqual(['sk_sim_fedcba9876543210', 'ghs_runner']);
    const groups = found.filter((command) => command.name.endsWith('group'));
    const isGrouped = ['streamed', 'asLines', 'onFailure', 'server'].includes(name);
    expect(groups).toHaveLength(isGrouped ? 2 : 0);
  });

  test('prints lines of a length that the console shows, without control characters', () => {
    const { log } = see(name);
    const lines = log.split('\n').filter((line) => !line.startsWith('::'));
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(1_024);
    // eslint-disable-next-line no-control-regex
    expect(log).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/);
  });
});

test('the log is kept as it came, and shown', () => {
  const { logFiles, log } = see('streamed');
  expect(Object.values(logFiles)).toEqual([results.join('') + hostileLog]);
  expect(log.match(/^\d\d:\d\d {2}\| /gm)?.length).toBeGreaterThan(500);
});

test('results are data', () => {
  const { outputs } = see('streamed');
  const reported: unknown = JSON.parse(outputs['results'] ?? '');
  expect(Object.keys(reported as object)).toEqual(expect.arrayContaining(hostile.slice(0, 40)));
});
