import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { connect } from '../../src/service/http.ts';
import { cookFields, inputName } from '../../src/inputs/recipes.ts';
import { cookInputs } from '../../src/inputs/tables.ts';
import { cook } from '../../src/commands/cook.ts';
import { noProbe } from '../support/probe.ts';
import { noGitHub } from '../github/in-process.ts';
import { rememberingRunner, type RememberingRunner } from '../runner/in-process.ts';
import { fastClock } from '../support/deps.ts';
import { startSimulator } from '../simulator/server.ts';
import type { Simulator } from '../simulator/types.ts';
import { noSsh } from '../support/deps.ts';

const recipe = '01a0114e-e7f8-4e76-a07a-f09fca41e2be';
const secretKey = 'sk_sim_fedcba9876543210';

let simulator: Simulator;

beforeAll(async () => {
  const life = [{ status: 'COMPLETED' }];
  simulator = await startSimulator({
    secretKey,
    recipes: [{ uuid: recipe, name: 'Any', life }],
    now: clock.now,
  });
});

afterAll(async () => simulator.close());

// What anything at all could be, and what is close to right.
const oddText = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  ...[
    '',
    ' ',
    '~',
    'null',
    '{',
    '[]',
    '- ',
    '*a',
    '&a [*a]',
    '!!x y',
    'A=1\nA=2',
    '::error::x',
  ].map((text) => fc.constant(text)),
  ...['\ud800', '\u0000', '##[error]x', '../../x', 'a\rb', '1e9', '-0', '9'.repeat(40)].map(
    (text) => fc.constant(text),
  ),
);
const numeric = fc.oneof(fc.nat().map(String), fc.constantFrom('0', '1.5', '-1', '1.50'));
const uuid = fc.oneof(fc.constant(recipe), fc.uuid());
const region = fc.constantFrom('us-east-1', 'EU-WEST-1', 'mars-1');
const name = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom('A', 'B_2', '__proto__', 'constructor') },
  fc.constantFrom('1A', '', 'a b', '`|<b>'),
);
const words = fc.constantFrom('BATCH', 'PERSISTENT', 'true', 'false', 'auto', 'cancel', 'detach');
const length = fc.constantFrom('1m', '2h', '5m', '1d', '0s', '90');
const anyJson = fc.jsonValue({ maxDepth: 3 });

/** A mapping with a few of these members, each as it should be or anything else. */
function some(members: Readonly<Record<string, fc.Arbitrary<unknown>>>) {
  const pairs = Object.entries(members).map(([key, value]) =>
    fc.tuple(fc.constant(key), fc.oneof({ weight: 12, arbitrary: value }, anyJson)),
  );
  const odd = fc.tuple(fc.oneof(name, fc.string()), anyJson);
  const given = fc.array(fc.oneof({ weight: 20, arbitrary: fc.oneof(...pairs) }, odd), {
    maxLength: 4,
  });
  return given.map((each) => Object.fromEntries(each));
}

const env = fc.dictionary(name, fc.oneof(oddText, fc.constant(null), numeric));
const container = some({
  image: fc.constantFrom('ubuntu', '', 'null'),
  env,
  ports: fc.array(fc.constantFrom(8080, '80', 0, 65_536), { maxLength: 2 }),
  volumes: fc.array(some({ mount: oddText, secret: oddText }), { maxLength: 2 }),
  sshkey: oddText,
  allowed_ips: fc.array(oddText, { maxLength: 2 }),
});
const parameters = fc.oneof(
  container,
  container.map((each) => ({ type: 'docker', parameters: each })),
);
const entry = fc
  .tuple(
    fc.oneof({ weight: 8, arbitrary: fc.constant(recipe) }, uuid, oddText),
    some({
      title: oddText,
      description: fc.option(oddText),
      task: words,
      gpu_count: fc.oneof(numeric, fc.double(), fc.integer()),
      gpu_name: fc.option(oddText),
      gpu_registry_uuid: fc.option(uuid),
      max_node_count: fc.integer(),
      max_timeout_run_ms: fc.option(fc.nat()),
      'max-timeout-run': length,
      'min-vram-gb': numeric,
      allowed_region_codes: fc.array(region),
      parameters,
      env,
    }),
  )
  .map(([each, fields]) => ({ uuid: each, ...fields }));

