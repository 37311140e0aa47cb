import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { projectFile } from '../contract/action-files.ts';
import { exampleFiles } from '../contract/workflow-files.ts';
import { findCommands } from '../runner/commands.ts';
import type { RunningStep } from '../runner/step.ts';
import { startGitHub, type GitHub } from '../support/github-server.ts';
import { startApp } from '../simulator/app.ts';
import { startSimulator } from '../simulator/server.ts';
import type { Phase, RecipeScript, Simulator } from '../simulator/types.ts';
import { until } from '../support/until.ts';
import { playWorkflow, type PlayedStep, type Scene } from './workflow.ts';

const short: readonly Phase[] = [
  { status: 'PENDING', forMs: 300 },
  { status: 'RUNNING', forMs: 700 },
  { status: 'COMPLETED' },
];
const endless: readonly Phase[] = [{ status: 'RUNNING' }];
const measuring: readonly Phase[] = [
  {
    status: 'RUNNING',
    forMs: 700,
    log: [{ atMs: 0, text: 'dispersed-output: {"accuracy": 0.93}\n' }],
  },
  { status: 'COMPLETED' },
];
const failing: readonly Phase[] = [{ status: 'FAILED', statusReason: 'exit code 1' }];

// The recipes that the examples name.
const recipesOf = (lives: Lives): readonly RecipeScript[] => [
  { uuid: '01a0114e-e7f8-4e76-a07a-f09fca41e2be', name: 'Render', life: lives.life ?? short },
  { uuid: '0198ac1c-7063-4be8-bb94-57a5bd83548e', name: 'Encode', life: lives.other ?? short },
];

interface Lives {
  readonly life?: readonly Phase[];
  readonly other?: readonly Phase[];
}

/** How an example is to go. */
interface Trial extends Lives {
  /** The result of each step of ours, in order. */
  readonly results: readonly string[];
  /** The status of each job at the service, after the post entries. */
  readonly jobs: readonly string[];
  readonly generation?: 'old';
  /** Its job has a web server that is really there, and its other scripts are run as written. */
  readonly isServer?: boolean;
  /** The example that has cooked the jobs this one is about. */
  readonly after?: string;
}

const one = { results: ['succeeded'], jobs: ['COMPLETED'] };
const several = (count: number) => ({
  results: ['succeeded'],
  jobs: Array.from({ length: count }, () => 'COMPLETED'),
});

const trials: Readonly<Record<string, Trial>> = {
  background: one,
  cancel: { results: ['cancelled'], jobs: ['CANCELLED'], life: endless, after: 'evening' },
  comment: one,
  container: one,
  'dry-run': { results: ['dry-run'], jobs: [] },
  entries: several(2),
  evening: { results: ['submitted'], jobs: ['RUNNING'], life: endless },
  fallback: one,
  'gpu-gate': { ...one, life: measuring },
  'gpu-server': { results: ['running'], jobs: ['CANCELLED'], isServer: true },
  'long-job': { results: ['submitted', 'succeeded'], jobs: ['COMPLETED'] },
  morning: { ...one, after: 'evening' },
  'newest-commit': one,
  'nightly-render': several(2),
  'older-host': { ...one, generation: 'old' },
  proxy: one,
  'quick-start': one,
  sweep: several(20),
  'take-over': several(3),
};

const nameOf = (file: string) => basename(file, '.yml');

interface Played {
  readonly steps: readonly PlayedStep[];
  readonly simulator: Simulator;
  /** The commit statuses that were set. */
  readonly statuses: GitHub['requests'];
  /** What the server of its job has answered. */
  readonly answers?: readonly string[];
}

async function playTrial(name: string): Promise<Played> {
  const trial = trials[name];
  if (trial?.isServer) return playServer(name);
  if (trial === undefined) throw new Error(`examples/${name}.yml is not tried in this test`);
  const { generation = 'new', after } = trial;
  const simulator = await startSimulator({ recipes: recipesOf(trial), generation });
  if (after !== undefined) await playExample(after, simulator);
  const github = await startGitHub();
  const env = { GITHUB_API_URL: github.url, GITHUB_SHA: sha };
  const steps = await playExample(name, simulator, { env });
  await Promise.all([simulator.close(), github.close()]);
  return { steps, simulator, statuses: github.requests };
}

// The application loads its model for a while, and asks for the token of its run.
async function playServer(name: string): Promise<Played> {
  const known: { simulator?: Simulator } = {};
  const token = () => known.simulator?.runs().at(-1)?.container_access_tokens[0]?.token;
  const app = await startApp({ token, notReadyFor: 2 });
  const life = [
    { status: 'RUNNING', forMs: 3_000 },
    { status: 'RUNNING', nodeUrls: [app.nodeUrl] },
  ];
  const simulator = await startSimulator({ recipes: recipesOf({ life }) });
  known.simulator = simulator;
  const bin = mkdtempSync(join(tmpdir(), 'bin-'));
  // What it is that is tested is the user's own.
  writeFileSync(join(bin, 'npm'), '#!/bin/sh\n', { mode: 0o755 });
  const steps = await playExample(name, simulator, { bin });
  await Promise.all([simulator.close(), app.close()]);
  rmSync(bin, { recursive: true });
  return { steps, simulator, statuses: [], answers: app.answers };
}

const sha = '3d3c42e5aac5ba805825da76410c181273ba90b1';

