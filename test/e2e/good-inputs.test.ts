import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import pLimit from 'p-limit';
import { connect } from '../../src/service/http.ts';
import { systemClock } from '../../src/clock.ts';
import { cook } from '../../src/commands/cook.ts';
import { fakeDeps } from '../support/deps.ts';
import { rememberingRunner } from '../runner/in-process.ts';
import { errorsIn } from '../runner/model.ts';
import { startSimulator } from '../simulator/server.ts';
import type { Generation, RecipeScript, RequestRecord } from '../simulator/types.ts';
import { life, play, type Played } from './scenario.ts';

// Each row is what a workflow author writes, and the exact bodies that reach the service.

type With = Readonly<Record<string, string>>;
type Body = Readonly<Record<string, unknown>>;
/** `reads`: how many recipes have to be read before; for their prices, more may be. */
type Row = readonly [name: string, given: With, bodies: readonly Body[], reads: number];

const a = '01a0114e-e7f8-4e76-a07a-f09fca41e2be';
const b = '0198ac1c-7063-4be8-bb94-57a5bd83548e';
const gpu = '3f2a9c10-0000-4000-8000-00000000abcd';
const ourDescription =
  'Cooked by acme/renders, workflow "Nightly", run 4711: https://github.com/acme/renders/actions/runs/4711 [MARK]';

const stored = {
  image: 'ubuntu',
  tag: '24.04',
  secret: 'stored-token',
  env: { KEEP: 'kept', LEVEL: 'recipe', ['__proto__']: 'stored' },
  ports: [22],
};
const recipes: readonly RecipeScript[] = [a, b].map((uuid) => ({
  uuid,
  name: 'Render',
  payload: { parameters: { type: 'docker', parameters: stored } },
  life: life('PENDING'),
}));

/** Six minutes of one job. */
const ceilings = { 'max-cost': '0.05', 'max-hourly-rate': '0.50' };

/** A body with these fields, and the description that is sent where none is given. */
const body = (fields: Body = {}): Body => ({ description: ourDescription, ...fields });
/** A body with the stored container and these parameters on it. */
const container = (parameters: Body, fields: Body = {}): Body =>
  body({ ...fields, parameters: { type: 'docker', parameters: { ...stored, ...parameters } } });
const env = (variables: Body) => ({ env: { ...stored.env, ...variables } });
/** One field alone, as an input. */
const alone = (name: string, text: string, sent: Body): Row => [
  `${name}: ${JSON.stringify(text)}`,
  { [name]: text },
  [body(sent)],
  0,
];
/** Fields of one entry, in YAML's flow style. */
const entry = (name: string, fields: string, sent: Body, given: With = {}): Row => [
  name,
  { ...given, recipes: `- {uuid: ${a}, ${fields}}` },
  [body(sent)],
  'parameters' in sent ? 1 : 0,
];

