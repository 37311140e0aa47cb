import { beforeAll, expect, test } from '@jest/globals';
import { wait } from '../../src/commands/wait.ts';
import { until } from '../support/until.ts';
import { startGitHub, type GitHub } from '../github/server.ts';
import { completing, endless, openSimulator, play, playOn, speed } from './play.ts';

// In fast time: what a job says over its life.

const asked = { 'commit-status': 'true', 'github-token': 'ghs_0123456789' };
const envFor = (url: string) => ({ GITHUB_API_URL: url, GITHUB_SHA: 'a'.repeat(40) });

// A pending status is read before it is set.
const setOn = ({ requests }: GitHub) => requests.filter(({ context }) => context !== undefined);
const saidTo = (github: GitHub) => setOn(github).map(({ description }) => description);

// In fast time, loading it would take longer than a job lasts.
beforeAll(async () => import('@actions/github'));

test('a status says what the job is doing', async () => {
  const github = await startGitHub();
  const life = [
    // The first request takes seconds, for GitHub's client is loaded before it.
    { status: 'PENDING', forMs: 500_000 },
    { status: 'RUNNING', forMs: 120_000 },
    { status: 'COMPLETED' },
  ];
  await play({ recipes: [{ name: 'Render', life }], inputs: asked, env: envFor(github.url) });
  await github.close();
  expect(saidTo(github)).toEqual([
    expect.stringMatching(/^Queued since /),
    expect.stringMatching(/^Running since /),
    expect.stringMatching(/^Succeeded after /),
  ]);
});

test('a restless job changes its status every 5 s at most, until the step ends', async () => {
  const github = await startGitHub();
  const life = Array.from({ length: 20 }, (_, nth) => ({ status: `STAGE_${nth}`, forMs: 2_000 }));
  const recipe = { name: 'Render', life: [...life, { status: 'COMPLETED' }] };
  await play({ recipes: [recipe], inputs: asked, env: envFor(github.url) });
  await github.close();
  const times = github.requests.map(({ atMs }) => atMs * speed);
  // The last one goes out at once.
  const pauses = times.slice(1, -1).map((atMs, nth) => atMs - (times[nth] ?? 0));
  expect(pauses.filter((each) => each < 4_500)).toEqual([]);
  expect(saidTo(github).at(-1)).toMatch(/^Succeeded/);
});

test('a job has its last word when it ends, not when all have', async () => {
  const github = await startGitHub();
  await play({
    recipes: [completing, endless],
    inputs: asked,
    env: envFor(github.url),
    during: async (_, interrupt) => {
      await until(() => github.requests.some(({ state }) => state === 'success'));
      interrupt();
    },
  });
  await github.close();
  const last = new Map(github.requests.map(({ context, state }) => [context, state]));
  expect([...last.values()].toSorted()).toEqual(['error', 'success']);
});

test('who waits for a job later ends the status that its cook left pending', async () => {
  const github = await startGitHub();
  const simulator = await openSimulator({ recipes: [completing, completing] });
  const env = envFor(github.url);
  const { main } = await playOn(simulator, { inputs: { ...asked, wait: 'false' }, env });
  const contexts = () => new Set(setOn(github).map(({ context }) => context));
  const cooked = contexts();
  const inputs = { ...asked, 'job-uuids': main.outputs.get('job-uuids') ?? '' };
  await playOn(simulator, { inputs, env, command: wait });
  await simulator.close();
  await github.close();
  expect(contexts()).toEqual(cooked);
  expect(github.requests.filter(({ state }) => state === 'success')).toHaveLength(2);
});
