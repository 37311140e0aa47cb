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
import { noSsh } from '../support/deps.ts';

// What a check does at GitHub, how often, and that what it has found and done is reported, though not
// all could be done.

const sha = 'a'.repeat(40);
const runUrl = 'https://github.com/acme/renders/actions/runs/1';

/**
 * One orphan, and two jobs that have ended.
 * @param cancelStatus what the service answers to a cancel
 * @param endsAs the status of what was canceled
 */
function serviceAt(createdAt: string, cancelStatus: number, endsAs: string) {
  const statuses = ['RUNNING', 'COMPLETED', 'FAILED'];
  const jobs = statuses.map((status, index) => ({
    uuid: uuidNumber(index + 1),
    status,
    task: 'BATCH',
    created_at: createdAt,
    description: `[github.com/acme/renders 7 1.1 ${sha} end Nightly] [cook-${'0'.repeat(32)}-aa]`,
  }));
  return ({ method, pathname }: Pick<WireRequest, 'method' | 'pathname'>): WireAnswer => {
    if (method === 'PUT' && cancelStatus !== 200)
      return { status: cancelStatus, text: '{}', dateMs: undefined, retryAfter: undefined };
    const [, uuid] = /^\/v1\/jobs\/([^/]+)/.exec(pathname) ?? [];
    const one = { ...jobs.find((job) => job.uuid === uuid), uuid };
    if (method === 'PUT') one.status = endsAs;
    const job = jobs.find((each) => each.uuid === uuid);
    if (method === 'PUT' && job !== undefined) job.status = endsAs;
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

interface Repository {
  readonly model?: GitHubModel;
  readonly cancelStatus?: number;
  readonly endsAs?: string;
  /** What the host answers to everything, where it is not the service. */
  readonly host?: Pick<WireAnswer, 'status' | 'text'>;
}

/** GitHub, with the statuses of the jobs that have ended still pending. */
function createPendingModel(): GitHubModel {
  const model = createGitHubModel();
  addRun(model, 1, 'completed');
  for (const number of [2, 3]) {
    const target_url = `${runUrl}#dispersed-left-${uuidNumber(number)}`;
    const context = `dispersed / ${number}`;
    model.statuses.push({ sha, state: 'pending', context, description: 'Queued', target_url });
  }
  return model;
}

async function playWith(
  open: (model: GitHubModel, interrupt: () => void) => SendToGitHub,
  given: Readonly<Record<string, string>> = {},
  { model = createPendingModel(), cancelStatus = 200, endsAs = 'CANCELLED', host }: Repository = {},
) {
  const interrupt = new AbortController();
  const clock = createMadeUpClock(Date.now());
  const startMs = clock.monotonicMs();
  let asked = 0;
  const keys = { 'github-token': 't', 'public-key': 'pk_1', 'secret-key': 'sk_1' };
  const inputs = { ...keys, 'api-url': 'http://127.0.0.1:9', ...given };
  const runner = rememberingRunner(inputs, new Map(), { GITHUB_REPOSITORY_ID: '7' });
  const answer = serviceAt(new Date(clock.now() - 3_600_000).toISOString(), cancelStatus, endsAs);
  const deps = {
    runner,
    clock,
    random: () => 1,
    openProbe: noProbe,
    openGitHub: () =>
      open(model, () => {
        interrupt.abort();
      }),
    createSshFolder: noSsh,
    interrupt: interrupt.signal,
    connect: () => ({
      exchange: async (request: WireRequest) => {
        asked += 1;
        return host === undefined
          ? answer(request)
          : { ...host, dateMs: undefined, retryAfter: undefined };
      },
      close: async () => {},
    }),
  };
  await check(deps);
  return { runner, model, asked, tookMs: clock.monotonicMs() - startMs };
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
    `Could not ${attempt}: GitHub's rate limit was reached`,
  ]);
  expect(runner.failed()).toBe(true);
  expect(runner.outputs.get('orphans')).toContain(uuidNumber(1));
  expect(runner.outputs.get('ended')).toContain(uuidNumber(3));
  expect(runner.summary()).toContain(uuidNumber(1));
});