const folder = mkdtempSync(join(tmpdir(), 'good-inputs-'));
const list = join(folder, 'list.json');
writeFileSync(list, `\uFEFF${JSON.stringify([a, { uuid: b, 'gpu-count': 2 }])}\n`);
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const rows: readonly Row[] = [
  ['a recipe alone', {}, [body()], 0],
  ['an upper-case UUID', { recipes: `  ${a.toUpperCase()}\n` }, [body()], 0],
  alone('title', 'Nightly render', { title: 'Nightly render' }),
  alone('title', 'Café 😀 – 夜', { title: 'Café 😀 – 夜' }),
  alone('title', 'a\u0001\u007f\u2028"\\', { title: 'a\u0001\u007f\u2028"\\' }),
  alone('title', 'null', { title: 'null' }),
  alone('title', '\n  Fix the shadows\r\n\nA longer story.\n', { title: 'Fix the shadows' }),
  alone('description', ' Two\n  lines\n', { description: 'Two\n  lines [MARK]' }),
  alone('task', 'BATCH', { task: 'BATCH' }),
  alone('task', 'PERSISTENT', { task: 'PERSISTENT', max_timeout_run_ms: null }),
  alone('cpu-count', '8', { cpu_count: 8 }),
  alone('cpu-count', '1.5', { cpu_count: 1.5 }),
  alone('gpu-count', '0', { gpu_count: 0 }),
  alone('gpu-name', 'RTX 4090', { gpu_name: 'RTX 4090' }),
  alone('gpu-registry-uuid', gpu.toUpperCase(), { gpu_registry_uuid: gpu }),
  alone('min-vram-gb', '24', { min_vram_gb: 24 }),
  alone('min-ram-gb', '0.5', { min_ram_gb: 0.5 }),
  alone('min-storage-gb', ' 100 ', { min_storage_gb: 100 }),
  alone('max-node-count', '2', { max_node_count: 2 }),
  alone('max-retry-count', '0', { max_retry_count: 0 }),
  alone('max-timeout-assign', '5m', { max_timeout_assign_ms: 300_000 }),
  alone('max-timeout-start', '120s', { max_timeout_start_ms: 120_000 }),
  alone('max-timeout-run', '1d1h1m1s', { max_timeout_run_ms: 90_061_000 }),
  ['empty texts', { title: '', 'cpu-count': ' ', parameters: '\n', env: ' \n' }, [body()], 0],
  ['parameters in YAML', { parameters: 'tag: 1.10' }, [container({ tag: '1.10' })], 1],
  ['parameters in JSON', { parameters: '{"tag": 1.10}' }, [container({ tag: '1.10' })], 1],
  [
    'parameters in the envelope of the API',
    { parameters: '{type: docker, parameters: {ports: [22, 443]}}' },
    [container({ ports: [22, 443] })],
    1,
  ],
  [
    'every parameter',
    {
      parameters: [
        'image: acme/render',
        'tag: no',
        'imagesrc: ghcr',
        'host: ghcr.io',
        'user: bot',
        'secret: ghp_token',
        'env: {SHARD: 1}',
        'ports: []',
        'volumes: [{image: data, mount: /data, registry: ghcr.io, secret: s, tag: 1, user: u}]',
        'sshkey: "ssh-ed25519 AAAA\\u0001\\t é"',
        'allowed_ips: [10.0.0.0/8]',
      ].join('\n'),
    },
    [
      container({
        image: 'acme/render',
        tag: 'no',
        imagesrc: 'ghcr',
        host: 'ghcr.io',
        user: 'bot',
        secret: 'ghp_token',
        ...env({ SHARD: '1' }),
        ports: [],
        volumes: [
          { image: 'data', mount: '/data', registry: 'ghcr.io', secret: 's', tag: '1', user: 'u' },
        ],
        sshkey: 'ssh-ed25519 AAAA\u0001\t é',
        allowed_ips: ['10.0.0.0/8'],
      }),
    ],
    1,
  ],
  ['an empty parameter', { parameters: 'image: ""\ntag: "1"' }, [container({ tag: '1' })], 1],
  [
    'env, to the letter',
    { env: 'A=1\n\n  B= "x"=\'y\'  \nC=\r\nD=# é 😀 \t' },
    [container(env({ A: '1', B: ' "x"=\'y\'  ', C: '', D: '# é 😀 \t' }))],
    1,
  ],
  [
    'env with a value of several lines',
    { env: 'A<<END\n one\n\n# two=2\nEND\nB=<<END\nC<<E\nE\n' },
    [container(env({ A: ' one\n\n# two=2', B: '<<END', C: '' }))],
    1,
  ],
  [
    'env whose names are those of objects',
    { env: '__proto__=ours\nconstructor=c\ntoString=t' },
    [container(env({ ['__proto__']: 'ours', constructor: 'c', toString: 't' }))],
    1,
  ],
  [
    'env in parameters: every scalar is text',
    { parameters: 'env: {A: 1.10, B: no, C: 0x1F, D: ~, E: "null", F: "", G: "a=\\"b\\"\\n"}' },
    [container(env({ A: '1.10', B: 'no', C: '0x1F', D: '~', E: 'null', F: '', G: 'a="b"\n' }))],
    1,
  ],
  ['two recipes', { recipes: `${a}\r\n\n${b}` }, [body(), body()], 0],
  ['one recipe twice, in YAML', { recipes: `- ${a}\n- "${a}"` }, [body(), body()], 0],
  ['two recipes, in JSON', { recipes: JSON.stringify([a, b]) }, [body(), body()], 0],
  [
    'two recipes with env: each is read once',
    { recipes: JSON.stringify([a, b, a]), env: 'A=1' },
    [1, 2, 3].map(() => container(env({ A: '1' }))),
    2,
  ],
  [
    'YAML that is indented as a whole, as a script prints it',
    {
      recipes: `\n    - uuid: ${a}\n      title: One\n    - ${b}\n`,
      parameters: '  tag: "1"\n  ports: [22]\n',
    },
    [container({ tag: '1', ports: [22] }, { title: 'One' }), container({ tag: '1', ports: [22] })],
    2,
  ],
  ['a file of recipes', { recipes: '', 'recipes-file': list }, [body(), body({ gpu_count: 2 })], 0],
  [
    'entries from toJSON',
    {
      recipes: JSON.stringify(
        [
          { uuid: a, title: 'One', gpu_count: 1.5, min_ram_gb: 0, env: { SHARD: 1, LAST: false } },
          { uuid: b, title: 'Two', description: null, parameters: { ports: [22, 80] } },
        ],
        null,
        2,
      ),
    },
    [
      container(env({ SHARD: '1', LAST: 'false' }), {
        title: 'One',
        gpu_count: 1.5,
        min_ram_gb: 0,
      }),
      container({ ports: [22, 80] }, { title: 'Two' }),
    ],
    2,
  ],
  entry('nulls of an entry', 'gpu_name: null, gpu_registry_uuid: ~, description: null', {
    gpu_name: null,
    gpu_registry_uuid: null,
  }),
  entry(
    "an entry by the inputs' names",
    'gpu-count: 2, max-timeout-run: 2h, min_vram_gb: 24, allowed-region-codes: ""',
    { gpu_count: 2, max_timeout_run_ms: 7_200_000, min_vram_gb: 24 },
  ),
  entry('a title of several lines', 'title: "One\\ntwo"', { title: 'One' }),
  entry('a PERSISTENT entry', 'task: PERSISTENT', {
    task: 'PERSISTENT',
    max_timeout_run_ms: null,
  }),
  entry(
    'a PERSISTENT entry under a bound for the others',
    'task: PERSISTENT, max_timeout_run_ms: null',
    { task: 'PERSISTENT', max_timeout_run_ms: null },
    { 'max-timeout-run': '1h' },
  ),
  entry(
    'the GPU of an entry displaces that of the inputs',
    `gpu_registry_uuid: ${gpu}`,
    { gpu_registry_uuid: gpu },
    { 'gpu-name': 'RTX 4090' },
  ),
  entry(
    'the GPU name of an entry displaces the UUID of the inputs',
    'gpu_name: H100, gpu_registry_uuid: null',
    { gpu_name: 'H100', gpu_registry_uuid: null },
    { 'gpu-registry-uuid': gpu },
  ),
  entry(
    'an entry goes before the inputs, an empty text is not given',
    'title: Ours, description: "", cpu_count: 0, max_timeout_run_ms: 60000',
    { title: 'Ours', cpu_count: 0, gpu_count: 2, max_timeout_run_ms: 60_000 },
    { title: 'Theirs', 'cpu-count': '8', 'gpu-count': '2', 'max-timeout-run': '1h' },
  ),
  [
    'three levels: mappings merge, lists and scalars replace',
    {
      recipes: JSON.stringify([
        {
          uuid: a,
          parameters: { type: 'docker', parameters: { tag: 'entry', env: { LEVEL: 'entry' } } },
          env: { LAST: 'entry env' },
        },
        { uuid: a, parameters: { ports: [22, 3] } },
      ]),
      parameters: 'tag: inputs\nimage: ours\nports: [22, 2]\nenv: {LEVEL: inputs, P: 1, Q: 1}',
      env: 'Q=env\nLAST=inputs',
    },
    [
      container({
        image: 'ours',
        tag: 'entry',
        ports: [22, 2],
        ...env({ LEVEL: 'entry', P: '1', Q: 'env', LAST: 'entry env' }),
      }),
      container({
        image: 'ours',
        tag: 'inputs',
        ports: [22, 3],
        ...env({ LEVEL: 'inputs', P: '1', Q: 'env', LAST: 'inputs' }),
      }),
    ],
    1,
  ],
  [
    'anchors and aliases',
    { recipes: `- &one {uuid: ${a}, env: &e {A: 1}}\n- *one\n- {uuid: ${b}, env: *e}` },
    [1, 2, 3].map(() => container(env({ A: '1' }))),
    2,
  ],
];