async function playExample(name: string, simulator: Simulator, scene: Partial<Scene> = {}) {
  const jobUuids = simulator.jobs().map(({ uuid }) => uuid);
  return playWorkflow(projectFile(`examples/${name}.yml`), {
    expressions: {
      'secrets.DISPERSED_PUBLIC_KEY': simulator.publicKey,
      'secrets.DISPERSED_SECRET_KEY': simulator.secretKey,
      'toJSON(secrets.REGISTRY_TOKEN)': JSON.stringify('token "of" the registry'),
      'github.sha': sha,
      'github.repository': 'acme/renders',
      'inputs.job-uuids': jobUuids.join(' '),
    },
    with: { 'api-url': simulator.url },
    scripts: { evening: { 'job-uuids': JSON.stringify(jobUuids) } },
    ...scene,
  });
}

const troublesOf = ({ log, postLog }: PlayedStep) =>
  findCommands(`${log}\n${postLog}`).filter(({ name }) => name === 'error' || name === 'warning');
const statusesOf = (simulator: Simulator) => simulator.jobs().map(({ status }) => status);

describe('examples as written', () => {
  const played = new Map<string, Played>();

  // All at once: each mostly waits for its poll interval.
  beforeAll(async () => {
    await Promise.all(
      exampleFiles.map(nameOf).map(async (name) => played.set(name, await playTrial(name))),
    );
  }, 120_000);

  test('are all of those this test knows', () => {
    expect(exampleFiles.map(nameOf)).toEqual(Object.keys(trials));
  });

  test.each(exampleFiles.map(nameOf))('%s does what it says', (name) => {
    const { steps = [], simulator } = played.get(name) ?? {};
    expect(steps.map(({ outputs }) => outputs['result'])).toEqual(trials[name]?.results);
    expect(steps.map(({ exitCode }) => exitCode)).toEqual(steps.map(() => 0));
    expect(steps.flatMap(troublesOf)).toEqual([]);
    expect(simulator && statusesOf(simulator)).toEqual(trials[name]?.jobs);
  });

  test('the gate reads what the container has measured, and the commit shows it', () => {
    const { steps = [], statuses = [] } = played.get('gpu-gate') ?? {};
    expect(steps.map(({ outputs }) => outputs['results'])).toEqual(['{"accuracy":0.93}']);
    expect(statuses.at(-1)).toMatchObject({ context: 'dispersed / GPU tests', state: 'success' });
    expect([...played.values()].filter((each) => each.statuses.length > 0)).toHaveLength(1);
  });

  test('the steps after it learn where the server is', () => {
    const { steps = [], answers = [] } = played.get('gpu-server') ?? {};
    expect(steps[0]?.outputs['url']).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    // The last one is that of the example's own curl, with the token.
    expect(answers).toEqual([
      'GET /health 502',
      'GET /health 502',
      'GET /health 200',
      'GET /health 200',
    ]);
  });

  test('the shards of the sweep are told apart', () => {
    const titles = played
      .get('sweep')
      ?.simulator.jobs()
      .map(({ title }) => title);
    expect(new Set(titles)).toEqual(
      new Set(Array.from({ length: 20 }, (_, shard) => `Shard ${shard}`)),
    );
  });
});

test.concurrent(
  'a newer commit cancels the job of an older one',
  async () => {
    const simulator = await startSimulator({ recipes: recipesOf({ life: endless }) });
    const cancelWorkflow = async (step: RunningStep) => {
      await until(() => simulator.jobs().length > 0);
      step.process.kill('SIGINT');
    };
    const [step] = await playExample('newest-commit', simulator, { during: cancelWorkflow });
    expect(step).toMatchObject({ exitCode: 1, outputs: { result: 'cancelled' } });
    expect(statusesOf(simulator)).toEqual(['CANCELLED']);
    await simulator.close();
  },
  60_000,
);

test.concurrent(
  'a re-run takes over what has completed, and cooks what has failed',
  async () => {
    const simulator = await startSimulator({ recipes: recipesOf({ other: failing }) });
    const [first] = await playExample('take-over', simulator);
    expect(first).toMatchObject({ exitCode: 1, outputs: { result: 'failed' } });
    const [second] = await playExample('take-over', simulator, {
      env: { GITHUB_RUN_ATTEMPT: '2' },
    });
    expect(second?.log.match(/Took over job/g)).toHaveLength(2);
    expect(second?.log.match(/Cooked job/g)).toHaveLength(1);
    expect(statusesOf(simulator).toSorted()).toEqual([
      'COMPLETED',
      'COMPLETED',
      'FAILED',
      'FAILED',
    ]);
    await simulator.close();
  },
  60_000,
);

test.concurrent(
  'the steps of the CI workflow do what it expects of them',
  async () => {
    const simulator = await startSimulator({ recipes: recipesOf({}) });
    const steps = await playWorkflow(projectFile('.github/workflows/ci.yml'), {
      expressions: {},
      with: {},
      scripts: {
        simulator: {
          'api-url': simulator.url,
          'public-key': simulator.publicKey,
          'secret-key': simulator.secretKey,
          'recipe-uuid': simulator.recipeUuids[0] ?? '',
        },
      },
    });
    const results = steps.map(({ outputs }) => outputs['result']);
    expect(results).toEqual(['dry-run', 'submitted', 'succeeded', 'succeeded']);
    expect(steps.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0, 0]);
    await simulator.close();
  },
  60_000,
);
