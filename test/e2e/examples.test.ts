import { basename } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { projectFile } from '../contract/action-files.ts';
import { exampleFiles } from '../contract/workflow-files.ts';
import { findCommands } from '../runner/commands.ts';
import type { RunningStep } from '../runner/step.ts';
import { createGitHubModel, type GitHubModel } from '../github/model.ts';
import { always, startGitHub, type GitHub } from '../github/server.ts';
import { startApp } from '../simulator/app.ts';
import { startSimulator } from '../simulator/server.ts';
import type { Simulator } from '../simulator/types.ts';
import { until } from '../support/until.ts';
import {
  endless,
  failing,
  measuring,
  playExample,
  recipesOf,
  sha,
  type Lives,
  type PlayedExample,
} from './example.ts';
import { openGpuStage } from './gpu-steps.ts';
import type { PlayedScript } from './script.ts';
import { playUpload } from './upload.ts';
import { playWorkflow, type PlayedStep } from './workflow.ts';

/** How an example is to go. */
interface Trial extends Lives {
  /** The result of each step of ours, in order; a check has none. */
  readonly results: readonly (string | undefined)[];
  /** The status of each job at the service, after the post entries. */
  readonly jobs: readonly string[];
  readonly generation?: 'old';
  /** Its job has a web server that is really there. */
  readonly isServer?: boolean;
  /** The server does not ask for the token of its run. */
  readonly isOpen?: boolean;
  /** Its steps run on a machine that is really there. */
  readonly isGpu?: boolean;
  /** Its job uploads a file to an object store that is really there. */
  readonly isUpload?: boolean;
  /** The examples that were played before: those that have cooked the jobs this one is about. */
  readonly after?: readonly string[];
}

const one = { results: ['succeeded'], jobs: ['COMPLETED'] };
const several = (count: number) => ({
  results: ['succeeded'],
  jobs: Array.from({ length: count }, () => 'COMPLETED'),
});

const trials: Readonly<Record<string, Trial>> = {
  background: one,
  'build-and-cook': { ...one, isUpload: true },
  cancel: { results: ['cancelled'], jobs: ['CANCELLED'], life: endless, after: ['evening'] },
  check: { results: [undefined], jobs: ['COMPLETED'], after: ['long-job'] },
  comment: one,
  container: one,
  'deploy-after-training': { ...one, after: ['long-job', 'check'] },
  'dry-run': { results: ['dry-run'], jobs: [] },
  entries: several(2),
  evening: { results: ['submitted'], jobs: ['RUNNING'], life: endless },
  fallback: one,
  'gpu-gate': { ...one, life: measuring },
  'gpu-server': { results: ['running'], jobs: ['CANCELLED'], isServer: true },
  'gpu-server-background': { results: ['running'], jobs: ['CANCELLED'], isServer: true },
  'gpu-server-matrix': {
    results: ['running', 'cancelled'],
    jobs: ['CANCELLED'],
    isServer: true,
    isOpen: true,
  },
  'gpu-steps': { results: ['running'], jobs: ['CANCELLED'], isGpu: true },
  'gpu-steps-matrix': {
    results: ['running', 'running'],
    jobs: ['CANCELLED', 'CANCELLED'],
    isGpu: true,
  },
  'long-job': { results: ['submitted'], jobs: ['RUNNING'], life: endless },
  matrix: { results: ['succeeded', 'succeeded', 'succeeded'], jobs: several(3).jobs },
  'merge-gate': { results: ['submitted'], jobs: ['RUNNING'], life: endless },
  morning: { ...one, after: ['evening'] },
  'newest-commit': one,
  'nightly-render': several(3),
  'older-host': { ...one, generation: 'old' },
  proxy: one,
  'quick-start': one,
  sweep: { ...several(20), life: measuring },
  'take-over': several(3),
  'weekly-spend': {
    results: [undefined],
    jobs: ['COMPLETED'],
    after: ['long-job'],
    // About 1 USD for its second.
    hourlyRateUsd: 3_600,
  },
};

