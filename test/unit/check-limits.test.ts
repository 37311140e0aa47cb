import { expect, test } from '@jest/globals';
import type { WireAnswer } from '../../src/service/http.ts';
import type { WireRequest } from '../../src/service/sign.ts';
import { check } from '../../src/commands/check.ts';
import type { SendToGitHub } from '../../src/github/octokit.ts';
import { createMadeUpClock } from '../support/clock.ts';
import { refusal, sendTo } from '../github/in-process.ts';
import { addRun, createGitHubModel, type GitHubModel } from '../github/model.ts';
import { uuidNumber } from '../support/outcomes.ts';
import { noProbe } from '../support/probe.ts';
import { rememberingRunner } from '../runner/in-process.ts';

// What a check has found and done is told, though its time is over before it is through.

const sha = 'a'.repeat(40);
const runUrl = 'https://github.com/acme/renders/actions/runs/1';

/** One orphan, and two jobs that have ended. */
function serviceAt(createdAt: string) {
  const statuses = ['RUNNING', 'COMPLETED', 'FAILED'];
  const jobs = statuses.map((status, index) => ({
    uuid: uuidNumber(index + 1),
    status,
    task: 'BATCH',
    created_at: createdAt,
    description: `[github.com/acme/renders 7 1.1 ${sha} end Nightly] [cook-${'0'.repeat(32)}-aa]`,
  }));
  return ({ method, pathname }: Pick<WireRequest, 'method' | 'pathname'>): WireAnswer => {
    const [, uuid] = /^\/v1\/jobs\/([^/]+)/.exec(pathname) ?? [];
    const one = { ...jobs.find((job) => job.uuid === uuid), uuid };
    if (method === 'PUT') one.status = 'CANCELLED';
    const list = { data: pathname === '/v1/jobs' ? jobs : [], total: jobs.length };
    const text = JSON.stringify(uuid === undefined ? list : one);
    return { status: 200, text, dateMs: undefined, retryAfter: undefined };
  };
}

/** Refuses one kind of request for an hour, as GitHub does beyond a limit. */
function limiting(model: GitHubModel, limited: RegExp): SendToGitHub {
  const send = sendTo(model);
  return async (route, parameters, signal) => {
    if (!limited.test(route)) return send(route, parameters, signal);
    throw refusal(403, { 'x-ratelimit-remaining': '0', 'retry-after': '3600' });
  };
}

async function play(limited: RegExp, given: Readonly<Record<string, string>> = {}) {
  return playWith((model) => limiting(model, limited), given);
}

async function playWith(
  open: (model: GitHubModel, interrupt: () => void) => SendToGitHub,
  given: Readonly<Record<string, string>> = {},
) {
  const interrupt = new AbortController();
  const clock = createMadeUpClock(Date.now());
  const model = createGitHubModel();
  addRun(model, 1, 'completed');
  for (const number of [2, 3]) {
    const target_url = `${runUrl}#dispersed-left-${uuidNumber(number)}`;
    const context = `dispersed / ${number}`;
    model.statuses.push({ sha, state: 'pending', context, description: 'Queued', target_url });
  }
  const keys = { 'github-token': 't', 'public-key': 'pk_1', 'secret-key': 'sk_1' };
  const inputs = { ...keys, 'api-url': 'http://127.0.0.1:9', ...given };
  const runner = rememberingRunner(inputs, new Map(), { GITHUB_REPOSITORY_ID: '7' });
  const answer = serviceAt(new Date(clock.now() - 3_600_000).toISOString());
  const deps = {
    runner,
    clock,
    random: () => 1,
    openProbe: noProbe,
    openGitHub: () =>
      open(model, () => {
        interrupt.abort();
      }),
    interrupt: interrupt.signal,
    connect: () => ({
      exchange: async (request: WireRequest) => answer(request),
      close: async () => {},
    }),
  };
  await check(deps);
  return { runner, model };
}

const followed = { 'follow-up': 'deploy.yml' };

test.each([
  ['starts follow-ups', /dispatches$/, 'start the follow-up', followed],
  ['sets statuses', /^POST .*statuses/, 'finish a commit status', {}],
  [
    'sets statuses of jobs that are followed',
    /^POST .*statuses/,
    'finish a commit status',
    followed,
  ],
  ['reads statuses', /\/status$/, 'read the commit statuses', {}],
])('a limit of GitHub’s while it %s hides nothing else', async (_, limited, attempt, given) => {
  const { runner, model } = await play(limited, given);
  // Each check would start them again.
  expect(model.dispatches).toEqual([]);
  expect(runner.annotations.map(({ title }) => title)).toEqual([
    `Could not ${attempt}: GitHub's rate limit`,
  ]);
  expect(runner.failed()).toBe(true);
  expect(runner.outputs.get('orphans')).toContain(uuidNumber(1));
  expect(runner.outputs.get('ended')).toContain(uuidNumber(3));
  expect(runner.summary()).toContain(uuidNumber(1));
});

test('a limit while it reads the runs is told as one', async () => {
  const { runner } = await play(/runs$/);
  expect(runner.annotations.map(({ title }) => title)).toEqual([
    "Could not read the workflow runs: GitHub's rate limit",
  ]);
});

test('an interrupt while it finishes statuses hides nothing else either', async () => {
  const { runner } = await playWith((model, interrupt) => {
    const send = limiting(model, /^$/);
    return async (route, parameters, signal) => {
      if (route.endsWith('/status')) interrupt();
      // As Octokit does.
      if (signal.aborted) throw Object.assign(new Error('aborted'), { status: 500 });
      return send(route, parameters, signal);
    };
  });
  expect(runner.annotations.map(({ title }) => title)).toEqual([
    'Could not finish the commit statuses: interrupted',
  ]);
  expect(runner.failed()).toBe(true);
  expect(runner.outputs.get('orphans')).toContain(uuidNumber(1));
});
