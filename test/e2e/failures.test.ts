import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { fastTime } from '../runner/fast.ts';
import { errorsIn, readLog } from '../runner/model.ts';
import { startApp } from '../simulator/app.ts';
import type { Fault, Phase, RecipeScript } from '../simulator/types.ts';
import { until } from '../support/until.ts';
import { life, playAll, type Scenario } from './scenario.ts';
import { endless, onStage } from './stage.ts';

// What people meet when a job fails: the verdict, its reason and the remedy, each once.

const failed = (statusReason: string): Phase => ({ status: 'FAILED', statusReason });
const script = (...phases: readonly (string | Phase)[]): RecipeScript => ({
  name: 'Train',
  payload: { max_timeout_run_ms: 3_600_000 },
  life: life(...phases),
});

const app = await startApp({ notReadyFor: Infinity });
const folder = mkdtempSync(join(tmpdir(), 'failures-'));
const forkEvent = join(folder, 'event.json');
writeFileSync(forkEvent, JSON.stringify({ pull_request: { head: { repo: { fork: true } } } }));
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await app.close();
});

const traceback = [
  'Traceback (most recent call last):',
  '  File "train.py", line 3, in <module>',
  "    open('data')",
  'OSError: data missing',
];
const printed = ['epoch 1: 30%', ...traceback].join('\n');
const noKeys = { 'public-key': '', 'secret-key': ' ' };
const emptyRun = {
  object: 'job_run',
  uuid: '0198c9a4-3b1d-7e52-8a47-6f0de2b91c11',
  status: 'PENDING',
  started_at_ms: null,
  ended_at_ms: null,
  duration_ms: 0,
  node_urls: [],
};
const slow = fastTime();

const scenarios = {
  ownTimeOut: { recipes: [script('PENDING', 'RUNNING', failed('Request timed out'))] },
  noMachine: {
    recipes: [script('PENDING', 'PENDING', 'PENDING', failed('No machine available'))],
    with: { 'gpu-name': 'RTX 4091', logs: 'none' },
    during: async (_, simulator) => {
      await until(() => simulator.jobs().length > 0);
      const data = [{ ...emptyRun, job_uuid: simulator.jobs()[0]?.uuid }];
      const body = { object: 'list', total: 1, data };
      const kind = { type: 'other-shape', body } as const;
      simulator.inject({ method: 'GET', path: '/v1/job-runs', times: Infinity, kind });
    },
  },
  exited: {
    recipes: [
      script(
        { status: 'RUNNING', log: [{ atMs: 0, text: printed }] },
        failed('Container exited with code 1'),
      ),
    ],
  },
  killed: { recipes: [script('RUNNING', failed('Exit code: 137 (OOMKilled)'))] },
  severalModels: {
    recipes: [script('PENDING', failed('No node was found'))],
    with: { 'gpu-name': 'RTX 4090, H100' },
  },
  notReady: {
    recipes: [
      {
        name: 'Serve',
        payload: {
          task: 'PERSISTENT',
          parameters: { type: 'docker', parameters: { image: 'server', ports: [22, 8080] } },
        },
        life: life({ status: 'RUNNING', nodeUrls: [app.nodeUrl] }),
      },
    ],
    with: { 'ready-check': '8080/health', timeout: '8s' },
  },
  unknownEnd: {
    recipes: [
      {
        name: 'Train',
        life: [
          { status: 'RUNNING', forMs: 20_000 },
          { status: 'TIMED_OUT', isEnd: true },
        ],
      },
    ],
    env: slow.env,
    simulator: { now: slow.now },
  },
  fork: {
    recipes: [endless],
    with: noKeys,
    env: { GITHUB_EVENT_NAME: 'pull_request', GITHUB_EVENT_PATH: forkEvent },
  },
  dependabot: { recipes: [endless], with: noKeys, env: { GITHUB_ACTOR: 'dependabot[bot]' } },
  noKeys: { recipes: [endless], with: noKeys },
} satisfies Record<string, Scenario>;

type Name = keyof typeof scenarios;
const see = playAll(scenarios);

/** The one error annotation, with UUIDs and times made the same. */
function errorOf(name: Name): string {
  const { log, jobs, exitCode } = see(name);
  expect(exitCode).toBe(1);
  const errors = errorsIn(log);
  expect(errors).toHaveLength(1);
  const text = errors.map(({ title, message }) => `${title}\n${message}`).join('\n');
  return jobs
    .reduce((said, { uuid }) => said.replaceAll(uuid, 'JOB'), text)
    .replaceAll(/\b\d+[smh](?:[ \u00a0]\d\d[sm])?\b/g, '<time>');
}

test('a reason that says "timed out" is not the run limit', () => {
  expect(errorOf('ownTimeOut')).toBe(
    'Failed: Train\n' +
      'Job JOB failed after it ran for <time>: Request timed out.\n' +
      'Read its log in the console: https://console.dispersed.com/jobs',
  );
});