const nameOf = (file: string) => basename(file, '.yml');

interface Played extends PlayedExample {
  readonly simulator: Simulator;
  /** The commit statuses that were set. */
  readonly statuses: GitHub['requests'];
  readonly model: GitHubModel;
  /** What the server of its job, or the store, has answered. */
  readonly answers?: readonly string[];
}

async function playTrial(name: string): Promise<Played> {
  const trial = trials[name];
  if (trial?.isServer) return playServer(name, trial);
  if (trial?.isGpu) return playGpuSteps(name);
  if (trial === undefined) throw new Error(`examples/${name}.yml is not tried in this test`);
  const { generation = 'new', after = [] } = trial;
  const simulator = await startSimulator({ recipes: recipesOf(trial), generation });
  const model = createRepository();
  const github = await startGitHub(always('created'), model);
  const env = { GITHUB_API_URL: github.url, GITHUB_SHA: sha };
  for (const before of after) {
    await playExample(before, simulator, { env });
    if (trial.life !== endless) await until(() => statusesOf(simulator)[0] === 'COMPLETED');
  }
  const play = trial.isUpload ? playUpload : playExample;
  const example = await play(name, simulator, { env, expressions: dispatchedInputs(model) });
  await Promise.all([simulator.close(), github.close()]);
  const statuses = github.requests.filter(({ path }) => path.includes('/statuses/'));
  return { ...example, simulator, statuses, model };
}

function createRepository(): GitHubModel {
  const model = createGitHubModel();
  model.workflows.add('deploy-after-training.yml');
  return model;
}

/** What the workflow that was started last finds in `inputs`. */
function dispatchedInputs({ dispatches }: GitHubModel): Readonly<Record<string, string>> {
  const given = Object.entries(dispatches.at(-1)?.inputs ?? {});
  return Object.fromEntries(given.map(([name, value]) => [`inputs.${name}`, value]));
}

// The application loads its model for a while, and asks for the token of its run.
async function playServer(name: string, { isOpen = false }: Trial): Promise<Played> {
  const known: { simulator?: Simulator } = {};
  const token = () => known.simulator?.runs().at(-1)?.container_access_tokens[0]?.token;
  const app = await startApp({ token: isOpen ? undefined : token, notReadyFor: 2 });
  const life = [
    { status: 'RUNNING', forMs: 3_000 },
    { status: 'RUNNING', nodeUrls: [app.nodeUrl] },
  ];
  const simulator = await startSimulator({ recipes: recipesOf({ life }) });
  known.simulator = simulator;
  const example = await playExample(name, simulator);
  await Promise.all([simulator.close(), app.close()]);
  return { ...example, simulator, statuses: [], model: createRepository(), answers: app.answers };
}

