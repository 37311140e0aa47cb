import { beforeAll, expect, test } from '@jest/globals';
import { findCommands } from '../runner/commands.ts';
import type { CookFields } from '../simulator/resources.ts';
import type { RecipeScript } from '../simulator/types.ts';
import { life, play, type Played, type Scenario } from './scenario.ts';

const a = '01a0114e-e7f8-4e76-a07a-f09fca41e2be';
const b = '0198ac1c-7063-4be8-bb94-57a5bd83548e';
const unknown = '00000000-0000-4000-8000-000000000000';

const container = {
  image: 'ubuntu',
  secret: 'stored-token',
  env: { STORED: 'stored-env' },
  // Not in the documentation, so nobody knows what it holds.
  vault: { token: 'stored-vault' },
};
const recipe = (payload: CookFields = {}, uuid = a): RecipeScript => ({
  uuid,
  name: 'Render',
  payload: { parameters: { type: 'docker', parameters: container }, ...payload },
  life: life('PENDING'),
});
const dry = (given: Readonly<Record<string, string>> = {}) => ({ 'dry-run': 'true', ...given });
const gpu = '3f2a9c10-0000-4000-8000-00000000abcd';
const wrongKey = { 'secret-key': 'sk_wrong_secret_0123456789' };

const scenarios = {
  plain: { recipes: [recipe()], with: dry() },
  full: {
    recipes: [recipe(), recipe({}, b)],
    with: dry({
      recipes: JSON.stringify([
        { uuid: a, title: 'One | ##[error]x', env: { SHARD: 1 } },
        { uuid: b, parameters: { volumes: [{ mount: '/d', secret: 'entry-volume' }] } },
        { uuid: a, gpu_count: 0 },
      ]),
      parameters: '{tag: 1.10, secret: input-token, ports: [22, 80]}',
      'max-timeout-run': '1h',
    }),
  },
  old: { recipes: [recipe()], simulator: { generation: 'old' }, with: dry({ env: 'A=input-env' }) },
  unknownRecipe: { recipes: [recipe()], with: dry({ recipes: unknown }) },
  unknownAmongTwo: {
    recipes: [recipe()],
    with: dry({ recipes: [a, unknown, unknown, unknown].join('\n') }),
  },
  manyUnknown: {
    recipes: [recipe()],
    with: dry({
      recipes: Array.from({ length: 12 }, (_, n) => unknown.slice(0, -2) + (n + 10)).join('\n'),
    }),
  },
  wrongKey: { recipes: [recipe()], with: dry(wrongKey) },
  badInput: { recipes: [recipe()], with: dry({ timeout: '5' }) },
  unbounded: { recipes: [recipe({ max_timeout_run_ms: null })], with: dry() },
  bounded: {
    recipes: [recipe({ max_timeout_run_ms: null })],
    with: dry({ 'max-timeout-run': '1h' }),
  },
  persistent: { recipes: [recipe({ task: 'PERSISTENT' })], with: dry() },
  boundedPersistent: {
    recipes: [recipe({ task: 'PERSISTENT' })],
    with: dry({ 'max-timeout-run': '1h' }),
  },
  pinned: {
    recipes: [recipe(), recipe({}, b)],
    with: dry({ recipes: `${b}\n${a}@sha256:${'0'.repeat(64)}` }),
  },
  login: {
    recipes: [recipe({ task: 'PERSISTENT' })],
    with: dry({ ssh: 'true', parameters: 'ports: [8080]' }),
  },
  twoGpus: { recipes: [recipe({ gpu_registry_uuid: gpu })], with: dry({ 'gpu-name': 'H100' }) },
} satisfies Record<string, Scenario>;

type Name = keyof typeof scenarios;
const names = Object.keys(scenarios) as Name[];
const played = new Map<string, Played>();

beforeAll(async () => {
  await Promise.all(
    names.map(async (name) => {
      played.set(name, await play(scenarios[name]));
    }),
  );
}, 120_000);

