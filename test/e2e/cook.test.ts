import { describe, expect, test } from '@jest/globals';
import { findCommands } from '../runner/commands.ts';
import { errorsIn } from '../runner/model.ts';
import { until } from '../support/until.ts';
import { life, playAll, type Played, type Scenario } from './scenario.ts';

const good = { name: 'Render', life: life('PENDING', 'ASSIGNED', 'RUNNING', 'COMPLETED') };
const bad = {
  name: 'Train',
  life: life('PENDING', 'RUNNING', {
    status: 'FAILED',
    statusReason: 'exit code 1: CUDA out of memory',
  }),
};
const stuck = { name: 'Stuck', life: life('PENDING') };
const endless = { name: 'Endless', life: life('PENDING', 'RUNNING') };
const knownRecipes = [
  '11111111-0000-4000-8000-000000000001',
  '11111111-0000-4000-8000-000000000002',
] as const;
const unknownRecipe = '00000000-0000-4000-8000-000000000000';

const scenarios = {
  completed: { recipes: [good] },
  failed: { recipes: [bad] },
  cancelledFromOutside: {
    recipes: [stuck],
    during: async (_, simulator) => {
      await until(() => simulator.requests.some(({ path }) => path.startsWith('/v1/jobs/')));
      simulator.cancelJob(simulator.jobs()[0]?.uuid ?? '', 'stopped in the console');
    },
  },
  timedOutCancel: { recipes: [stuck], with: { timeout: '8s' } },
  timedOutFail: { recipes: [stuck], with: { timeout: '8s', 'on-timeout': 'fail' } },
  timedOutDetach: { recipes: [stuck], with: { timeout: '8s', 'on-timeout': 'detach' } },
  noWait: { recipes: [good], with: { wait: 'false' } },
  // Without logs, whose reads would make the service's clock go on in between.
  threeRecipes: { recipes: [good, bad, good], with: { logs: 'none' } },
  titled: { recipes: [good], with: { title: 'Café 😀' } },
  persistent: { recipes: [{ ...endless, payload: { task: 'PERSISTENT' } }] },
  wrongSecret: { recipes: [good], with: { 'secret-key': 'sk_wrong_secret_0123456789' } },
  unknownRecipe: { recipes: [good], with: { recipes: unknownRecipe } },
  serviceNotThere: { recipes: [good], with: { 'api-url': 'http://127.0.0.1:9' } },
  malformedAnswer: {
    recipes: [good],
    simulator: { faults: [{ method: 'POST', kind: { type: 'wrong-json' }, when: 'after' }] },
  },
  unknownStatus: {
    recipes: [{ name: 'Odd', life: life('PENDING', 'DEFROSTING', 'RUNNING', 'COMPLETED') }],
  },
  unknownAmongThree: {
    recipes: [
      { ...good, uuid: knownRecipes[0] },
      { ...good, uuid: knownRecipes[1] },
    ],
    with: {
      recipes: [knownRecipes[0], unknownRecipe, knownRecipes[1]].join('\n'),
      logs: 'none',
    },
  },
  oldGeneration: { recipes: [good], simulator: { generation: 'old' } },
  wrapped: { recipes: [good], simulator: { wrapData: true } },
  interrupted: {
    recipes: [stuck],
    during: async (step, simulator) => {
      await until(() => simulator.requests.some(({ path }) => path.startsWith('/v1/jobs/')));
      step.process.kill('SIGINT');
    },
  },
  badInputs: {
    recipes: [good],
    with: { recipes: 'not-a-uuid', timeout: '90', wait: 'perhaps', 'secret-key': '' },
  },
} satisfies Record<string, Scenario>;

type Name = keyof typeof scenarios;
const see = playAll(scenarios);

const errorsOf = ({ log }: Played) => errorsIn(log);

// scenario, exit code, result, status, error annotations
const verdicts: readonly (readonly [Name, number, string, string | undefined, number])[] = [
  ['completed', 0, 'succeeded', 'COMPLETED', 0],
  ['failed', 1, 'failed', 'FAILED', 1],
  ['cancelledFromOutside', 1, 'cancelled', 'CANCELLED', 1],
  ['timedOutCancel', 1, 'timed-out', 'CANCELLED', 1],
  ['timedOutFail', 1, 'timed-out', 'PENDING', 1],
  ['timedOutDetach', 0, 'detached', 'PENDING', 0],
  ['noWait', 0, 'submitted', 'PENDING', 0],
  ['threeRecipes', 1, 'failed', 'FAILED', 1],
  ['titled', 0, 'succeeded', 'COMPLETED', 0],
  ['persistent', 0, 'running', 'RUNNING', 0],
  ['wrongSecret', 1, 'error', undefined, 1],
  ['unknownRecipe', 1, 'error', undefined, 1],
  ['serviceNotThere', 1, 'error', undefined, 1],
  ['unknownAmongThree', 1, 'error', undefined, 1],
  ['malformedAnswer', 0, 'succeeded', 'COMPLETED', 0],
  ['unknownStatus', 0, 'succeeded', 'COMPLETED', 0],
  ['oldGeneration', 0, 'succeeded', 'COMPLETED', 0],
  ['wrapped', 0, 'succeeded', 'COMPLETED', 0],
  ['interrupted', 1, 'cancelled', 'CANCELLED', 1],
  ['badInputs', 1, 'error', undefined, 1],
];

