import { expect, jest, test } from '@jest/globals';
import { describeWithMark } from '../../src/custody/mark.ts';
import { errorsIn } from '../runner/model.ts';
import type { StepResult } from '../runner/step.ts';
import { call } from '../simulator/client.ts';
import { listen } from '../simulator/listener.ts';
import type { RecipeScript, Simulator, SimulatorOptions } from '../simulator/types.ts';
import { addRun, latestStatuses, type GitHubModel } from '../github/model.ts';
import { startGitHub, type Answer, type GitHub, type StatusRequest } from '../github/server.ts';
import { until } from '../support/until.ts';
import { endless, onStage, type Stage, type StepInputs } from './stage.ts';

// Whole stories of a repository: steps that cook, runners that vanish, and checks that come later,
// with the committed `dist`, the service and a stand-in of GitHub.

// Each scene starts several processes. They are played side by side, which those of several
// `describe` are not.
jest.setTimeout(60_000);

const sha = 'a'.repeat(40);
const token = 'ghs_check';

interface Repository extends Stage {
  readonly github: GitHub;
  readonly model: GitHubModel;
  /** Runs a step of the cook action in a workflow run of this number. */
  readonly cook: (runId: number, inputs?: StepInputs) => ReturnType<Stage['start']>;
  readonly check: (inputs?: StepInputs['with'], env?: StepInputs['env']) => Promise<StepResult>;
}

const ofRepository = { GITHUB_REPOSITORY_ID: '1234', GITHUB_SHA: sha, GITHUB_EVENT_NAME: 'push' };

async function inRepository<T>(
  options: SimulatorOptions,
  scene: (repository: Repository) => Promise<T>,
  behave?: (nth: number, request: StatusRequest) => Answer,
): Promise<T> {
  const github = await startGitHub(behave);
  const env = { ...ofRepository, GITHUB_API_URL: github.url };
  try {
    return await onStage(options, async (stage) =>
      scene({
        ...stage,
        github,
        model: github.model,
        cook: (runId, inputs = {}) =>
          stage.start({
            ...inputs,
            env: { ...env, GITHUB_RUN_ID: String(runId), ...inputs.env },
          }),
        check: async (given = {}, more = {}) =>
          stage.start({
            action: 'check',
            with: { 'github-token': token, ...given },
            env: { ...env, GITHUB_RUN_ID: '99', ...more },
          }).done,
      }),
    );
  } finally {
    await github.close();
  }
}

const statusesOf = (simulator: Simulator) => simulator.jobs().map(({ status }) => status);
const errorsOf = ({ log }: StepResult) => errorsIn(log);
interface Checked {
  readonly job_uuid: string;
  readonly result: string;
  readonly cost_usd: number | null;
  readonly cost_is: string | null;
}
const parsed = (step: StepResult, output: string) =>
  JSON.parse(step.outputs[output] ?? 'null') as Checked[];

/** Jobs that end when a test says so. */
const recipes: readonly RecipeScript[] = [endless];
const five = { recipes: Array.from({ length: 5 }, () => endless) };

// A runner that vanished.

test.concurrent(
  'a runner that vanished: its five jobs are gone after a check, and those that were to live on are untouched',
  async () => {
    await inRepository(five, async ({ simulator, model, cook, check, statuses }) => {
      const killed = cook(1);
      await until(() => statuses().length === 5);
      killed.process.kill('SIGKILL');
      await killed.done;
      const left = { wait: 'false' };
      await cook(2, { with: left }).done;
      const foreign = cook(3, {
        env: { GITHUB_REPOSITORY: 'fork/renders', GITHUB_REPOSITORY_ID: '9' },
      });
      await until(() => statuses().length === 15);
      foreign.process.kill('SIGKILL');
      const living = cook(4);
      await until(() => statuses().length === 20);
      addRun(model, 1, 'completed');
      addRun(model, 2, 'completed');
      addRun(model, 3, 'completed');
      addRun(model, 4, 'in_progress');

      const first = await check();
      expect(first.exitCode).toBe(0);
      expect(parsed(first, 'orphans').map(({ result }) => result)).toEqual(
        Array.from({ length: 5 }, () => 'cancelled'),
      );
      const after = simulator.jobs();
      expect(after.slice(0, 5).map(({ status }) => status)).toEqual(
        Array.from({ length: 5 }, () => 'CANCELLED'),
      );
      expect(after.slice(5).every(({ status }) => status === 'RUNNING')).toBe(true);
      const second = await check();
      expect(parsed(second, 'orphans')).toEqual([]);
      expect(second.summary).toContain('running');
      living.process.kill('SIGINT');
      await living.done;
    });
  },
);