const regions: readonly Row[] = [
  alone('allowed-region-codes', 'us-east-1', { allowed_region_codes: ['us-east-1'] }),
  alone('allowed-region-codes', 'US-EAST-1, eu-west-1\nus-east-1', {
    allowed_region_codes: ['us-east-1', 'eu-west-1'],
  }),
  entry(
    'the regions of an entry',
    'allowed_region_codes: [eu-west-1]',
    { allowed_region_codes: ['eu-west-1'] },
    { 'allowed-region-codes': 'us-east-1' },
  ),
  entry(
    'no regions of an entry',
    'allowed_region_codes: []',
    { allowed_region_codes: [] },
    { 'allowed-region-codes': 'us-east-1' },
  ),
  alone('max-hourly-rate', '5', {}),
  ['a share as run limit', { ...ceilings }, [body({ max_timeout_run_ms: 360_000 })], 1],
  [
    'a share of two, in two runs each',
    { ...ceilings, recipes: `${a}\n${b}`, 'max-retry-count': '1', 'max-timeout-run': '2h' },
    Array.from({ length: 2 }, () => body({ max_retry_count: 1, max_timeout_run_ms: 90_000 })),
    2,
  ],
  [
    'a run limit below the share',
    { ...ceilings, 'max-timeout-run': '5m' },
    [body({ max_timeout_run_ms: 300_000 })],
    1,
  ],
  [
    'a server has no share',
    { ...ceilings, task: 'PERSISTENT' },
    [body({ task: 'PERSISTENT', max_timeout_run_ms: null })],
    1,
  ],
  [
    'of several models the first on offer',
    { 'gpu-name': 'RTX 9999\nH100\nRTX 4090' },
    [body({ gpu_name: 'H100' })],
    0,
  ],
  [
    'of several models on a line the first on offer',
    { 'gpu-name': 'RTX 9999, H100' },
    [body({ gpu_name: 'H100' })],
    0,
  ],
  [
    'of several models the first that is cheap enough',
    { 'gpu-name': 'H100\nRTX 4090\nRTX 3090', 'max-hourly-rate': '0.70' },
    [body({ gpu_name: 'RTX 4090' })],
    0,
  ],
  entry(
    'the models of an entry displace those of the inputs',
    'gpu_name: [RTX 3090, H100]',
    { gpu_name: 'RTX 3090' },
    { 'gpu-name': 'RTX 4090\nH100' },
  ),
  [
    'all together',
    {
      title: 'All',
      description: 'Every field',
      task: 'BATCH',
      'cpu-count': '8',
      'gpu-count': '2',
      'gpu-name': 'RTX 4090',
      'min-vram-gb': '24',
      'min-ram-gb': '32',
      'min-storage-gb': '100',
      'max-node-count': '1',
      'max-retry-count': '3',
      'max-timeout-assign': '10m',
      'max-timeout-start': '30m',
      'max-timeout-run': '2h',
      'allowed-region-codes': 'eu-west-1 eu-west-2',
      parameters: 'tag: "1"',
      env: 'A=1',
    },
    [
      container(
        { tag: '1', ...env({ A: '1' }) },
        {
          title: 'All',
          description: 'Every field [MARK]',
          task: 'BATCH',
          cpu_count: 8,
          gpu_count: 2,
          gpu_name: 'RTX 4090',
          min_vram_gb: 24,
          min_ram_gb: 32,
          min_storage_gb: 100,
          max_node_count: 1,
          max_retry_count: 3,
          max_timeout_assign_ms: 600_000,
          max_timeout_start_ms: 1_800_000,
          max_timeout_run_ms: 7_200_000,
          allowed_region_codes: ['eu-west-1', 'eu-west-2'],
        },
      ),
    ],
    1,
  ],
];