describe('verdicts', () => {
  test.each(verdicts)('%s exits %i with result %s', (name, exitCode, result, status, errors) => {
    const step = see(name);
    expect(step.exitCode).toBe(exitCode);
    expect(step.outputs['result']).toBe(result);
    expect(step.outputs['status'] || undefined).toBe(status);
    expect(errorsOf(step)).toHaveLength(errors);
    const [title] = errorsOf(step).map((error) => error.title);
    const message = step.outputs['message'] ?? '';
    expect(message.length).toBeLessThanOrEqual(1_000);
    const isOne = scenarios[name].recipes.length === 1;
    expect(message).toMatch(title !== undefined && isOne ? `${title}\n` : /^\S.+/);
    expect(step.summary).toMatch(/^### \S+ (?:Job|No job|Nothing|\d)/);
  });

  test.each(Object.keys(scenarios) as Name[])('%s reads well', (name) => {
    // Several jobs are cooked at once; which answer comes first is not for us to say.
    // The offers are waited for only so long: on a slow machine they come after the cook.
    const isOfOffers = (line: string) => /^Price estimate:|The offers could not/.test(line);
    const all = see(name).transcript.split('\n');
    const lines = all.filter((line) => !isOfOffers(line));
    expect(scenarios[name].recipes.length === 1 ? lines : lines.toSorted()).toMatchSnapshot();
  });
});

test('jobs come as the service gives them, in the order of the recipes', () => {
  const { outputs, jobs } = see('threeRecipes');
  const described: unknown = JSON.parse(outputs['jobs'] ?? '');
  const uuids: unknown = JSON.parse(outputs['job-uuids'] ?? '');
  expect(uuids).toHaveLength(3);
  expect(new Set(uuids as string[])).toEqual(new Set(jobs.map(({ uuid }) => uuid)));
  expect(outputs['job-uuid']).toBe((uuids as string[])[0]);
  expect(outputs['status-reason']).toBe('exit code 1: CUDA out of memory');
  expect(described).toMatchObject([
    { title: 'Render', result: 'succeeded', status: 'COMPLETED', status_reason: null },
    {
      title: 'Train',
      result: 'failed',
      status: 'FAILED',
      status_reason: 'exit code 1: CUDA out of memory',
    },
    {
      title: 'Render',
      result: 'succeeded',
      queue_seconds: expect.any(Number),
      run_seconds: expect.any(Number),
    },
  ]);
});

test('with an unknown recipe among three nothing is cooked, and the outputs have a place for each', () => {
  const { outputs, jobs } = see('unknownAmongThree');
  expect(jobs).toEqual([]);
  expect(JSON.parse(outputs['job-uuids'] ?? '')).toEqual([null, null, null]);
  expect(JSON.parse(outputs['jobs'] ?? '')).toHaveLength(3);
});

test('every cook carries its mark and where it came from', () => {
  const descriptions = see('threeRecipes').jobs.map(({ description }) => description);
  expect(new Set(descriptions).size).toBe(3);
  for (const description of descriptions) {
    expect(description).toMatch(
      /^Cooked by acme\/renders, workflow "Nightly", run 4711: https:\/\/github\.com\/acme\/renders\/actions\/runs\/4711 \[github\.com\/acme\/renders - 4711\.1 \S+ server Nightly\] \[cook-[0-9a-f]{32}-[0-9a-f]{16}\]$/,
    );
  }
});

test('a title beyond ASCII arrives as it was written', () => {
  expect(see('titled').jobs[0]?.title).toBe('Café 😀');
});

test('a wrong secret ends at once, and says what to do', () => {
  const { requests, log } = see('wrongSecret');
  expect(requests.map(({ status }) => status)).toEqual([401]);
  expect(findCommands(log).find(({ name }) => name === 'error')?.message).toContain('secret-key');
});

test('with bad inputs nothing is sent, and every problem is told', () => {
  const step = see('badInputs');
  expect(step.requests).toHaveLength(0);
  const [error] = errorsOf(step);
  for (const name of ['recipes', 'timeout', 'wait', 'secret-key'])
    expect(error?.message).toContain(name);
});

test.each(Object.keys(scenarios) as Name[])(
  '%s masks the secret first and prints it nowhere',
  (name) => {
    const { log, outputs, summary } = see(name);
    const lines = log.split('\n');
    const secret = /^::add-mask::(.+)$/.exec(lines[0] ?? '')?.[1];
    if (name === 'badInputs') return;
    expect(secret).toMatch(/^sk_/);
    const rest = [...lines.slice(1), ...Object.values(outputs), summary].join('\n');
    expect(rest).not.toContain(secret);
  },
);

test('jobs whose time is over are left running only where that was asked', () => {
  const statusOf = (name: Name) => see(name).jobs.map(({ status }) => status);
  expect(statusOf('timedOutCancel')).toEqual(['CANCELLED']);
  expect(statusOf('interrupted')).toEqual(['CANCELLED']);
  expect(statusOf('timedOutFail')).toEqual(['PENDING']);
  expect(statusOf('timedOutDetach')).toEqual(['PENDING']);
});