test.concurrent(
  'a runner that vanished: its machine for steps on the GPU is gone after a check',
  async () => {
    await inRepository({ recipes }, async ({ simulator, model, cook, check, statuses }) => {
      const killed = cook(1, { with: { ssh: 'true', task: 'PERSISTENT' } });
      await until(() => statuses().length === 1);
      killed.process.kill('SIGKILL');
      await killed.done;
      addRun(model, 1, 'completed');
      const checked = await check();
      expect(parsed(checked, 'orphans').map(({ result }) => result)).toEqual(['cancelled']);
      expect(statusesOf(simulator)).toEqual(['CANCELLED']);
    });
  },
);

test.concurrent.each([
  ['not over for long', { minutesAgo: 9 }, 'completed'],
  ['going on', {}, 'in_progress'],
  ['waiting for its environment', {}, 'waiting'],
])('a runner that vanished: a run that is %s keeps its jobs', async (_, over, status) => {
  await inRepository({ recipes }, async ({ simulator, model, cook, check, statuses }) => {
    const killed = cook(1);
    await until(() => statuses().length === 1);
    killed.process.kill('SIGKILL');
    await killed.done;
    addRun(model, 1, status, over);
    const checked = await check();
    expect(parsed(checked, 'orphans')).toEqual([]);
    expect(statusesOf(simulator)).toEqual(['RUNNING']);
  });
});

test.concurrent(
  'a runner that vanished: an attempt that is over loses its jobs though the next one goes on, but for attach',
  async () => {
    await inRepository({ recipes }, async ({ simulator, model, cook, check, statuses }) => {
      const steps = [cook(1), cook(1, { with: { 'on-rerun': 'attach' } })];
      await until(() => statuses().length === 2);
      for (const step of steps) step.process.kill('SIGKILL');
      await Promise.all(steps.map(async ({ done }) => done));
      addRun(model, 1, 'in_progress', { attempt: 2, minutesAgo: 11 });
      expect(parsed(await check(), 'orphans')).toHaveLength(1);
      expect(statusesOf(simulator).toSorted()).toEqual(['CANCELLED', 'RUNNING']);
    });
  },
);

test.concurrent('a runner that vanished: is only told of with orphans: report', async () => {
  await inRepository({ recipes }, async ({ simulator, model, cook, check, statuses }) => {
    const killed = cook(1);
    await until(() => statuses().length === 1);
    killed.process.kill('SIGKILL');
    await killed.done;
    addRun(model, 1, 'completed');
    const checked = await check({ orphans: 'report' });
    expect(parsed(checked, 'orphans')).toHaveLength(1);
    expect(checked.summary).toContain('Orphans');
    expect(statusesOf(simulator)).toEqual(['RUNNING']);
  });
});

test.concurrent(
  'a runner that vanished: a run that was deleted is gone, and a renamed repository finds its jobs',
  async () => {
    await inRepository({ recipes }, async ({ simulator, model, cook, check, statuses }) => {
      const killed = cook(1, { env: { GITHUB_REPOSITORY: 'acme/old-name' } });
      await until(() => statuses().length === 1);
      killed.process.kill('SIGKILL');
      await killed.done;
      // Too young for a run of which nothing is known.
      expect(parsed(await check(), 'orphans')).toEqual([]);
      addRun(model, 1, 'completed');
      expect(parsed(await check(), 'orphans')).toHaveLength(1);
      expect(statusesOf(simulator)).toEqual(['CANCELLED']);
    });
  },
);

// Cook and leave.

const leave = { wait: 'false', 'commit-status': 'true', 'github-token': token };
const followUp = { 'follow-up': 'deploy.yml' };

