import { expect, test } from '@jest/globals';
import type { Fault, RecipeScript } from '../simulator/types.ts';
import { life, playAll, type Scenario } from './scenario.ts';

// Every place where a secret may be put, in the inputs, an entry and the recipe. The service echoes
// all of them in its answers.

const uuid = '01a0114e-e7f8-4e76-a07a-f09fca41e2be';
const masked = ['input-token-1', 'input-volume-2', 'entry-token-3', 'entry-volume-4'];
const unmasked = ['input-env-5', 'lines-env-6', 'entry-env-7', 'entry-env-8', 'entry-ssh-9'];
const ofRecipe = ['stored-token-10', 'stored-volume-11', 'stored-env-12', 'stored-ssh-13'];
const publicKey = 'pk_secret_enough_14';

const container = (numbers: readonly (string | undefined)[]) => ({
  secret: numbers[0] ?? '',
  volumes: [{ mount: '/data', secret: numbers[1] ?? '' }],
  env: { A: numbers[2] ?? '' },
  sshkey: numbers[3] ?? '',
});
const recipe = (script: Partial<RecipeScript>): RecipeScript => ({
  uuid,
  name: 'Render',
  payload: {
    parameters: { type: 'docker', parameters: { image: 'ubuntu', ...container(ofRecipe) } },
  },
  life: life('PENDING', 'RUNNING', 'COMPLETED'),
  ...script,
});

const inputs = {
  parameters: `{secret: input-token-1, volumes: [{secret: input-volume-2}], env: {B: input-env-5}}`,
  env: 'C=lines-env-6',
  'public-key': publicKey,
};
const entries = JSON.stringify([
  { uuid, env: { D: 'entry-env-7' } },
  {
    uuid,
    parameters: container(['entry-token-3', 'entry-volume-4', 'entry-env-8', 'entry-ssh-9']),
  },
]);
const given = { ...inputs, recipes: entries };
const simulator = { publicKey };
/** One entry, and a service that says what it minds of it by repeating all that it was given. */
const firstOnly = JSON.stringify([{ uuid, env: { D: 'entry-env-7' } }]);
const sentByFirst = [...masked.slice(0, 2), ...unmasked.slice(0, 3), ...ofRecipe.slice(2)];
const refusal: Fault = {
  method: 'POST',
  kind: {
    type: 'status',
    status: 422,
    body: { error: { message: `not good: ${sentByFirst.join()}, 1 of them` } },
  },
};

const failing = life('RUNNING', { status: 'FAILED', statusReason: 'exit code 1' });
const scenarios: Readonly<Record<string, Scenario>> = {
  succeeded: { recipes: [recipe({})], simulator, with: given },
  failed: { recipes: [recipe({ life: failing })], simulator, with: given },
  submitted: { recipes: [recipe({})], simulator, with: { ...given, wait: 'false' } },
  dryRun: { recipes: [recipe({})], simulator, with: { ...given, 'dry-run': 'true' } },
  timedOut: {
    recipes: [recipe({ life: life('PENDING') })],
    simulator,
    with: { ...given, timeout: '1s' },
  },
  refused: {
    recipes: [recipe({})],
    simulator: { ...simulator, faults: [refusal] },
    with: { ...inputs, recipes: firstOnly },
  },
  sweep: {
    recipes: [
      {
        name: 'Train',
        life: life(
          'PENDING',
          {
            status: 'RUNNING',
            log: [
              {
                atMs: 0,
                text: 'Loading resnet50 with hf_0123456789\ndispersed-output: {"model":"resnet50","steps":100000,"token":"hf_0123456789"}\n',
              },
            ],
          },
          { status: 'FAILED', statusReason: 'cannot read private-data' },
        ),
      },
    ],
    with: {
      title: 'Train resnet50',
      env: 'MODEL=resnet50\nSTEPS=100000\nDATA=private-data\nHF_TOKEN=hf_0123456789',
    },
  },
  badInput: { recipes: [recipe({})], simulator, with: { ...given, wait: 'perhaps' } },
  badEntry: { recipes: [recipe({})], simulator, with: { ...given, recipes: `[${entries}]` } },
};
const names = Object.keys(scenarios).filter((name) => name !== 'sweep');
const see = playAll(scenarios);

test.each(names)('%s: no secret shows anywhere, masks apart', (name) => {
  const { log, outputs, summary, state, jobs } = see(name);
  const tokens = jobs.flatMap((job) => job.container_access_tokens.map(({ token }) => token));
  const lines = log.split('\n').filter((line) => !line.startsWith('::add-mask::'));
  const shown = [...lines, ...Object.values(outputs), ...Object.values(state), summary].join('\n');
  const secrets = [
    ...masked,
    ...unmasked,
    ...ofRecipe,
    ...tokens,
    publicKey,
    'sk_sim_',
    'ghs_runner',
  ];
  expect(secrets.filter((secret) => shown.includes(secret))).toEqual([]);
});

test.each(names)(
  '%s: keys, token and registry secrets are masked before anything else is printed',
  (name) => {
    const lines = see(name).log.split('\n');
    const masks = lines.filter((line) => line.startsWith('::add-mask::'));
    const hasSecondEntry = name !== 'badEntry' && name !== 'refused';
    const ofInputs = hasSecondEntry ? masked : masked.slice(0, 2);
    const first = ['sk_sim_fedcba9876543210', 'ghs_runner', ...ofInputs];
    expect(masks.slice(0, first.length)).toEqual(first.map((secret) => `::add-mask::${secret}`));
    expect(lines.slice(0, first.length)).toEqual(masks.slice(0, first.length));
    // Those of the recipe once it is read.
    const later = masks.slice(first.length).map((line) => line.replace('::add-mask::', ''));
    expect(later).toEqual(name.startsWith('bad') ? [] : ofRecipe.slice(0, 2));
  },
);

test('the secrets reached the service, which echoes them', () => {
  const told = JSON.stringify(see('succeeded').jobs);
  for (const secret of [...masked, ...unmasked]) expect(told).toContain(secret);
});

test('what a refusal repeats is hidden, and the rest of it is told', () => {
  const { log, requests } = see('refused');
  const cook = requests.find(({ method }) => method === 'POST');
  for (const secret of sentByFirst) expect(JSON.stringify(cook?.body)).toContain(secret);
  expect(log).toContain(`: not good: ${sentByFirst.map(() => '***').join()}, 1 of them.`);
});

test('what a container says of its environment is shown, but for credentials', () => {
  const { log, outputs, summary } = see('sweep');
  expect(log).toContain('| Loading resnet50 with ***');
  expect(log).toContain('::add-mask::hf_0123456789\n');
  expect(outputs['results']).toBe('{"model":"resnet50","steps":100000,"token":"***"}');
  expect(outputs['status-reason']).toBe('cannot read ***');
  expect(summary).toContain('Train resnet50');
  const texts = [log.replaceAll(/^::add-mask::.*$/gm, ''), ...Object.values(outputs), summary];
  expect(texts.join('\n')).not.toMatch(/hf_0123456789|private-data/);
});