/** The bodies of the cooks, in an order that does not depend on which came first. */
function bodiesOf(requests: readonly RequestRecord[]): readonly unknown[] {
  const cooks = requests.filter(({ method }) => method === 'POST');
  return inOrder(cooks.map((request) => JSON.stringify(request.body).replace(markPattern, 'MARK')));
}

const markPattern = /(?<=\[)github\.com\/[^\]]+\] \[cook-[0-9a-f]{32}-[0-9a-f]{16}/;

// Compared as text with sorted keys, in which `__proto__` is a key like any other.
function inOrder(bodies: readonly string[]): readonly unknown[] {
  return bodies.map((each) => sortKeys(JSON.parse(each))).toSorted();
}

function sortKeys(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(sortKeys).join()}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).toSorted(([left], [right]) => (left < right ? -1 : 1));
  return `{${members.map(([key, each]) => `${JSON.stringify(key)}:${sortKeys(each)}`).join()}}`;
}

function expectRow([, , bodies, reads]: Row, requests: readonly RequestRecord[]): void {
  expect(bodiesOf(requests)).toEqual(inOrder(bodies.map((each) => JSON.stringify(each))));
  const recipeReads = requests.filter(
    ({ method, path }) => method === 'GET' && path.startsWith('/v1/job-recipes/'),
  );
  expect(recipeReads.length).toBeGreaterThanOrEqual(reads);
  // However many entries and prices ask for it, each recipe is read once.
  expect(recipeReads).toHaveLength(new Set(recipeReads.map(({ path }) => path)).size);
  expect(new Set(requests.map(({ status }) => status))).toEqual(new Set([200]));
}