test.concurrent(
  'cook and leave: one dispatch and one final status, however often it is checked',
  async () => {
    const script: RecipeScript = {
      name: 'Train',
      // Longer than a slow machine takes to cook it and to check once.
      life: [{ status: 'RUNNING', forMs: 12_000 }, { status: 'COMPLETED' }],
    };
    await inRepository({ recipes: [script] }, async ({ simulator, model, cook, check }) => {
      const { outputs } = await cook(1, { with: leave }).done;
      addRun(model, 1, 'completed');
      expect(model.statuses.map(({ state }) => state)).toEqual(['pending']);
      await check(followUp);
      expect(model.dispatches).toEqual([]);
      await until(() => statusesOf(simulator)[0] === 'COMPLETED');
      const first = await check(followUp);
      expect({ exitCode: first.exitCode, errors: errorsOf(first) }).toEqual({
        exitCode: 0,
        errors: [],
      });
      await check(followUp);
      const jobUuid = outputs['job-uuid'];
      const inputs = { 'job-uuid': jobUuid, result: 'succeeded', title: 'Train', sha };
      expect(model.dispatches).toEqual([{ workflow: 'deploy.yml', ref: 'trunk', inputs }]);
      expect(model.statuses.map(({ state, context }) => [state, context])).toEqual([
        ['pending', 'dispersed / Train'],
        // Whether it may be set is tried before the workflow is started.
        ['pending', 'dispersed / Train'],
        ['success', 'dispersed / Train'],
      ]);
      expect(model.statuses.at(-1)?.target_url).toBe(
        'https://github.com/acme/renders/actions/runs/1',
      );
    });
  },
);

test.concurrent(
  'cook and leave: a status that a step still watches, and those of others, are left alone',
  async () => {
    await inRepository({ recipes }, async ({ simulator, model, cook, check }) => {
      const running = cook(1, { with: { 'commit-status': 'true', 'github-token': token } });
      await until(() => model.statuses.length > 0);
      addRun(model, 1, 'in_progress');
      const others = ['dispersed / By hand', 'ci / test'];
      for (const context of others) {
        model.statuses.push({
          sha,
          context,
          state: 'pending',
          description: 'x',
          target_url: null,
        });
      }
      const [job] = simulator.jobs();
      running.process.kill('SIGSTOP');
      simulator.cancelJob(job?.uuid ?? '');
      const before = model.statuses.length;
      await check(followUp);
      expect(model.statuses).toHaveLength(before);
      // The runner is gone, and its run over: nobody else ends the status.
      running.process.kill('SIGKILL');
      await running.done;
      addRun(model, 1, 'completed');
      await check(followUp);
      const last = latestStatuses(model, sha).map(({ context, state }) => [context, state]);
      expect(Object.fromEntries(last)).toEqual({
        'dispersed / Endless': 'error',
        'dispersed / By hand': 'pending',
        'ci / test': 'pending',
      });
      expect(model.dispatches).toHaveLength(1);
    });
  },
);