async function playGpuSteps(name: string): Promise<Played> {
  const { simulator, commitFiles, close } = await openGpuStage();
  const example = await playExample(name, simulator, {
    tools: commitFiles,
    expressions: { 'secrets.HF_TOKEN': 'hf_secret' },
  });
  await close();
  return { ...example, simulator, statuses: [], model: createRepository() };
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
    expect(exampleFiles.map(nameOf).toSorted()).toEqual(Object.keys(trials).toSorted());
  });

  test.each(exampleFiles.map(nameOf))('%s does what it says', (name) => {
    const { steps = [], scripts = [], simulator } = played.get(name) ?? {};
    expect(steps.map(({ outputs }) => outputs['result'])).toEqual(trials[name]?.results);
    expect(steps.map(({ exitCode }) => exitCode)).toEqual(steps.map(() => 0));
    expect(scripts.filter(({ exitCode }) => exitCode !== 0)).toEqual([]);
    expect(steps.flatMap(troublesOf)).toEqual([]);
    expect(simulator && statusesOf(simulator)).toEqual(trials[name]?.jobs);
  });

  test('the gate reads what the container has measured, and the commit shows it', () => {
    const { steps = [], statuses = [] } = played.get('gpu-gate') ?? {};
    expect(steps.map(({ outputs }) => outputs['results'])).toEqual(['{"accuracy":0.93}']);
    expect(statuses.at(-1)).toMatchObject({ context: 'dispersed / GPU tests', state: 'success' });
    const setters = [...played].filter(([, each]) => each.statuses.length > 0);
    const names = ['check', 'deploy-after-training', 'gpu-gate', 'long-job', 'merge-gate'];
    expect(setters.map(([name]) => name).toSorted()).toEqual([...names, 'weekly-spend']);
  });

  test.each([
    ['long-job', 'dispersed / Training'],
    ['merge-gate', 'dispersed / Acceptance'],
  ])('%s leaves a commit status that is pending', (name, context) => {
    const { model } = played.get(name) ?? {};
    const set = model?.statuses.map((each) => [each.context, each.state]) ?? [];
    expect(new Set(set.map(String))).toEqual(new Set([`${context},pending`]));
  });

  test('the check finishes the status of the long job, and starts what follows, once', () => {
    const { model, simulator } = played.get('check') ?? {};
    const [job] = simulator?.jobs() ?? [];
    const last = model?.statuses.at(-1);
    expect(last).toMatchObject({ sha, context: 'dispersed / Training', state: 'success' });
    const inputs = { 'job-uuid': job?.uuid, result: 'succeeded', title: 'Training', sha };
    const workflow = 'deploy-after-training.yml';
    expect(model?.dispatches).toEqual([{ workflow, ref: 'trunk', inputs }]);
  });

  test('the report of the week only looks, and says what was spent', () => {
    const { model, simulator, steps = [], scripts = [] } = played.get('weekly-spend') ?? {};
    expect(model?.statuses.at(-1)).toMatchObject({ state: 'pending' });
    expect(model?.dispatches).toEqual([]);
    expect(simulator?.requests.filter(({ method }) => method === 'PUT')).toEqual([]);
    const cost = steps[0]?.outputs['cost-usd'];
    expect(Number(cost)).toBeGreaterThan(0);
    expect(scripts.at(-1)?.log).toContain(`::${cost} USD`);
    expect(steps[0]?.summary).toContain('Spend by workflow');
  });

  test('the steps after it learn where the server is', () => {
    const { steps = [], answers = [] } = played.get('gpu-server') ?? {};
    expect(steps[0]?.outputs['url']).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(answers.slice(0, 2)).toEqual(['GET /health 502', 'GET /health 502']);
    // The last one is that of the example's own curl, with the token.
    expect(answers.length).toBeGreaterThanOrEqual(4);
    expect(new Set(answers.slice(2))).toEqual(new Set(['GET /health 200']));
  });

  test('the steps on the GPU train this commit, gate on it, and bring the model back', () => {
    const { scripts = [], steps = [], sent = [] } = played.get('gpu-steps') ?? {};
    const train = scripts.find(({ run }) => run.includes('train.py'));
    expect(train?.log).toContain('on the GPU: train.py --out out');
    expect(train?.outputs).toEqual({ accuracy: '0.93' });
    const model = '#!/usr/bin/env bash\nthe code of this commit\n';
    expect(sent.map(({ files }) => files)).toEqual([{ 'model.bin': model, accuracy: '0.93\n' }]);
    expect(steps[0]?.postLog).toContain('canceling');
  });

  test('the model is uploaded by the job, and downloaded by the workflow', () => {
    expect(played.get('build-and-cook')?.answers).toEqual(['PUT 200', 'GET 200']);
  });

  test('each job of the matrix asks for a GPU of its own', () => {
    const jobs = played.get('matrix')?.simulator.jobs() ?? [];
    expect(jobs.map(({ gpu_name: name }) => name)).toEqual(['RTX 3090', 'RTX 4090', 'H100']);
  });

  test('the jobs of a matrix use the server of another job, with a key of their own', () => {
    const { answers = [] } = played.get('gpu-server-matrix') ?? {};
    expect(answers.slice(0, 3)).toEqual(['GET /health 502', 'GET /health 502', 'GET /health 200']);
    expect(new Set(answers.slice(3))).toEqual(new Set(['GET /api 200', 'GET /load 200']));
  });

  test('a server in the background is used once both are ready', () => {
    const { answers = [] } = played.get('gpu-server-background') ?? {};
    expect(answers.slice(-2)).toEqual(['GET /health 200', 'GET /health 200']);
  });

  test.each([
    ['nightly-render', [/^[0-9a-f-]{36}\.log$/, /^[0-9a-f-]{36}\.log$/, /^[0-9a-f-]{36}\.log$/]],
    ['comment', [/^summary\.md$/]],
    ['evening', [/^job-uuids\.json$/]],
  ])('%s sends files that are there', (name, files) => {
    const { sent = [] } = played.get(name) ?? {};
    expect(sent.map((each) => Object.keys(each.files))).toEqual([
      files.map((form) => expect.stringMatching(form)),
    ]);
  });

  test('the comment is the summary', () => {
    const { sent = [], steps = [] } = played.get('comment') ?? {};
    expect(Object.values(sent[0]?.files ?? {})).toEqual([steps[0]?.summary]);
  });

  test('the shards of the sweep are told apart', () => {
    const titles = played
      .get('sweep')
      ?.simulator.jobs()
      .map(({ title }) => title);
    expect(new Set(titles)).toEqual(
      new Set(Array.from({ length: 20 }, (_, shard) => `Shard ${shard}`)),
    );
    const table = played.get('sweep')?.scripts.at(-1)?.summary ?? '';
    expect(table.match(/^<tr><td>Shard \d+<td>succeeded<td>[\d.]+<td>0\.93$/gm)).toHaveLength(20);
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
    const { steps } = await playExample('newest-commit', simulator, { during: cancelWorkflow });
    expect(steps[0]).toMatchObject({ exitCode: 1, outputs: { result: 'cancelled' } });
    expect(statusesOf(simulator)).toEqual(['CANCELLED']);
    await simulator.close();
  },
  60_000,
);