test('a job with an empty run had no machine, and the GPU that is not there is named as in the inputs', () => {
  expect(errorOf('noMachine')).toBe(
    'Failed: Train\n' +
      'Job JOB got no machine in <time>: No machine available.\n' +
      'Ask for less hardware, another gpu-name, or more regions (allowed-region-codes), or increase max-timeout-assign to wait longer for a machine.',
  );
  const { annotations } = readLog(see('noMachine').log);
  expect(annotations.filter(({ level }) => level === 'warning')).toEqual([
    {
      level: 'warning',
      title: 'No offer matches',
      message: expect.stringMatching(/It asks for gpu-name RTX 4091\. .* RTX 4090\.$/),
    },
  ]);
});

test('an exit code is said once, and the end of the log is its traceback, as it was printed', () => {
  expect(errorOf('exited')).toBe(
    [
      'Failed: Train',
      'Job JOB failed with exit code 1.',
      'Read the full log, in the folder of the output logs-path or in the console: https://console.dispersed.com/jobs',
      'The log ends with:',
      ...traceback.map((line) => `| ${line}`),
    ].join('\n'),
  );
});

test('a container that was killed for its memory has one remedy', () => {
  expect(errorOf('killed')).toBe(
    'Failed: Train\n' +
      'Job JOB failed with exit code 137: OOMKilled.\n' +
      'This usually means that the container ran out of memory: increase min-ram-gb.',
  );
});

test('of several models that fail, each is named', () => {
  expect(errorOf('severalModels')).toMatch(
    /^Failed: Train\nJob JOB got no machine .* asked for H100\. Tried before: RTX 4090: no machine/,
  );
  expect(see('severalModels').jobs).toHaveLength(2);
});

test('a ready-check that answers 502 throughout is not helped by more time', () => {
  expect(errorOf('notReady')).toBe(
    'Timed out: Serve\n' +
      'The timeout was reached while the job was running. For the last <time>, the ready-check 8080/health failed: HTTP 502. Job JOB was canceled.\n' +
      'Check that the server in the container serves 8080/health. Increase timeout only if the server needs more time to start.',
  );
});

test('an unknown status of a job that is complete is its end, a minute later', () => {
  expect(errorOf('unknownEnd')).toMatch(/^Failed: Train\nJob JOB /);
  const { outputs, summary } = see('unknownEnd');
  expect(outputs).toMatchObject({ result: 'failed', status: 'TIMED_OUT' });
  expect(summary).not.toContain('and billed');
});

test.each([
  [
    'fork',
    /GitHub does not pass secrets to workflows that a pull request from a fork triggers.*`environment:`$/,
  ],
  [
    'dependabot',
    /Store DISPERSED_PUBLIC_KEY and DISPERSED_SECRET_KEY as Dependabot secrets as well/,
  ],
  ['noKeys', /DISPERSED_PUBLIC_KEY and DISPERSED_SECRET_KEY.*`secrets: inherit`.*`environment:`/],
] as const)(
  '%s: that both keys are empty is one problem, with where secrets come from',
  (name, says) => {
    const [, ...problems] = errorOf(name).split('\n');
    expect(problems).toEqual([expect.stringMatching(/^public-key and secret-key: are empty/)]);
    expect(problems[0]).toMatch(says);
    expect(see(name).summary.match(/^<li>/gm)).toHaveLength(1);
  },
);

const expired: readonly Fault[] = ['/v1/jobs/*', '/v1/jobs/*/cancel', '/v1/job-runs'].map(
  (path) => ({
    path,
    nth: path === '/v1/jobs/*' ? 3 : 1,
    times: Infinity,
    kind: { type: 'status', status: 401, body: { error: { message: 'Invalid signature' } } },
  }),
);

test('a key that expires while the step waits: one annotation says so, and that the job runs on', async () => {
  await onStage({ recipes: [endless], faults: expired }, async ({ start }) => {
    const { log, exitCode, outputs } = await start().done;
    expect({ exitCode, result: outputs['result'] }).toEqual({ exitCode: 1, result: 'error' });
    expect(readLog(log).annotations).toEqual([
      {
        level: 'error',
        title: expect.stringMatching(/^Could not watch job .*: the API key is no longer accepted$/),
        message: expect.stringMatching(
          /may have expired or been revoked\. A running job continues and is billed, and this key cannot cancel it\. Cancel the job in the console/,
        ),
      },
    ]);
    expect(outputs['message']).toContain('may have expired');
  });
});

test('a server that is stopped with the workflow job is not said to run on, and is stopped', async () => {
  const recipes = [{ ...endless, payload: { task: 'PERSISTENT' as const } }];
  await onStage({ recipes }, async ({ start, statuses }) => {
    const step = start({ with: { 'on-job-end': 'cancel' } });
    const { summary, exitCode } = await step.done;
    expect(exitCode).toBe(0);
    expect(summary).toMatch(/when the workflow's job ends/);
    expect(summary).not.toContain('How to stop');
    expect(statuses()).toEqual(['RUNNING']);
    await step.post();
    expect(statuses()).toEqual(['CANCELLED']);
  });
});