test.concurrent(
  'cook and leave: two checks at once do no harm, but for a workflow that is started twice',
  async () => {
    await inRepository({ recipes }, async ({ simulator, model, check }) => {
      const uuid = await leaveOneEndedAndOneOrphan(simulator, model);
      const both = await Promise.all([check(followUp), check(followUp)]);
      expect(both.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
      expect(both.flatMap(errorsOf)).toEqual([]);
      expect(statusesOf(simulator)).toEqual(['CANCELLED', 'CANCELLED']);
      expect(latestStatuses(model, shaOf(1)).map(({ state }) => state)).toEqual(['error']);
      const started = model.dispatches.map(({ inputs }) => inputs['job-uuid']);
      expect(started.length).toBeLessThanOrEqual(2);
      expect(new Set(started)).toEqual(new Set([uuid]));
      // What one has finished, none starts again.
      await check(followUp);
      expect(model.dispatches).toHaveLength(started.length);
    });
  },
);

test.concurrent(
  'cook and leave: by a clock that is hours off, nothing is cancelled too early or missed',
  async () => {
    await inRepository({ recipes }, async ({ simulator, model, check }) => {
      await cookBare(simulator, 1, 'end');
      addRun(model, 1, 'completed', { minutesAgo: 9 });
      const ahead = { NODE_OPTIONS: `--import ${clockAhead}` };
      expect(parsed(await check({}, ahead), 'orphans')).toEqual([]);
      addRun(model, 1, 'completed', { minutesAgo: 11 });
      expect(parsed(await check({ since: '1h' }, ahead), 'orphans')).toHaveLength(1);
      expect(statusesOf(simulator)).toEqual(['CANCELLED']);
    });
  },
);

test.concurrent('cook and leave: a forged mark in title and description does no harm', async () => {
  await inRepository({ recipes }, async ({ simulator, model, cook, check, statuses }) => {
    const victim = cook(1, { with: { wait: 'false' } });
    await victim.done;
    const [job] = simulator.jobs();
    const forged = (job?.description ?? '').replace(' keep ', ' end ');
    const other = { GITHUB_REPOSITORY: 'evil/fork', GITHUB_REPOSITORY_ID: '666' };
    await cook(2, { with: { wait: 'false', description: forged, title: forged }, env: other }).done;
    await until(() => statuses().length === 2);
    addRun(model, 1, 'completed');
    addRun(model, 2, 'completed');
    const checked = await check();
    expect(parsed(checked, 'orphans')).toEqual([]);
    expect(parsed(checked, 'running')).toHaveLength(1);
    expect(statusesOf(simulator)).toEqual(['RUNNING', 'RUNNING']);
  });
});

/**
 * Leaves a job that has ended, with its status pending, and one that its run was to end.
 * @returns the UUID of the one that has ended
 */
async function leaveOneEndedAndOneOrphan(
  simulator: Simulator,
  model: GitHubModel,
): Promise<string> {
  const uuid = await cookBare(simulator, 1, 'keep');
  await cookBare(simulator, 2, 'end');
  simulator.cancelJob(uuid);
  addRun(model, 1, 'completed');
  addRun(model, 2, 'completed');
  const target = `https://github.com/acme/renders/actions/runs/1#dispersed-left-${uuid}`;
  const status = { sha: shaOf(1), context: 'dispersed / Endless', state: 'pending' };
  model.statuses.push({ ...status, description: 'Submitted', target_url: target });
  return uuid;
}

/** Cooks a job that nobody watches, in a run of this number. */
async function cookBare(
  simulator: Simulator,
  runId: number,
  lifetime: 'end' | 'keep',
  recipe = 0,
): Promise<string> {
  const run = {
    server: 'github.com',
    repository: 'acme/renders',
    repositoryId: '1234',
    runId: String(runId),
    runAttempt: 1,
    sha: shaOf(runId),
    workflow: `Workflow ${runId % 7}`,
  };
  const inputs = {
    wait: true,
    'wait-until': undefined,
    'on-timeout': lifetime === 'end' ? 'cancel' : 'detach',
    'on-workflow-cancel': 'cancel',
    'on-job-end': 'keep',
    'on-rerun': 'cook',
  } as const;
  const mark = `cook-${String(runId).padStart(32, '0')}-0123456789abcdef`;
  const body = { description: describeWithMark('', mark, inputs, run) };
  const path = `/v1/job-recipes/${simulator.recipeUuids[recipe]}/cook`;
  const reply = await call(simulator, 'POST', path, { body });
  return (reply.body as { uuid: string }).uuid;
}

test.concurrent(
  'what has ended costs what the ledger has, and else the rate times the time, with ≈',
  async () => {
    const life = [{ status: 'RUNNING', forMs: 300 }, { status: 'COMPLETED' }];
    // 1 USD for 300 ms.
    const trained = { name: 'Train', life, hourlyRateUsd: 12_000 };
    const priced = { ...endless, hourlyRateUsd: 12_000 };
    const options = { recipes: [trained, { ...trained, bill: { afterMs: 3_600_000 } }, priced] };
    await inRepository(options, async ({ simulator, check }) => {
      for (const runId of [1, 2, 3]) await cookBare(simulator, runId, 'keep', runId - 1);
      await until(() => statusesOf(simulator)[1] === 'COMPLETED');
      const checked = await check();
      const costs = [...parsed(checked, 'running'), ...parsed(checked, 'ended')];
      expect(costs.map((job) => job.cost_is)).toEqual(['estimated', 'estimated', 'billed']);
      expect(costs.slice(1).map((job) => job.cost_usd)).toEqual([1, 1]);
      expect(checked.summary).toMatch(/>≈ 1\.00</);
      expect(checked.summary).toMatch(/>1\.00</);
    });
  },
);

// A runner whose clock is two hours ahead.
const clockAhead = `data:text/javascript,${encodeURIComponent(
  'const now = Date.now; Date.now = () => now() + 7_200_000;',
)}`;

const shaOf = (runId: number) => runId.toString(16).padStart(40, '0');

// A permission that is missing is named, in one error.

const all = { actions: 'write', statuses: 'write', contents: 'read' } as const;
test.concurrent.each([
  [{ ...all, actions: 'none' as const }, 'actions: read'],
  [{ ...all, actions: 'read' as const }, 'actions: write'],
  [{ ...all, statuses: 'none' as const }, 'statuses: write'],
  [{ ...all, statuses: 'read' as const }, 'statuses: write'],
])('a missing permission is named in one error: %j: %s', async (permissions, missing) => {
  await inRepository({ recipes }, async ({ simulator, model, check }) => {
    await leaveOneEndedAndOneOrphan(simulator, model);
    model.permissions = permissions;
    const checked = await check({ 'follow-up': 'deploy.yml' });
    expect(checked.exitCode).toBe(1);
    expect(errorsOf(checked).map(({ message }) => message)).toEqual([
      expect.stringContaining(`\`${missing}\` to the permissions`),
    ]);
    // Without the runs nobody is an orphan; all else is done all the same.
    const isBlind = missing === 'actions: read';
    expect(statusesOf(simulator)).toEqual(['CANCELLED', isBlind ? 'RUNNING' : 'CANCELLED']);
    expect(model.statuses.every(({ state }) => state === 'pending')).toBe(true);
    // The next check would start it again.
    expect(model.dispatches).toEqual([]);
  });
});

// Trouble with GitHub.

const limited = (nth: number): Answer =>
  nth % 2 === 0
    ? { status: 403, headers: { 'retry-after': '1' }, message: 'secondary rate limit' }
    : 'created';

test.concurrent.each<[string, (nth: number) => Answer]>([
  ['limits that go by', limited],
  ['blips', (nth) => (nth % 3 === 0 ? { status: 502 } : 'created')],
])(
  'trouble with GitHub: %s are met with patience',
  async (_, behave) => {
    await inRepository(
      { recipes },
      async ({ simulator, model, check }) => {
        await cookBare(simulator, 1, 'end');
        addRun(model, 1, 'completed');
        const checked = await check();
        expect({ exitCode: checked.exitCode, errors: errorsOf(checked) }).toEqual({
          exitCode: 0,
          errors: [],
        });
        expect(statusesOf(simulator)).toEqual(['CANCELLED']);
      },
      behave,
    );
  },
  60_000,
);

test.concurrent(
  'trouble with GitHub: a follow-up that is not there is said, and the status waits for it',
  async () => {
    await inRepository({ recipes }, async ({ simulator, model, check }) => {
      const uuid = await cookBare(simulator, 1, 'keep');
      simulator.cancelJob(uuid);
      const target = `https://github.com/acme/renders/actions/runs/1#dispersed-left-${uuid}`;
      const status = { sha: shaOf(1), context: 'dispersed / Endless', state: 'pending' };
      model.statuses.push({ ...status, description: 'Submitted', target_url: target });
      const checked = await check({ 'follow-up': 'nowhere.yml' });
      expect(checked.exitCode).toBe(1);
      expect(errorsOf(checked)).toHaveLength(1);
      expect(checked.log).toContain('nowhere.yml on trunk');
      expect(model.statuses.every(({ state }) => state === 'pending')).toBe(true);
    });
  },
);

/** Leaves jobs that have ended, of these runs, each with its status pending. */
async function leaveEnded({ simulator, model }: Repository, runIds: readonly number[]) {
  for (const runId of runIds) {
    const uuid = await cookBare(simulator, runId, 'keep');
    simulator.cancelJob(uuid);
    addRun(model, runId, 'completed');
    const target = `https://github.com/acme/renders/actions/runs/${runId}#dispersed-left-${uuid}`;
    const status = { sha: shaOf(runId), context: 'dispersed / Endless', state: 'pending' };
    model.statuses.push({ ...status, description: 'Submitted', target_url: target });
  }
}

test.concurrent(
  'trouble with GitHub: where it refuses a status, nothing is dispatched for its job, nor the other twice',
  async () => {
    const full: Answer = { status: 422, message: 'has reached the maximum number of statuses' };
    await inRepository(
      { recipes },
      async (repository) => {
        await leaveEnded(repository, [1, 2]);
        for (let nth = 0; nth < 3; nth += 1) {
          const checked = await repository.check(followUp);
          expect(checked.exitCode).toBe(1);
          expect(errorsOf(checked).map(({ title }) => title)).toEqual([
            'Could not finish a commit status: GitHub rejected the request',
          ]);
        }
        const { dispatches } = repository.model;
        expect(dispatches.map(({ inputs }) => inputs['sha'])).toEqual([shaOf(2)]);
      },
      (_, { path }) => (path.endsWith(`/statuses/${shaOf(1)}`) ? full : 'created'),
    );
  },
);

test.concurrent(
  'trouble with GitHub: a limit for half an hour ends the check at once, after a handful of calls',
  async () => {
    const closed: Answer = {
      status: 403,
      headers: {
        'x-ratelimit-remaining': '0',
        'x-ratelimit-reset': String(Math.round(Date.now() / 1000) + 1_800),
      },
      message: 'API rate limit exceeded',
    };
    await inRepository(
      { recipes },
      async (repository) => {
        await leaveEnded(repository, [1, 2]);
        const startMs = Date.now();
        const checked = await repository.check(followUp);
        expect(Date.now() - startMs).toBeLessThan(20_000);
        expect(checked.exitCode).toBe(1);
        for (const { title } of errorsOf(checked)) expect(title).toContain("GitHub's rate limit");
        expect(repository.github.requests.length).toBeLessThan(9);
      },
      () => closed,
    );
  },
);

test.concurrent('an orphan that could not be cancelled fails the check', async () => {
  await inRepository({ recipes }, async ({ simulator, model, check }) => {
    await cookBare(simulator, 1, 'end');
    addRun(model, 1, 'completed');
    const kind = { type: 'status', status: 403 } as const;
    simulator.inject({ method: 'PUT', times: Infinity, kind });
    const checked = await check();
    expect(checked.exitCode).toBe(1);
    expect(errorsOf(checked).map(({ title }) => title)).toEqual([
      expect.stringMatching(/^Could not cancel orphan /),
    ]);
    expect(parsed(checked, 'orphans')).toHaveLength(1);
  });
});

test.concurrent(
  'a token that expired while the step waited: a check with a valid one finishes the status',
  async () => {
    const script = {
      name: 'Train',
      life: [{ status: 'RUNNING', forMs: 4_000 }, { status: 'COMPLETED' }],
    };
    let isExpired = false;
    await inRepository(
      { recipes: [script] },
      async ({ model, cook, check }) => {
        const step = cook(1, { with: { 'commit-status': 'true', 'github-token': 'ghs_app' } });
        await until(() => model.statuses.length > 0);
        isExpired = true;
        expect((await step.done).exitCode).toBe(0);
        expect(model.statuses.at(-1)?.state).toBe('pending');
        addRun(model, 1, 'completed');
        await check();
        expect(latestStatuses(model, sha).map(({ state }) => state)).toEqual(['success']);
      },
      (_, { authorization }) =>
        isExpired && authorization?.includes('ghs_app')
          ? { status: 401, message: 'Bad credentials' }
          : 'created',
    );
  },
);

test.concurrent.each([
  ['a web page', 200, '<!DOCTYPE html><title>Welcome</title>'],
  ['a page that says that it is not there', 404, '<html>Not Found</html>'],
  ['another service', 200, '{"hello":"world"}'],
])('a host that is no API, but %s, ends a check within 15 s', async (_, status, text) => {
  await inRepository({ recipes }, async ({ check }) => {
    const host = await listen((request, response) => {
      request.resume();
      response.writeHead(status, { 'content-type': 'text/html' }).end(text);
    }, 0);
    const startMs = Date.now();
    const checked = await check({ 'api-url': host.url });
    await host.close();
    expect(Date.now() - startMs).toBeLessThan(15_000);
    expect(checked.exitCode).toBe(1);
    expect(errorsOf(checked).map(({ message }) => message)).toEqual([
      expect.stringContaining('api-url'),
    ]);
    expect(parsed(checked, 'running')).toEqual([]);
  });
});

test.concurrent.each([
  [{ 'follow-up': 'deploy' }, 'follow-up'],
  [{ 'follow-up': 'deploy.yml', 'commit-status': 'false' }, 'follow-up'],
  [{ since: '3' }, 'since'],
  [{ orphans: 'kill' }, 'orphans'],
  [{ 'github-token': ' ' }, 'github-token'],
])('bad inputs are said: %j', async (given, name) => {
  await inRepository({ recipes }, async ({ simulator, github, check }) => {
    const checked = await check(given);
    expect(checked.exitCode).toBe(1);
    expect(errorsOf(checked).map(({ message }) => message)).toEqual([
      expect.stringContaining(`${name}: `),
    ]);
    expect([...simulator.requests, ...github.requests]).toEqual([]);
    expect(['running', 'ended', 'orphans'].map((each) => parsed(checked, each))).toEqual([
      [],
      [],
      [],
    ]);
  });
});

// By themselves, after the others: the bound is one of time, and they are the only large ones.
test('200 jobs of 200 runs in 30 s, with 60 requests to either side beside what it does', async () => {
  await inRepository({ recipes }, async ({ simulator, github, model, check }) => {
    for (let runId = 1; runId <= 200; runId += 1) {
      const isOrphan = runId % 2 === 0;
      const uuid = await cookBare(simulator, runId, isOrphan ? 'end' : 'keep');
      addRun(model, runId, 'completed');
      if (!isOrphan) simulator.cancelJob(uuid);
      const target = `https://github.com/acme/renders/actions/runs/${runId}#dispersed-left-${uuid}`;
      const status = { sha: shaOf(runId), context: 'dispersed / Endless', state: 'pending' };
      model.statuses.push({ ...status, description: 'Submitted', target_url: target });
    }
    const cooks = simulator.requests.length;
    const startMs = Date.now();
    const checked = await check({ 'follow-up': 'deploy.yml' });
    const tookMs = Date.now() - startMs;
    expect({ exitCode: checked.exitCode, errors: errorsOf(checked) }).toEqual({
      exitCode: 0,
      errors: [],
    });
    expect(parsed(checked, 'orphans')).toHaveLength(100);
    expect(new Set(statusesOf(simulator))).toEqual(new Set(['CANCELLED']));
    expect(model.dispatches).toHaveLength(200);
    expect(new Set(model.statuses.slice(200).map((each) => each.sha)).size).toBe(200);
    const done = /^POST .*\/(?:statuses|dispatches)/;
    expect(github.requests.filter(({ path }) => !done.test(path)).length).toBeLessThanOrEqual(60);
    const toService = simulator.requests.slice(cooks).filter(({ method }) => method !== 'PUT');
    expect(toService.length).toBeLessThanOrEqual(60);
    expect(tookMs).toBeLessThan(30_000);
  });
}, 120_000);

test('1,000 jobs in the list are paged through', async () => {
  await inRepository({ recipes }, async ({ simulator, model, check }) => {
    await cookBare(simulator, 1, 'end');
    simulator.cookForOthers(simulator.recipeUuids[0] ?? '', 1_000);
    addRun(model, 1, 'completed');
    expect(parsed(await check(), 'orphans')).toHaveLength(1);
    const lists = simulator.requests.filter(({ path }) => path === '/v1/jobs');
    expect(lists.length).toBeLessThanOrEqual(22);
  });
});
