import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { createGitHubModel } from '../github/model.ts';
import { always, startGitHub, type Answer, type StatusRequest } from '../github/server.ts';
import { startProxy } from '../support/proxy.ts';
import { errorsIn, readLog, type Annotation } from '../runner/model.ts';
import type { Simulator } from '../simulator/types.ts';
import { until } from '../support/until.ts';
import { life, play, type Played, type Scenario } from './scenario.ts';
import { onStage, short } from './stage.ts';

// The committed dist, on a stand-in of GitHub's API.

const pushed = 'a'.repeat(40);
const head = 'b'.repeat(40);
const token = 'ghs_0123456789abcdef';

const good = { name: 'Render', life: life('PENDING', 'RUNNING', 'COMPLETED') };
const hostile = '::error::x\r##[error]y\u202e\u0000 <b>|`😀 ';
const bad = {
  name: `${hostile}${'z'.repeat(400)}`,
  life: life('PENDING', { status: 'FAILED', statusReason: hostile.repeat(20) }),
};
const endless = { name: 'Endless', life: life('PENDING', 'RUNNING') };

interface Scene extends Scenario {
  /** When the workflow is cancelled. */
  readonly interruptWhen?: (simulator: Simulator) => boolean;
  readonly github?: (nth: number) => Answer;
  readonly apiPath?: string;
  /** GitHub's host, where it can only be reached through a proxy. */
  readonly behindProxy?: { readonly host: string; readonly noProxy: string };
}

interface Shown extends Played {
  readonly statuses: readonly StatusRequest[];
  readonly warnings: readonly Annotation[];
  /** Since the start, or since it was interrupted. */
  readonly tookMs: number;
  /** Names of the bundle's files that were loaded. */
  readonly loaded: readonly string[];
}

const folder = mkdtempSync(join(tmpdir(), 'commit-status-'));
const eventFile = join(folder, 'event.json');
const eventOf = (name: string) => ({ GITHUB_EVENT_NAME: name, GITHUB_EVENT_PATH: eventFile });
const pullRequest = eventOf('pull_request');
const chosen = 'c'.repeat(40);
// One file for all: each event is told by its name.
const event = {
  pull_request: { head: { sha: head } },
  workflow_run: { head_sha: head },
  issue: { number: 7, pull_request: {} },
};

async function show(told: Scene, name: string): Promise<Shown> {
  const model = createGitHubModel();
  model.pulls.set(7, head);
  const github = await startGitHub(told.github, model);
  const proxy = await startProxy(new URL(github.url));
  const { host, noProxy } = told.behindProxy ?? { host: undefined, noProxy: '' };
  const proxied = host && { HTTP_PROXY: proxy.url, NO_PROXY: `127.0.0.1,${noProxy}` };
  const coverage = join(folder, name);
  let startMs = Date.now();
  const { interruptWhen } = told;
  const played = await play({
    ...told,
    with: { 'commit-status': 'true', 'github-token': token, ...told.with },
    env: {
      GITHUB_API_URL: (host ? `http://${host}` : github.url) + (told.apiPath ?? ''),
      GITHUB_EVENT_NAME: 'push',
      GITHUB_SHA: pushed,
      NODE_V8_COVERAGE: coverage,
      ...proxied,
      ...told.env,
    },
    during: async (step, simulator) => {
      if (interruptWhen === undefined) return;
      await until(() => interruptWhen(simulator));
      startMs = Date.now();
      step.process.kill('SIGINT');
    },
  });
  const tookMs = Date.now() - startMs;
  proxy.close();
  await github.close();
  const warnings = readLog(played.log).annotations.filter(({ level }) => level === 'warning');
  const loaded = loadedFiles(coverage);
  return { ...played, statuses: github.requests, warnings, tookMs, loaded };
}

