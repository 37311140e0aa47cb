import { afterAll, describe, expect, test } from '@jest/globals';
import pLimit from 'p-limit';
import { cleanup } from '../../src/commands/post.ts';
import { cook } from '../../src/commands/cook.ts';
import { rememberingRunner, type RememberingRunner } from '../runner/in-process.ts';
import { fakeDeps, fastClock } from '../support/deps.ts';
import { startSimulator } from '../simulator/server.ts';
import type { Job } from '../simulator/resources.ts';
import type { Fault, FaultKind, RecipeScript } from '../simulator/types.ts';

// Every fault that the service can show, crossed with every kind of request we send, before and
// after the request was taken. Main and post are run one after the other, as the runner does.

/** How an attempt to do something looks from our side when it meets this fault once. */
type Meaning =
  /** Nothing was sent. */
  | 'not-sent'
  /** It may have been taken; a repetition may go well. */
  | 'doubt'
  /** The service asks us to come back later. */
  | 'later'
  /** Not found, which may be lag. */
  | 'missing'
  /** No, and it will stay so. */
  | 'no';

const kinds: readonly (readonly [string, FaultKind, Meaning])[] = [
  ['refuses connections', { type: 'refuse', forMs: 30 }, 'doubt'],
  ['resets', { type: 'reset' }, 'doubt'],
  ['closes', { type: 'close' }, 'doubt'],
  ['hangs', { type: 'hang' }, 'doubt'],
  ['trickles', { type: 'slow-body', everyMs: 50 }, 'doubt'],
  ['truncates', { type: 'truncate' }, 'doubt'],
  ['announces a wrong length', { type: 'wrong-length' }, 'doubt'],
  ['answers with a page', { type: 'html', status: 502 }, 'doubt'],
  ['answers with a page and 200', { type: 'html', status: 200 }, 'doubt'],
  ['answers with nothing', { type: 'empty' }, 'doubt'],
  ['answers with half of JSON', { type: 'wrong-json' }, 'doubt'],
  ['answers with other JSON', { type: 'other-shape' }, 'doubt'],
  ['answers with an array', { type: 'other-shape', body: [] }, 'doubt'],
  ['answers with null', { type: 'other-shape', body: null }, 'doubt'],
  ['answers hugely', { type: 'huge', bytes: 10_000_000 }, 'doubt'],
  ['answers without a UUID', { type: 'no-uuid' }, 'doubt'],
  ['redirects', { type: 'redirect', status: 307, location: 'http://127.0.0.1:9/' }, 'doubt'],
  ['answers late', { type: 'delay', forMs: 100 }, 'later'],
  ...[500, 501, 502, 503, 504].map((status) => ofStatus(status, 'doubt')),
  ofStatus(503, 'doubt', '1'),
  ofStatus(408, 'doubt'),
  ofStatus(429, 'later'),
  ofStatus(429, 'later', '2'),
  ofStatus(404, 'missing'),
  ...[400, 401, 402, 403, 405, 409, 410, 413, 422, 451].map((status) => ofStatus(status, 'no')),
];

function ofStatus(status: number, meaning: Meaning, retryAfter?: string) {
  const kind: FaultKind = { type: 'status', status, ...(retryAfter && { retryAfter }) };
  return [`answers ${status}${retryAfter ? ' with Retry-After' : ''}`, kind, meaning] as const;
}

/** What is to come of a case: the step's result, and how many jobs there are to be, all ended. */
interface Expected {
  readonly result: string;
  readonly jobs: number;
}

interface RequestKind {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly inputs: Readonly<Record<string, string>>;
  readonly recipe: RecipeScript;
  /** How many entries cook the recipe. */
  readonly entries: number;
  readonly expect: (meaning: Meaning, when: 'before' | 'after') => Expected;
}

const completing: RecipeScript = {
  name: 'Render',
  life: [
    { status: 'PENDING', forMs: 8_000 },
    { status: 'RUNNING', forMs: 12_000 },
    { status: 'COMPLETED' },
  ],
};
const endless: RecipeScript = { name: 'Endless', life: [{ status: 'RUNNING' }] };
const talking: RecipeScript = {
  name: 'Talking',
  life: [
    { status: 'RUNNING', forMs: 20_000, log: [{ atMs: 0, text: 'dispersed-output: {"a": 1}\n' }] },
    { status: 'COMPLETED' },
  ],
};
const done = { result: 'succeeded', jobs: 1 };
const notCooked = { result: 'error', jobs: 0 };