test('a limit while it reads the runs is told as one', async () => {
  const { runner } = await play(/runs$/);
  expect(runner.annotations.map(({ title }) => title)).toEqual([
    "Could not read the workflow runs: GitHub's rate limit was reached",
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

const statesOf = ({ statuses }: GitHubModel) => {
  const last = new Map(statuses.map(({ context, state }) => [context, state]));
  return Object.fromEntries(last);
};
const startedFor = ({ dispatches }: GitHubModel) =>
  dispatches.map(({ inputs }) => inputs['job-uuid']);

/** Refuses to set the statuses of one context, or of all. */
function refusing(model: GitHubModel, status: number, context?: string): SendToGitHub {
  const send = sendTo(model);
  return async (route, parameters, signal) => {
    const isRefused = context === undefined || parameters['context'] === context;
    if (route.startsWith('POST') && route.includes('/statuses/') && isRefused)
      throw refusal(status);
    return send(route, parameters, signal);
  };
}

test('each job is followed up once, and its status finished', async () => {
  const { runner, model } = await playWith(sendTo, followed);
  await playWith(sendTo, followed, { model });
  expect(new Set(startedFor(model))).toEqual(new Set([uuidNumber(2), uuidNumber(3)]));
  expect(model.dispatches).toHaveLength(2);
  expect(statesOf(model)).toEqual({ 'dispersed / 2': 'success', 'dispersed / 3': 'failure' });
  expect(runner.failed()).toBe(false);
});

test.each([
  [403, 'Could not finish a commit status: the permission statuses: write is missing'],
  [401, 'Could not finish a commit status: GitHub did not accept the github-token'],
  [422, 'Could not finish a commit status: GitHub rejected the request'],
])(
  'where GitHub refuses all statuses with %i, four checks start nothing',
  async (status, title) => {
    const model = createPendingModel();
    for (let nth = 0; nth < 4; nth += 1) {
      const open = (of: GitHubModel) => refusing(of, status);
      const { runner } = await playWith(open, followed, { model });
      expect(runner.failed()).toBe(true);
      expect(runner.annotations.map((annotation) => annotation.title)).toEqual([title]);
    }
    expect(model.dispatches).toEqual([]);
  },
);

test.each(['dispersed / 2', 'dispersed / 3'])(
  'of two due jobs, of which one has 1,000 statuses (%s), the other is followed up once',
  async (full) => {
    const model = createPendingModel();
    for (let nth = 0; nth < 4; nth += 1) {
      const { runner } = await playWith((of) => refusing(of, 422, full), followed, { model });
      expect(runner.failed()).toBe(true);
      expect(runner.annotations.map(({ message }) => message)).toEqual([
        expect.stringContaining('1,000 statuses'),
      ]);
    }
    const other = full === 'dispersed / 2' ? 3 : 2;
    expect(startedFor(model)).toEqual([uuidNumber(other)]);
    expect(statesOf(model)[full]).toBe('pending');
  },
);

test('a status that could not be finished by an expired token is by a fresh one', async () => {
  const model = createPendingModel();
  const { runner } = await playWith((of) => refusing(of, 401), {}, { model });
  expect(runner.annotations.map(({ message }) => message)).toEqual([
    expect.stringContaining('expired'),
  ]);
  expect(runner.annotations[0]?.message).not.toContain('permissions of');
  await playWith(sendTo, {}, { model });
  expect(statesOf(model)).toEqual({ 'dispersed / 2': 'success', 'dispersed / 3': 'failure' });
});

test('an orphan that could not be cancelled fails the check', async () => {
  const { runner } = await playWith(sendTo, {}, { cancelStatus: 409 });
  expect(runner.failed()).toBe(true);
  const [problem, ...more] = runner.annotations;
  expect(more).toEqual([]);
  expect(problem).toMatchObject({
    level: 'error',
    title: `Could not cancel orphan ${uuidNumber(1)}: the request was rejected`,
    message: expect.stringContaining('may still be running, and billed. Cancel it in the console'),
  });
  // All else is done all the same.
  expect(runner.outputs.get('orphans')).toContain(uuidNumber(1));
});

test('a secret that GitHub quotes in its refusal is neither in the annotation nor in the summary', async () => {
  const secretKey = 'sk_quoted_0123456789';
  const quoting =
    (model: GitHubModel): SendToGitHub =>
    async (route, parameters, signal) => {
      if (!route.includes('/statuses/{sha}')) return sendTo(model)(route, parameters, signal);
      throw refusal(422, {}, `not accepted: ${secretKey}`);
    };
  const { runner } = await playWith(quoting, { 'secret-key': secretKey });
  const shown = [runner.summary(), ...runner.annotations.map(({ message }) => message)];
  expect(shown).toHaveLength(2);
  for (const text of shown) {
    expect(text).toContain('not accepted: ***');
    expect(text).not.toContain(secretKey);
  }
});

test.each([
  ['RUNNING', 'error', /^Could not cancel orphan/],
  // Its container takes a while to stop.
  ['CANCELLING', 'warning', /^A canceled job has not ended yet$/],
  // The service may restart it.
  ['FAILED', 'warning', /^A canceled job has not ended yet$/],
])('an orphan that is %s half a minute after its cancel: %s', async (endsAs, level, title) => {
  const { runner } = await playWith(sendTo, {}, { endsAs });
  expect(runner.failed()).toBe(level === 'error');
  expect(runner.annotations).toMatchObject([{ level, title: expect.stringMatching(title) }]);
});

test('a limit of GitHub’s that opens in half an hour ends a check at once', async () => {
  let asked = 0;
  const { runner, tookMs } = await playWith(() => async () => {
    asked += 1;
    throw refusal(403, { 'x-ratelimit-remaining': '0', 'retry-after': '1800' });
  });
  expect(tookMs).toBeLessThan(5_000);
  expect(asked).toBeLessThanOrEqual(8);
  expect(runner.failed()).toBe(true);
  expect(runner.annotations.map(({ title }) => title)).toEqual([
    "Could not read the workflow runs: GitHub's rate limit was reached",
  ]);
  for (const name of ['running', 'ended', 'orphans']) expect(runner.outputs.get(name)).toBe('[]');
});

test.each([[{ since: '3' }], [{ 'github-token': '' }]])(
  'the outputs are JSON with inputs that are not valid: %j',
  async (given) => {
    const { runner } = await playWith(sendTo, given);
    expect(runner.failed()).toBe(true);
    for (const name of ['running', 'ended', 'orphans']) expect(runner.outputs.get(name)).toBe('[]');
  },
);

test.each([
  ['a web page', 200, '<!DOCTYPE html><title>Welcome</title>'],
  ['a web page that says that it is not there', 404, '<html><body>Not Found</body></html>'],
  ['another service', 200, '{"hello":"world"}'],
  ['a redirect', 302, ''],
])('at %s (%i) a check ends within 15 s, and api-url is what helps', async (_, status, text) => {
  const { runner, tookMs, asked } = await playWith(sendTo, {}, { host: { status, text } });
  expect(tookMs).toBeLessThan(15_000);
  expect(asked).toBeLessThanOrEqual(6);
  expect(runner.failed()).toBe(true);
  expect(runner.annotations.map(({ message }) => message)).toEqual([
    expect.stringContaining('api-url'),
  ]);
});