function see(name: Name): Played {
  const result = played.get(name);
  if (result === undefined) throw new Error(`${name} was not played`);
  return result;
}

const errorsOf = ({ log }: Played) =>
  findCommands(log)
    .filter(({ name }) => name === 'error')
    .map(({ properties, message }) => `${properties['title']}: ${message}`);

/** The JSON that the log shows, a body a job. */
const bodiesIn = ({ transcript }: Played) =>
  transcript
    .split(/^(?:#\d+ +)?Would cook .*$/m)
    .slice(1)
    .map((part): unknown => JSON.parse(part.match(/(?<=^ {2}\| ).*/gm)?.join('\n') ?? ''));

test.each(names)('%s: nothing is cooked, and no secret is shown', (name) => {
  const { requests, log, outputs, summary, state } = see(name);
  expect(requests.filter(({ method }) => method !== 'GET')).toEqual([]);
  const lines = log.split('\n').filter((line) => !line.startsWith('::add-mask::'));
  const shown = [lines.join('\n'), JSON.stringify([outputs, state]), summary].join('\n');
  expect(shown).not.toMatch(/stored-|input-(?:token|env)|entry-|sk_sim|sk_wrong|undefined/);
});

test('with ssh, the key and its port are shown, and what they will be is not', () => {
  const [body] = bodiesIn(see('login')) as { parameters: { parameters: object } }[];
  expect(body?.parameters.parameters).toMatchObject({ sshkey: '***', ports: [8080, 22] });
});

const verdicts: readonly (readonly [Name, string, readonly RegExp[]])[] = [
  ['plain', 'the job can be cooked', []],
  ['full', 'all 3 jobs can be cooked', []],
  ['old', 'the job can be cooked', []],
  ['bounded', 'the job can be cooked', []],
  ['persistent', 'the job can be cooked', []],
  ['unknownRecipe', 'the job cannot be cooked', [/^Could not read recipe .* not found: /]],
  ['unknownAmongTwo', '3 of 4 jobs cannot be cooked', [/^Could not read recipe .* not found/]],
  [
    'manyUnknown',
    '12 of 12 jobs cannot be cooked',
    [/^12 problems with the recipes; nothing was cooked: recipe .*: was not found: check the UUID/],
  ],
  ['wrongKey', 'the job cannot be cooked', [/the API key was not accepted: .*\n.*secret-key/]],
  [
    'unbounded',
    'the job cannot be cooked',
    [
      /^The recipe cannot be cooked with these inputs; nothing was cooked: recipe .*: max-timeout-run: is required for `task: BATCH`/,
    ],
  ],
  [
    'boundedPersistent',
    'the job cannot be cooked',
    [/max-timeout-run: cannot be set with `task: PERS/],
  ],
  [
    'pinned',
    '1 of 2 jobs cannot be cooked',
    [
      /pin: does not match: the recipe now has the hash sha256:[0-9a-f]{64}, and you pinned sha256:0{64}\. In the console/,
    ],
  ],
  ['twoGpus', 'the job cannot be cooked', [/gpu-name: cannot be used with gpu-registry-uuid/]],
];

test.each(verdicts)('%s: %s', (name, words, complaints) => {
  const step = see(name);
  expect(errorsOf(step)).toEqual(complaints.map((each) => expect.stringMatching(each)));
  const failed = complaints.length > 0;
  expect(step.exitCode).toBe(failed ? 1 : 0);
  expect(step.outputs).toMatchObject({
    result: failed ? 'error' : 'dry-run',
    'summary-path': expect.any(String),
    message: expect.stringContaining(failed ? 'recipe' : words),
    jobs: '[]',
  });
  expect(step.log).toContain(`Dry run: ${words}; nothing was cooked`);
  expect(step.summary).toMatch(/^### (?:🧪|⚠️) Dry run: /u);
  expect(step.summary.split('\n')[0]).toContain(`${words}; nothing was cooked`);
});

test('bad inputs are told as ever, and no recipe is read', () => {
  const step = see('badInput');
  expect(step.requests).toEqual([]);
  expect(step.outputs).toMatchObject({ result: 'error', 'summary-path': expect.any(String) });
  expect(errorsOf(step)).toEqual([expect.stringContaining('timeout: "5" is not a duration')]);
});

const ours = expect.stringMatching(/^Cooked by acme\/renders, .* \[cook-MARK\]$/);

test('the log shows each body as it would be sent, secrets and environment hidden', () => {
  const sent = {
    image: 'ubuntu',
    tag: '1.10',
    secret: '***',
    env: { STORED: '***' },
    ports: [22, 80],
    vault: '***',
  };
  const body = (fields: object, parameters: object) => ({
    description: ours,
    max_timeout_run_ms: 3_600_000,
    ...fields,
    parameters: { type: 'docker', parameters: { ...sent, ...parameters } },
  });
  expect(bodiesIn(see('full'))).toEqual([
    body({ title: 'One | ## [error]x' }, { env: { STORED: '***', SHARD: '***' } }),
    body({}, { volumes: [{ mount: '/d', secret: '***' }] }),
    body({ gpu_count: 0 }, {}),
  ]);
  expect(bodiesIn(see('plain'))).toEqual([{ description: ours }]);
  expect(bodiesIn(see('unbounded'))).toEqual([{ description: ours }]);
});

test('the log has the hash of each recipe once, in the form that pins it', () => {
  const pins = see('full').log.match(/^Recipe \S+@sha256:[0-9a-f]{64}$/gm) ?? [];
  expect(pins.map((pin) => pin.slice(7, 43))).toEqual([a, b]);
});

test('so pinned, a recipe is cooked as it was reviewed, and no recipe where another one has changed', async () => {
  const script = { uuid: a, name: 'Render', life: life('PENDING') };
  const reviewed = { max_timeout_run_ms: 3_600_000, cpu_count: 8 };
  const same = { ...script, payload: reviewed };
  const { log } = await play({ recipes: [same], with: dry() });
  const [pin = ''] = log.match(/(?<=^Recipe )\S+@sha256:[0-9a-f]{64}$/m) ?? [];
  const wait = { wait: 'false' };
  const good = await play({ recipes: [same], with: { ...wait, recipes: pin } });
  expect([good.exitCode, good.jobs.length, errorsOf(good)]).toEqual([0, 1, []]);
  // All of it is sent, so that a change in between does not matter.
  const cook = good.requests.find(({ method }) => method === 'POST');
  expect(cook?.body).toMatchObject(reviewed);
  const changed = { ...script, payload: { ...reviewed, cpu_count: 9 } };
  const bad = await play({
    recipes: [changed, recipe({}, b)],
    with: { ...wait, recipes: `${b}\n${pin}` },
  });
  expect([bad.exitCode, bad.jobs.length]).toEqual([1, 0]);
  const [, hash = ''] = pin.split('@');
  expect(errorsOf(bad)).toEqual([
    expect.stringMatching(
      new RegExp(`the hash sha256:[0-9a-f]{64}, and you pinned ${hash}\\. In the console`),
    ),
  ]);
}, 60_000);

test('the summary has a row for each job', () => {
  const { summary } = see('full');
  const rows = summary.split('\n').filter((line) => line.startsWith('<tr><td'));
  expect(rows).toHaveLength(3);
  for (const [index, row] of rows.entries()) {
    expect(row).toContain(`<span>#</span>${index + 1} Render</td>`);
    expect(row).toContain(`<samp>${index === 1 ? b : a}</samp>`);
  }
});

test('each recipe is read once', () => {
  expect(
    see('full')
      .requests.map(({ path }) => path)
      .filter((path) => path !== '/v1/compute/offers')
      .toSorted(),
  ).toEqual([`/v1/job-recipes/${b}`, `/v1/job-recipes/${a}`]);
  const reads = see('unknownAmongTwo').requests.filter(({ path }) => path.includes('recipes'));
  expect(reads).toHaveLength(2);
});