const written = (value: fc.Arbitrary<unknown>) =>
  fc.oneof(
    value.map((each) => JSON.stringify(each)),
    value.map((each) => stringify(each)),
  );
const likely = {
  recipes: fc.oneof(written(fc.array(entry, { minLength: 1, maxLength: 3 })), uuid),
  parameters: written(parameters),
  env: fc.array(fc.tuple(name, oddText).map((each) => each.join('='))).map((all) => all.join('\n')),
  'allowed-region-codes': fc.array(region).map((all) => all.join(', ')),
};

const anyName = fc.constantFrom(
  ...Object.keys(cookInputs),
  ...Object.keys(cookFields).map(inputName),
);
const anyInput = anyName.chain((input) => {
  const right =
    new Map(Object.entries(likely)).get(input) ??
    (/timeout-|interval/.test(input) ? length : /-count|-gb/.test(input) ? numeric : words);
  return fc.tuple(
    fc.constant(input),
    fc.oneof({ weight: 3, arbitrary: right }, { weight: 1, arbitrary: oddText }),
  );
});
// The more of them are odd, the fewer requests are sent.
const anyInputs = fc
  .tuple(
    fc.option(likely.recipes, { freq: 2 }),
    fc.option(likely.parameters, { freq: 2 }),
    fc.array(anyInput, { maxLength: 3 }),
  )
  .map(([recipes, override, inputs]) => ({
    ...(recipes !== null && { recipes }),
    ...(override !== null && { parameters: override }),
    ...Object.fromEntries(inputs),
  }));

// After its end, the log of a job is read once more for seconds.
const clock = fastClock(50);

async function cookWith(inputs: Readonly<Record<string, string>>): Promise<RememberingRunner> {
  const { publicKey } = simulator;
  const keys = { 'public-key': publicKey, 'secret-key': secretKey };
  const runner = rememberingRunner({ recipes: recipe, ...keys, ...inputs });
  await cook({
    runner,
    clock,
    random: Math.random,
    // Whatever the address: no test leaves this machine.
    connect: () => connect(new URL(simulator.url)),
    openProbe: noProbe,
    openGitHub: noGitHub,
    createSshFolder: noSsh,
    interrupt: new AbortController().signal,
  });
  return runner;
}

const path =
  /^\/v1\/(?:compute\/(?:offers|ledger\/transactions)|job-runs|(?:job-recipes|job-runs|jobs)\/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?:\/cook)?)$/;
// Whether a recipe is BATCH is not known before it is cooked.
const knownByRecipeOnly = /: max_timeout_run_ms: is needed for BATCH\.\n/;

test('whatever the inputs are, no crash, and no request that the service cannot read', async () => {
  const taken: string[] = [];
  await fc.assert(
    fc.asyncProperty(anyInputs, async (inputs) => {
      const before = simulator.requests.length;
      const { annotations, outputs, failed } = await cookWith(inputs);
      const text = annotations.map(({ title, message }) => `${title}\n${message}`).join('\n');
      expect(text).not.toMatch(/Internal error|\[object |undefined/);
      expect(outputs.get('result')).toMatch(/^(?:succeeded|submitted|dry-run|error)$/);
      expect(failed()).toBe(outputs.get('result') === 'error');
      expect(annotations.some(({ level }) => level === 'error')).toBe(failed());
      for (const request of simulator.requests.slice(before)) {
        expect(request.path).toMatch(path);
        if (request.status === 422 && knownByRecipeOnly.test(text)) continue;
        expect([200, 401, 404]).toContain(request.status);
        if (request.method === 'POST' && request.status === 200) taken.push(request.path);
      }
    }),
    { numRuns: 300 },
  );
  // It would prove little if none came through.
  expect(taken.length).toBeGreaterThan(15);
}, 120_000);