// Node notes there which scripts it has run.
function loadedFiles(coverage: string): readonly string[] {
  const text = readdirSync(coverage).map((each) => readFileSync(join(coverage, each), 'utf8'));
  return [...text.join('').matchAll(/\/dist\/([\w.-]+\.js)"/g)].map(([, file = '']) => file);
}

const dist = new URL('../../dist/', import.meta.url);
const octokitChunks = readdirSync(dist).filter(
  (file) =>
    file.endsWith('.js') && readFileSync(new URL(file, dist), 'utf8').includes('octokit-core.js'),
);

const isWatched = ({ requests }: Simulator) =>
  requests.some(({ method, path }) => method === 'GET' && /^\/v1\/jobs\b/.test(path));

const refusal = (status: number, message: string, headers = {}) =>
  always({ status, message, headers });

const scenes = {
  completed: { recipes: [good] },
  failedOnPullRequest: { recipes: [bad], env: pullRequest },
  workflowRun: { recipes: [good], env: eventOf('workflow_run') },
  comment: { recipes: [good], env: eventOf('issue_comment') },
  commentUnread: {
    recipes: [good],
    env: eventOf('issue_comment'),
    github: (nth) => (nth === 0 ? { status: 403, message: 'not accessible' } : 'created'),
  },
  givenCommit: { recipes: [good], with: { 'commit-sha': chosen }, env: pullRequest },
  expired: { recipes: [good], github: refusal(401, 'Bad credentials') },
  several: { recipes: [good, bad, good], apiPath: '/api/v3' },
  proxied: {
    recipes: [good],
    behindProxy: { host: 'github.acme.invalid', noProxy: '' },
    apiPath: '/api/v3',
  },
  notProxied: {
    recipes: [good],
    behindProxy: { host: 'github.acme.invalid', noProxy: '.acme.invalid' },
  },
  notCooked: {
    recipes: [good],
    with: { recipes: '00000000-0000-4000-8000-000000000000', title: 'Ghost' },
  },
  noWait: { recipes: [good], with: { wait: 'false' } },
  detached: { recipes: [endless], with: { timeout: '10s', 'on-timeout': 'detach' } },
  dryRun: { recipes: [good], with: { 'dry-run': 'true' } },
  off: { recipes: [good], with: { 'commit-status': 'false' } },
  transient: { recipes: [good], github: (nth) => (nth === 0 ? { status: 502 } : 'created') },
  forbidden: { recipes: [good, bad], github: refusal(403, `Resource not accessible ${hostile}`) },
  hidden: { recipes: [good], github: refusal(404, 'Not Found') },
  limited: {
    recipes: [good],
    github: refusal(403, 'secondary rate limit', { 'retry-after': '60' }),
  },
  broken: { recipes: [good], github: refusal(500, 'Oops') },
  cut: { recipes: [good], github: always('reset') },
  hanging: { recipes: [good], github: always('hang') },
  away: { recipes: [good], env: { GITHUB_API_URL: 'http://127.0.0.1:9' } },
  moved: {
    recipes: [good],
    github: always({ status: 307, headers: { location: '/repos/a/b/statuses/c' } }),
  },
  deprecated: {
    recipes: [good],
    github: always({ status: 201, headers: { deprecation: 'true', sunset: '##[error]x' } }),
  },
  noToken: { recipes: [good], with: { 'github-token': ' ' } },
  noCommit: { recipes: [good], env: { GITHUB_EVENT_NAME: 'pull_request', GITHUB_EVENT_PATH: '/' } },
  interrupted: { recipes: [endless], interruptWhen: isWatched },
  interruptedHanging: {
    recipes: [endless],
    github: always('hang'),
    interruptWhen: isWatched,
  },
} satisfies Record<string, Scene>;

const shown = new Map<string, Shown>();

function scene(name: keyof typeof scenes): Shown {
  const each = shown.get(name);
  if (each === undefined) throw new Error(`${name} was not played`);
  return each;
}

beforeAll(async () => {
  writeFileSync(eventFile, JSON.stringify(event));
  // They mostly wait, each for its own clock.
  await Promise.all(
    Object.entries(scenes).map(async ([name, each]) => shown.set(name, await show(each, name))),
  );
  rmSync(folder, { recursive: true });
}, 120_000);

const stateAndText = ({ statuses }: Pick<Shown, 'statuses'>) =>
  statuses.map(({ state, description }) => `${state}: ${description}`);
const passed = { exitCode: 0, outputs: { result: 'succeeded' } };
const since = 'since \\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d UTC';

describe('with permission', () => {
  test('a job is pending, and then a success, on the commit that was pushed', () => {
    const { statuses, ...step } = scene('completed');
    expect(step).toMatchObject({ ...passed, warnings: [] });
    // On a slow machine there is time for one that says that it runs.
    const told = stateAndText({ statuses }).filter((each) => !each.startsWith('pending: Running'));
    // A request that is slow there is sent again.
    expect([...new Set(told)]).toEqual([
      expect.stringMatching(`^pending: Queued ${since}$`),
      expect.stringMatching(/^success: Succeeded after \d+s$/),
    ]);
    for (const each of statuses) {
      expect(each).toMatchObject({
        path: `POST /repos/acme/renders/statuses/${pushed}`,
        authorization: `token ${token}`,
        context: 'dispersed / Render',
      });
    }
    const run = 'https://github.com/acme/renders/actions/runs/4711';
    expect([...new Set(statuses.map(({ target_url: url }) => url))]).toEqual([
      `${run}#dispersed-job-${step.outputs['job-uuid']}`,
      run,
    ]);
    expect(step.log).toContain(`::add-mask::${token}\n`);
    expect(step.log.replace(`::add-mask::${token}`, '')).not.toContain(token);
  });

  test('on a pull request its head gets the status, hostile text and all', () => {
    const { statuses, exitCode, warnings } = scene('failedOnPullRequest');
    expect({ exitCode, warnings }).toEqual({ exitCode: 1, warnings: [] });
    expect(statuses.map(({ state }) => state)).toEqual(['pending', 'failure']);
    for (const { path, context, description } of statuses) {
      expect(path).toBe(`POST /repos/acme/renders/statuses/${head}`);
      expect(context).toMatch(/^dispersed \/ ::error::x ## \[error\]y <b>\|` z+…$/);
      expect(context.length).toBeLessThan(120);
      expect(description.length).toBeLessThan(140);
    }
    expect(statuses.at(-1)?.description).toMatch(/^Failed: ::error::x ## \[error\]y/);
  });

  test.each([
    ['workflowRun', head],
    ['comment', head],
    ['commentUnread', pushed],
    ['givenCommit', chosen],
  ] as const)('%s: the commit it is about gets the status', (name, sha) => {
    const { statuses, warnings, exitCode, log } = scene(name);
    expect({ exitCode, warnings }).toEqual({ exitCode: 0, warnings: [] });
    const set = statuses.filter(({ path }) => path.startsWith('POST'));
    expect(set.at(-1)?.state).toBe('success');
    expect(new Set(set.map(({ path }) => path))).toEqual(
      new Set([`POST /repos/acme/renders/statuses/${sha}`]),
    );
    expect(log.includes('pull-requests: read')).toBe(name === 'commentUnread');
  });

  test('several jobs have a context each, also on GitHub Enterprise Server', () => {
    const { statuses, warnings } = scene('several');
    expect(warnings).toEqual([]);
    const last = new Map(statuses.map(({ context, state }) => [context, state]));
    expect(Object.fromEntries(last)).toMatchObject({
      'dispersed / Render': 'success',
      'dispersed / Render (2)': 'success',
    });
    expect([...last.values()].toSorted()).toEqual(['failure', 'success', 'success']);
    expect(new Set(statuses.map(({ path }) => path))).toEqual(
      new Set([`POST /api/v3/repos/acme/renders/statuses/${pushed}`]),
    );
  });

  test('GitHub behind a proxy gets them too', () => {
    const { statuses, warnings, tookMs } = scene('proxied');
    expect(warnings).toEqual([]);
    expect([...new Set(statuses.map(({ state }) => state))]).toEqual(['pending', 'success']);
    expect(tookMs).toBeLessThan(60_000);
  });

  test.each([
    ['notCooked', /^error: Could not be cooked: /, 'dispersed / Ghost'],
    ['noWait', /^pending: Submitted$/, 'dispersed / Render'],
    ['detached', /^pending: Left running/, 'dispersed / Endless'],
    ['interrupted', /^error: Canceled/, 'dispersed / Endless'],
  ] as const)('%s has the last word', (name, words, context) => {
    expect(scene(name).warnings).toEqual([]);
    expect(stateAndText(scene(name)).at(-1)).toMatch(words);
    expect(scene(name).statuses.at(-1)?.context).toBe(context);
  });

  test('a job that is not waited for gets one status', () => {
    expect(scene('noWait').statuses).toHaveLength(1);
  });

  test('a transient error is not mentioned', () => {
    expect(scene('transient')).toMatchObject({ ...passed, warnings: [] });
    expect(stateAndText(scene('transient')).at(-1)).toMatch(/^success/);
  });
});

describe('without permission', () => {
  test.each(['forbidden', 'hidden'] as const)('%s: one warning that says which', (name) => {
    const { warnings, statuses, exitCode, jobs } = scene(name);
    expect(warnings.map(({ message }) => message)).toEqual([
      expect.stringContaining('`statuses: write` to the permissions'),
    ]);
    // Two jobs may find out at the same time.
    expect(statuses.length).toBeLessThanOrEqual(jobs.length);
    expect(exitCode).toBe(jobs.some(({ status }) => status === 'FAILED') ? 1 : 0);
  });

  test('what GitHub says is no command', () => {
    const errors = errorsIn(scene('forbidden').log);
    expect(errors).toHaveLength(1);
  });
});

test('a token that has expired is said to have, once', () => {
  const { warnings, statuses, ...step } = scene('expired');
  expect(step).toMatchObject(passed);
  expect(warnings.map(({ message }) => message)).toEqual([
    expect.stringMatching(/Bad credentials\. The github-token may have expired/),
  ]);
  expect(warnings[0]?.message).not.toContain('permissions');
  expect(statuses).toHaveLength(1);
});

describe('trouble is one warning and never the verdict', () => {
  const names = [
    'limited',
    'broken',
    'cut',
    'hanging',
    'away',
    'moved',
    'notProxied',
    'noToken',
    'noCommit',
  ];

  test.each(names as (keyof typeof scenes)[])('%s', (name) => {
    const { warnings, tookMs, ...step } = scene(name);
    expect(step).toMatchObject(passed);
    expect(warnings.map(({ title }) => title)).toEqual(['The commit status could not be set']);
    expect(warnings[0]?.message).not.toContain('statuses: write');
    expect(tookMs).toBeLessThan(60_000);
  });

  test('nothing of what GitHub says reaches the log by itself', () => {
    const { log, ...step } = scene('deprecated');
    expect(step).toMatchObject({ ...passed, warnings: [] });
    expect(log).not.toContain('deprecated');
  });

  test('an interrupted step ends in time while GitHub hangs', () => {
    const { exitCode, outputs, warnings, tookMs } = scene('interruptedHanging');
    expect({ exitCode, result: outputs['result'] }).toEqual({ exitCode: 1, result: 'cancelled' });
    expect(warnings).toHaveLength(1);
    expect(tookMs).toBeLessThan(9_000);
  });
});

describe('where it is not asked for', () => {
  test.each(['off', 'dryRun'] as const)(
    '%s: GitHub is not asked, nor its client loaded',
    (name) => {
      const { statuses, loaded, exitCode } = scene(name);
      expect({ statuses, exitCode }).toEqual({ statuses: [], exitCode: 0 });
      expect(loaded).toContain('index.js');
      expect(loaded).toEqual(expect.not.arrayContaining(octokitChunks));
    },
  );

  test('the client is a chunk of its own', () => {
    expect(octokitChunks).toEqual([expect.stringMatching(/^\d+\.index\.js$/)]);
    expect(scene('completed').loaded).toEqual(expect.arrayContaining(octokitChunks));
  });
});

describe('main was killed', () => {
  /** Kills main once the commit has a status, and runs post. */
  async function killed(given: Readonly<Record<string, string>>) {
    const github = await startGitHub();
    const env = { GITHUB_API_URL: github.url, GITHUB_EVENT_NAME: 'push', GITHUB_SHA: pushed };
    const inputs = { 'commit-status': 'true', 'github-token': token, ...given };
    const played = await onStage({ recipes: [endless] }, async ({ start, statuses }) => {
      const main = start({ env, with: inputs });
      await until(() => github.model.statuses.length > 0);
      main.process.kill('SIGKILL');
      const { log } = await main.post();
      return { log, jobs: statuses() };
    });
    await github.close();
    const last = github.model.statuses.at(-1);
    return { ...played, last, requests: github.requests.length };
  }

  test('post cancels its job, and says so', async () => {
    const { jobs, last } = await killed({});
    expect(jobs).toEqual(['CANCELLED']);
    expect(last).toMatchObject({ state: 'error', context: 'dispersed / Endless' });
    expect(last?.description).toMatch(/^Canceled/);
    expect(last?.target_url).toMatch(/\/actions\/runs\/4711$/);
  });

  test('its job is to live on: the status is for check to finish', async () => {
    const { jobs, last } = await killed({ 'on-workflow-cancel': 'detach' });
    expect(jobs).not.toEqual(['CANCELLED']);
    expect(last).toMatchObject({ state: 'pending', context: 'dispersed / Endless' });
    expect(last?.target_url).toContain('#dispersed-left-');
  });
});

test('post asks GitHub nothing where main has set all', async () => {
  const github = await startGitHub();
  const env = { GITHUB_API_URL: github.url, GITHUB_EVENT_NAME: 'push', GITHUB_SHA: pushed };
  const inputs = { 'commit-status': 'true', 'github-token': token };
  const [before, after] = await onStage({ recipes: [short] }, async ({ start }) => {
    const main = start({ env, with: inputs });
    await main.done;
    const count = github.requests.length;
    await main.post();
    return [count, github.requests.length];
  });
  await github.close();
  expect(before).toBeGreaterThan(0);
  expect(after).toBe(before);
});