const requestKinds: readonly RequestKind[] = [
  {
    name: 'the cook',
    method: 'POST',
    path: '/v1/job-recipes/*/cook',
    inputs: {},
    recipe: completing,
    entries: 1,
    // Refused, and taken all the same: the step fails, and post ends the job.
    expect: (meaning, when) => {
      if (meaning !== 'no' && meaning !== 'missing') return done;
      return { result: 'error', jobs: when === 'after' ? 1 : 0 };
    },
  },
  {
    name: 'a read of the job',
    method: 'GET',
    path: '/v1/jobs/*',
    inputs: {},
    recipe: completing,
    entries: 1,
    // One that nobody can follow any more is cancelled.
    expect: (meaning) => (meaning === 'no' ? { result: 'error', jobs: 1 } : done),
  },
  {
    name: 'the list of jobs',
    method: 'GET',
    path: '/v1/jobs',
    inputs: { logs: 'none' },
    // Read together while both run, which a slow machine must have time for.
    recipe: { name: 'Long', life: [{ status: 'RUNNING', forMs: 60_000 }, { status: 'COMPLETED' }] },
    entries: 2,
    expect: () => ({ result: 'succeeded', jobs: 2 }),
  },
  {
    name: 'the recipe',
    method: 'GET',
    path: '/v1/job-recipes/*',
    inputs: { env: 'SHARD=1' },
    recipe: completing,
    entries: 1,
    expect: (meaning) => (meaning === 'no' || meaning === 'missing' ? notCooked : done),
  },
  // Trouble with logs never changes the verdict.
  ...[
    { name: 'the list of runs', path: '/v1/job-runs' },
    { name: 'the run', path: '/v1/job-runs/*' },
  ].map((each) => ({
    ...each,
    method: 'GET',
    inputs: {},
    recipe: talking,
    entries: 1,
    expect: () => done,
  })),
  {
    name: 'the cancel',
    method: 'PUT',
    path: '/v1/jobs/*/cancel',
    inputs: { timeout: '20s' },
    recipe: endless,
    entries: 1,
    expect: () => ({ result: 'timed-out', jobs: 1 }),
  },
];

interface Case {
  readonly name: string;
  readonly request: RequestKind;
  readonly fault: Fault;
  readonly expected: Expected;
}

const cases: readonly Case[] = requestKinds.flatMap((request) =>
  kinds.flatMap(([kindName, kind, meaning]) =>
    (['before', 'after'] as const).map((when) => ({
      name: `${request.name}: the service ${kindName} ${when} it was taken`,
      request,
      fault: { method: request.method, path: request.path, when, kind },
      expected: request.expect(meaning, when),
    })),
  ),
);

interface Played {
  readonly main: RememberingRunner;
  readonly post: RememberingRunner;
  readonly jobs: readonly Job[];
  readonly struck: boolean;
}

/** How many times faster than the wall's the clock of the action and the service goes. */
const speed = 100;
// A machine that stands still for a second does so for minutes of that clock: what goes wrong is
// played once more, with more time. A fault of the action's is one at any speed.
const calmSpeed = 25;

async function play({ request, fault }: Case, timesFaster: number): Promise<Played> {
  const clock = fastClock(timesFaster);
  const simulator = await startSimulator({
    recipes: [request.recipe],
    now: clock.now,
    faults: [fault],
  });
  const [recipe = ''] = simulator.recipeUuids;
  const inputs = {
    recipes: Array.from({ length: request.entries }, () => recipe).join('\n'),
    'public-key': simulator.publicKey,
    'secret-key': simulator.secretKey,
    'api-url': simulator.url,
    'poll-interval': '4s',
    ...request.inputs,
  };
  const main = rememberingRunner(inputs);
  await cook(fakeDeps(main, clock));
  const post = rememberingRunner(inputs, main.kept);
  await cleanup(fakeDeps(post, clock));
  const struck = simulator.requests.some((each) => each.fault !== null);
  const jobs = simulator.jobs();
  await simulator.close();
  return { main, post, jobs, struck };
}

// They mostly wait; a few at a time, so that none runs out of time.
const atOnce = pLimit(12);
const played = new Map(cases.map((each) => [each, atOnce(async () => play(each, speed))]));

describe('whatever the service does, once', () => {
  test.each(cases.map((each) => [each.name, each] as const))(
    '%s',
    async (_, each) => {
      const result = await played.get(each);
      if (result === undefined) throw new Error('not played');
      if (!isAsPromised(each, result)) {
        // Alone, when all others have been played.
        await Promise.all(played.values());
        check(each, await play(each, calmSpeed));
      }
      expect(result.main.summary()).toMatch(/^### /);
    },
    300_000,
  );
});

function isAsPromised(each: Case, result: Played): boolean {
  try {
    check(each, result);
    return true;
  } catch {
    return false;
  }
}

function check({ expected }: Case, { main, post, jobs, struck }: Played): void {
  expect(struck).toBe(true);
  expect(Object.fromEntries(main.outputs)).toMatchObject({
    result: expected.result,
    'job-uuids': expect.stringMatching(/^\[.+\]$/),
  });
  expect(jobs).toHaveLength(expected.jobs);
  expect(jobs.filter(({ status }) => !/^(?:COMPLETED|CANCELLED)$/.test(status))).toEqual([]);
  const warnings = main.annotations.filter(({ level }) => level === 'warning');
  expect(warnings.length).toBeLessThanOrEqual(1);
  const passes = expected.result === 'succeeded';
  expect(main.failed()).toBe(!passes);
  const said = [...main.annotations, ...post.annotations];
  expect(said.filter(({ level }) => level === 'error')).toHaveLength(passes ? 0 : 1);
  for (const { title, message } of said) expect(`${title}\n${message}`).not.toMatch(unreadable);
  expect(main.summary()).toMatch(/^### /);
}

const unreadable = /undefined|null|\[object|Internal error|\n\s+at |<html/;

afterAll(() => {
  process.stdout.write(`${cases.length} cases of a fault were played\n`);
});