test.concurrent(
  'a re-run takes over what has completed, and cooks what has failed',
  async () => {
    const simulator = await startSimulator({ recipes: recipesOf({ other: failing }) });
    const first = await playExample('take-over', simulator);
    expect(first.steps[0]).toMatchObject({ exitCode: 1, outputs: { result: 'failed' } });
    const second = await playExample('take-over', simulator, {
      env: { GITHUB_RUN_ATTEMPT: '2' },
    });
    expect(second.steps[0]?.log.match(/ {2}attached /g)).toHaveLength(2);
    expect(second.steps[0]?.log.match(/ {2}created /g)).toHaveLength(1);
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
    const scripts: PlayedScript[] = [];
    const ci = projectFile('.github/workflows/ci.yml');
    const steps = await playWorkflow(
      ci.replace(/os: \[ubuntu-latest, .+\]/, 'os: [ubuntu-latest]'),
      {
        expressions: {},
        tools: { npm: ':', git: ':' },
        onScript: (script) => scripts.push(script),
        with: {},
        scripts: {
          simulator: {
            'api-url': simulator.url,
            'public-key': simulator.publicKey,
            'secret-key': simulator.secretKey,
            'recipe-uuid': simulator.recipeUuids[0] ?? '',
          },
        },
      },
    );
    const results = steps.map(({ outputs }) => outputs['result']);
    expect(results).toEqual(['dry-run', 'submitted', 'succeeded', 'succeeded']);
    expect(steps.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0, 0]);
    expect(scripts.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0, 0]);
    await simulator.close();
  },
  60_000,
);