const submit = { recipes: a, wait: 'false' };

/** Plays a row in this process. */
async function playHere([, given]: Row, generation: Generation) {
  const simulator = await startSimulator({ recipes, generation });
  const { publicKey, secretKey, url } = simulator;
  const keys = { 'public-key': publicKey, 'secret-key': secretKey, 'api-url': url };
  const runner = rememberingRunner({ ...keys, ...submit, ...given });
  await cook({ ...fakeDeps(runner, systemClock), connect });
  await simulator.close();
  return { runner, requests: simulator.requests };
}

describe.each(['new', 'old'] as const)('in this process, on the %s host', (generation) => {
  const all = generation === 'new' ? [...rows, ...regions] : rows;

  test.each(all.map((row) => [row[0], row] as const))('%s', async (_, row) => {
    const { runner, requests } = await playHere(row, generation);
    // Whether such a machine is on offer is another matter.
    const isOfOffers = ({ title }: { readonly title?: string }) => title === 'No offer matches';
    expect(runner.annotations.filter((each) => !isOfOffers(each))).toEqual([]);
    expect(runner.outputs.get('result')).toBe('submitted');
    expectRow(row, requests);
  });
});

describe('as the runner starts it', () => {
  // A process takes long: some of each kind, and what people stumbled over.
  const names = [
    'title: "\\n  Fix the shadows\\r\\n\\nA longer story.\\n"',
    'env with a value of several lines',
    'YAML that is indented as a whole, as a script prints it',
    "an entry by the inputs' names",
    'a file of recipes',
    'of several models on a line the first on offer',
  ];
  const some = [...rows, ...regions].filter(
    ([name], index) => index % 8 === 0 || names.includes(name),
  );
  const few = pLimit(3);
  let steps: readonly Played[];

  beforeAll(async () => {
    steps = await Promise.all(
      some.map(async ([, given]) =>
        few(async () => play({ recipes, with: { ...submit, ...given } })),
      ),
    );
  }, 120_000);

  test.each(some.map((row, index) => [row[0], row, index] as const))('%s', (_, row, index) => {
    const step = steps[index];
    expect(step?.log.match(/^::error.*/m)).toBeNull();
    expect(step?.exitCode).toBe(0);
    expect(step?.outputs['result']).toBe('submitted');
    expectRow(row, step?.requests ?? []);
  });

  test('all that people stumbled over is among them', () => {
    expect(some.map(([name]) => name)).toEqual(expect.arrayContaining(names));
  });

  test('asked for regions, which it does not know, its refusal is explained', async () => {
    const { exitCode, outputs, log, requests } = await play({
      recipes,
      simulator: { generation: 'old' },
      with: { ...submit, 'allowed-region-codes': 'us-east-1' },
    });
    expect(exitCode).toBe(1);
    expect(outputs['result']).toBe('error');
    const cooks = requests.filter(({ method }) => method === 'POST');
    expect(cooks.map(({ status }) => status)).toEqual([422]);
    const errors = errorsIn(log);
    expect(errors.map(({ message }) => message)).toEqual([
      expect.stringMatching(
        /allowed_region_codes: unknown field\.\n.*allowed-region-codes\. The older host, https:\/\/api\.compute\.x\.io, does not support it\.$/,
      ),
    ]);
  });
});

test('a sweep: 20 entries over one recipe, each with an environment and a key of its own', async () => {
  const shards = Array.from({ length: 20 }, (_, shard) => ({ uuid: a, env: { SHARD: shard } }));
  const sweep = recipes.map((recipe) => ({ ...recipe, life: life('PENDING', 'COMPLETED') }));
  const step = await play({
    recipes: sweep,
    with: { recipes: JSON.stringify(shards), 'max-timeout-run': '1h' },
  });
  expect(step.exitCode).toBe(0);
  expect(step.outputs['result']).toBe('succeeded');
  expect(new Set(JSON.parse(step.outputs['job-uuids'] ?? '') as string[]).size).toBe(20);
  const variables = step.jobs.map(({ parameters }) => parameters?.parameters.env?.['SHARD']);
  expect(variables.toSorted((x, y) => Number(x) - Number(y))).toEqual(
    shards.map(({ env: { SHARD } }) => String(SHARD)),
  );
  const keys = step.jobs.map(({ description }) => markPattern.exec(description ?? '')?.[0]);
  expect(new Set(keys).size).toBe(20);
  const reads = step.requests.filter(({ path }) => path === `/v1/job-recipes/${a}`);
  expect(reads).toHaveLength(1);
});
