import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import pLimit from 'p-limit';
import { systemClock } from '../../src/clock.ts';
import { cook } from '../../src/commands/cook.ts';
import { findCommands } from '../runner/commands.ts';
import { errorsIn } from '../runner/model.ts';
import { runStep, type StepResult } from '../runner/step.ts';
import { startSimulator } from '../simulator/server.ts';
import type { Simulator } from '../simulator/types.ts';
import { fakeDeps } from '../support/deps.ts';
import { rememberingRunner } from '../runner/in-process.ts';

// Each row is a step with bad inputs: where the problem is told to be, what is given, what is said
// of it, and which of what is given must not show anywhere. Reading them is a function, so most are
// played in this process; every eighth as the runner would, in one of its own.

type With = Readonly<Record<string, string>>;
type Row = readonly [place: string, given: With, says: RegExp, secret?: string];

const recipe = '01a0114e-e7f8-4e76-a07a-f09fca41e2be';
const password = 'hunter2-correct-horse';

/** A list of one entry, in YAML's flow style. */
const entry = (fields: string): With => ({ recipes: `[{uuid: ${recipe}, ${fields}}]` });
const parameters = (text: string): With => ({ parameters: text });
/** A mapping that doubles with each level, within the bound on aliases. */
const bomb = [
  'env: &a0 {A: x}',
  ...Array.from({ length: 20 }, (_, n) => `a${n + 1}: &a${n + 1} [*a${n}, *a${n}]`),
].join('\n');

const folder = mkdtempSync(join(tmpdir(), 'bad-inputs-'));
const write = (name: string, text: string) => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
const written = {
  good: write('good.txt', recipe),
  empty: write('empty.txt', '\n'),
  large: write('large.txt', `-${'\n'.repeat(1_000_001)}`),
  bad: write('bad.json', JSON.stringify([recipe, { uuid: recipe, gpu_count: 'two' }])),
  unbounded: write(
    'unbounded.yml',
    `- ${recipe}\n- {uuid: ${recipe}, task: BATCH, max_timeout_run_ms: null}`,
  ),
};
const file = (path: string): With => ({ recipes: '', 'recipes-file': path });

const uuidForm = /is not a UUID such as 01a0114e-e7f8-4e76-a07a-f09fca41e2be$/;
const amountForm = /is not an amount in USD of more than 0, such as 0\.50 or 12$/;
const numberForm = /is not a number of 0 or more$/;
const durationForm =
  /is not a duration from 1s to 365d: use numbers with units, such as 90s, 30m, 2h, 1h30m, or 1d$/;
const codeForm = /is not a region code; use a code such as eu-west-1 or us-east-2$/;
const nameForm = /use a letter or `_`, followed by letters, digits, `_`, `\.`, or `-`$/;
const flagForm = /is neither true nor false$/;

const rows: readonly Row[] = [
  // recipes
  [
    'recipes',
    { recipes: '' },
    /is missing: use the UUID of a recipe, or several UUIDs, one per line/,
  ],
  ['recipes', { recipes: '[]' }, /has no entry: use the UUID of a recipe, or several UUIDs/],
  ['recipes', { 'recipes-file': written.good }, /^cannot be used with recipes-file$/],
  [
    'recipes-file',
    file('list.json'),
    /^cannot be read \(.*ENOENT.*\): use a path relative to the workspace$/,
  ],
  ['recipes-file', file('.'), /^cannot be read \(.*EISDIR/],
  ['recipes-file', file(join(written.empty, 'x')), /^cannot be read \(.*ENOTDIR/],
  ['recipes-file', file(written.empty), /has no entry: use the UUID of a recipe/],
  ['recipes-file', file(written.large), /is longer than 1000000 characters$/],
  ['recipes-file[1].gpu_count', file(written.bad), numberForm],
  ['recipes-file[1].max_timeout_run_ms', file(written.unbounded), /^is required for `task: BATCH`/],
  ['recipes', { recipes: 'nightly' }, /^"nightly" is not a UUID such as/],
  ['recipes[1]', { recipes: `${recipe}\n${recipe.slice(1)}` }, uuidForm],
  ['recipes', { recipes: `${recipe}, ${recipe}` }, uuidForm],
  ['recipes', { recipes: `../jobs/${recipe}` }, uuidForm],
  ['recipes', { recipes: `${recipe}/../../jobs` }, uuidForm],
  ['recipes', { recipes: `${recipe}%2F..` }, uuidForm],
  ['recipes', { recipes: `${recipe}?x=1` }, uuidForm],
  ['recipes', { recipes: `${recipe}#x` }, uuidForm],
  ['recipes', { recipes: `{01a0114e-e7f8-4e76-a07a-f09fca41e2be}`.slice(1) }, uuidForm],
  ['recipes', { recipes: recipe.replaceAll('-', '') }, uuidForm],
  ['recipes', { recipes: recipe.replace('0', '０') }, uuidForm],
  ['recipes', { recipes: password.repeat(4) }, /^the value is not a UUID/, password],
  ['recipes', { recipes: `sk_${password}` }, /^a secret key is not a UUID/, password],
  ['recipes', { recipes: `uuid: ${recipe}` }, /must be a list: start each entry with `- `/],
  ['recipes', { recipes: `{"uuid": "${recipe}"}` }, /must be a list: .* put the entries in \[ \]/],
  [
    'recipes',
    { recipes: `- uuid: [${recipe}` },
    /is not valid YAML or JSON: .* line 1, column \d+/,
  ],
  [
    'recipes',
    { recipes: `[{"uuid": "${recipe}",}` },
    /is not valid YAML or JSON: .* line 1, column/,
  ],
  [
    'recipes[0].uuid',
    { recipes: '- title: x' },
    /is missing: each entry needs the UUID of its recipe/,
  ],
  ['recipes[0].uuid', { recipes: '- uuid: ../jobs' }, /^the value is not a UUID such as/],
  ['recipes[0].uuid', { recipes: '- uuid: null' }, /cannot be null/],
  ['recipes[0].uuid', { recipes: '- uuid: {a: b}' }, /must be a single value, not a list or/],
  ['recipes[0]', { recipes: `- [${recipe}]` }, /must be a mapping of names to values/],
  ['recipes[0]', { recipes: '- null' }, /must be a mapping of names to values/],
  ['recipes[1]', { recipes: `- uuid: ${recipe}\n- nightly` }, /^"nightly" is not a UUID/],
  ['recipes', { recipes: `- ${recipe}\n`.repeat(1_001) }, /has more than 1000 values/],
  // an address of the console
  [
    'recipes',
    { recipes: `https://x.test/${recipe}?token=${password}` },
    /^the value is not/,
    password,
  ],
  // entries
  ['recipes[0]', entry('titel: y'), /^"titel" is not a known field; did you mean title\?$/],
  [
    'recipes[0]',
    entry('gpu_cont: 1'),
    /^"gpu_cont" is not a known field; did you mean gpu_count\?/,
  ],
  ['recipes[0]', entry('max-retry-cuont: 1'), /; did you mean max-retry-count\?$/],
  [
    'recipes[0].gpu-count',
    entry('gpu_count: 1, gpu-count: 1'),
    /^is the same field as gpu_count, which is also set: set only one of them$/,
  ],
  ['recipes[0].max-timeout-run', entry('max-timeout-run: 7200000'), durationForm],
  ['recipes[0].max-timeout-start', entry('max-timeout-start: 1m'), /too short: the minimum is 2m$/],
  [
    'recipes[0]',
    entry('wobble: 1'),
    /^"wobble" is not a known field; known fields are uuid, title, /,
  ],
  [
    'recipes[0]',
    entry('__proto__: {a: b}'),
    /^"__proto__" is not a known field; known fields are uuid/,
  ],
  ['recipes[0].gpu_count', entry('gpu_count: two'), numberForm],
  ['recipes[0].gpu_count', entry('gpu_count: null'), /cannot be null: leave it out/],
  ['recipes[0].title', entry('title: null'), /cannot be null: leave it out/],
  ['recipes[0].title', entry('title: [a]'), /must be a single value, not a list or a mapping/],
  ['recipes[0].task', entry('task: batch'), /"batch" is not one of BATCH, PERSISTENT/],
  ['recipes[0].gpu_registry_uuid', entry('gpu_registry_uuid: "null"'), uuidForm],
  [
    'recipes[0].max_timeout_run_ms',
    entry('max_timeout_run_ms: 1h'),
    /^"1h" is not a whole number of 60000 or more milliseconds; to use a duration such as 2h/,
  ],
  ['recipes[0].max_timeout_assign_ms', entry('max_timeout_assign_ms: 299999'), /of 300000 or more/],
  ['recipes[0].max_timeout_start_ms', entry('max_timeout_start_ms: 1e9'), /of 120000 or more/],
  ['recipes[0].allowed_region_codes', entry('allowed_region_codes: {a: b}'), /list of region/],
  ['recipes[0].allowed_region_codes[0]', entry('allowed_region_codes: [mars-1]'), codeForm],
  ['recipes[0].env', entry(`env: ${password}`), /mapping of names to values/, password],
  ['recipes[0].env.A', entry(`env: {A: [${password}]}`), /must be a single value/, password],
  ['recipes[0].env.A', entry('env: {A: null}'), /cannot be null: use "" or "null", in quotes/],
  ['recipes[0].env[0]', entry(`env: {1A: ${password}}`), nameForm, password],
  ['recipes[0].env[0]', entry('env: {: x}'), nameForm],
  ['recipes[0].env[0]', entry('env: {"a\\nb": x}'), nameForm],
  ['recipes[0].env[0]', entry('env: {"`|<b>##[warning]": x}'), nameForm],
  ['recipes[0].parameters.ports[1]', entry('parameters: {ports: [1, x]}'), /from 1 to 65535/],
  [
    'recipes[0].gpu_name',
    entry(`gpu_name: RTX, gpu_registry_uuid: ${recipe}`),
    /cannot be used with gpu-registry-uuid: set only one/,
  ],
  [
    'recipes[0].max_timeout_run_ms',
    { ...entry('task: PERSISTENT'), 'max-timeout-run': '1h' },
    /^cannot be set with `task: PERSISTENT`, which runs until the job is canceled; in an entry, null removes it$/,
  ],
  [
    'recipes[0].max_timeout_run_ms',
    { ...entry('max_timeout_run_ms: 60000'), task: 'PERSISTENT' },
    /cannot be set with `task: PERSISTENT`, which runs until the job is canceled/,
  ],
  [
    'recipes[0].max_timeout_run_ms',
    entry('task: BATCH, max_timeout_run_ms: null'),
    /^is required for `task: BATCH`: set a duration, such as 2h$/,
  ],
  // keys and address
  ['public-key', { 'public-key': '' }, /is empty\. Store both keys .* DISPERSED_PUBLIC_KEY/],
  ['secret-key', { 'secret-key': '' }, /DISPERSED_SECRET_KEY, under Settings > Secrets/],
  ['secret-key', { 'secret-key': ' \n' }, /is empty\. Store both keys/],
  ['secret-key', { 'secret-key': `sk ${password}` }, /Copy the key again, on one line/, password],
  [
    'secret-key',
    { 'secret-key': `sk_a\n${password}` },
    /Copy the key again, on one line/,
    password,
  ],
  [
    'secret-key',
    { 'secret-key': `sk_${password}é` },
    /characters that a key cannot contain/,
    password,
  ],
  [
    'secret-key',
    { 'secret-key': `pk_${password}` },
    /check that the two are not swapped/,
    password,
  ],
  [
    'public-key',
    { 'public-key': `sk_${password}` },
    /check that the two are not swapped/,
    password,
  ],
  ['public-key', { 'public-key': `pk_a\r\nX-Evil: ${password}` }, /line breaks/, password],
  ['api-url', { 'api-url': 'dispersed' }, /is not a URL; .* https:\/\/api\.dispersed\.com/],
  ['api-url', { 'api-url': 'http://api.dispersed.com' }, /does not use https; http .* loopback/],
  ['api-url', { 'api-url': 'http://localhost.example.com' }, /does not use https/],
  ['api-url', { 'api-url': 'http://10.0.0.1' }, /http is accepted only for loopback addresses/],
  ['api-url', { 'api-url': `ftp://a.example/?k=${password}` }, /does not use https/, password],
  ['api-url', { 'api-url': `https://u:${password}@a.example` }, /username or password/, password],
  ['api-url', { 'api-url': `http://${password}@127.0.0.1` }, /username or password/, password],
  ['api-url', { 'api-url': 'https://api.dispersed.com/v1' }, /must be a URL without a path, query/],
  ['api-url', { 'api-url': `https://a.example/?k=${password}` }, /without a path/, password],
  ['api-url', { 'api-url': 'file:///etc/passwd' }, /does not use https/],
  // cook fields
  ['task', { task: 'DAEMON' }, /"DAEMON" is not one of BATCH, PERSISTENT/],
  ['cpu-count', { 'cpu-count': '-1' }, numberForm],
  ['cpu-count', { 'cpu-count': '1e3' }, numberForm],
  ['gpu-count', { 'gpu-count': '1,5' }, numberForm],
  ['gpu-count', { 'gpu-count': 'Infinity' }, numberForm],
  ['gpu-registry-uuid', { 'gpu-registry-uuid': 'RTX-4090' }, uuidForm],
  [
    'gpu-name',
    { 'gpu-name': 'RTX 4090', 'gpu-registry-uuid': recipe },
    /cannot be used with gpu-registry-uuid: set only one/,
  ],
  ['min-vram-gb', { 'min-vram-gb': '24GB' }, numberForm],
  ['min-ram-gb', { 'min-ram-gb': '0x10' }, numberForm],
  ['min-storage-gb', { 'min-storage-gb': '٣' }, numberForm],
  ['max-node-count', { 'max-node-count': '0' }, /"0" is not a whole number of 1 or more/],
  ['max-node-count', { 'max-node-count': '1.5' }, /"1\.5" is not a whole number of 1 or more/],
  ['max-retry-count', { 'max-retry-count': '-1' }, /"-1" is not a whole number of 0 or more/],
  ['max-timeout-assign', { 'max-timeout-assign': '4m59s' }, /is too short: the minimum is 5m/],
  ['max-timeout-start', { 'max-timeout-start': '1m' }, /is too short: the minimum is 2m/],
  ['max-timeout-run', { 'max-timeout-run': '59s' }, /is too short: the minimum is 1m/],
  ['max-timeout-run', { 'max-timeout-run': '1.5h' }, durationForm],
  [
    'max-timeout-run',
    { task: 'PERSISTENT', 'max-timeout-run': '1h' },
    /cannot be set with `task: PERSISTENT`, which runs until the job is canceled/,
  ],
  ['allowed-region-codes', { 'allowed-region-codes': 'us-east' }, /mean us-east-1\?$/],
  ['allowed-region-codes[1]', { 'allowed-region-codes': 'us-east-1, europe' }, codeForm],
  ['allowed-region-codes', { 'allowed-region-codes': ',' }, /contains no region code/],
  // parameters
  ['parameters', parameters('- image'), /must be a mapping of names to values/],
  ['parameters', parameters('ubuntu'), /must be a mapping of names to values/],
  ['parameters', parameters('imgae: x'), /"imgae" is not a known field; did you mean image\?/],
  ['parameters.image', parameters('image: [a]'), /must be a single value/],
  ['parameters.ports', parameters('ports: 8080'), /must be a list/],
  ['parameters.ports[0]', parameters('ports: [0]'), /"0" is not a whole number from 1 to 65535/],
  ['parameters.ports[0]', parameters('ports: [65536]'), /is not a whole number from 1 to 65535/],
  ['parameters.ports[0]', parameters('ports: [http]'), /is not a whole number from 1 to 65535/],
  ['parameters.volumes', parameters('volumes: {mount: /a}'), /must be a list/],
  ['parameters.volumes[0]', parameters('volumes: [{path: /a}]'), /known fields are image, mount, /],
  [
    'parameters.volumes[0].secret',
    parameters(`volumes: [{secret: {a: ${password}}}]`),
    /must be a single value/,
    password,
  ],
  ['parameters.allowed_ips', parameters('allowed_ips: {a: b}'), /must be a list/],
  ['parameters', parameters('{type: podman}'), /^"type" is not a known field/],
  ['parameters', parameters('{image: a, parameters: {}}'), /^"parameters" is not a known field/],
  ['parameters', parameters('image: a\nimage: b'), /duplicated mapping key at line 2, column 1/],
  ['parameters', parameters('env:\n  A: b\n C: d'), /bad indentation .* at line 3, column 2/],
  ['parameters', parameters('{"image": "a"'), /is not valid YAML or JSON: .* line 1, column/],
  ['parameters', parameters('a: b\n---\nc: d'), /expected a single document/],
  [
    'parameters',
    parameters(`secret: *${password}`),
    /aliases without an anchor, are not accepted \(put text that starts with `!` or `\*`/,
    password,
  ],
  [
    'parameters',
    parameters(`secret: !${password} x`),
    /tags, and aliases without an anchor, are not accepted/,
    password,
  ],
  [
    'parameters',
    parameters(`secret: !<${password}> x`),
    /tags, and aliases without an anchor, are not accepted/,
    password,
  ],
  ['parameters', parameters('!!js/function x'), /tags, .* are not accepted .* line 1, column 1/],
  ['parameters', parameters(`secret: @${password}`), /at line 1, column/, password],
  ['parameters', parameters(`<<: {secret: ${password}}`), /"<<" is not a known field/, password],
  ['parameters', parameters(bomb), /is too large, or refers to itself/],
  ['parameters', parameters('&a {env: *a}'), /is too large, or refers to itself/],
  ['parameters', parameters('['.repeat(100)), /nested deeper than 32 levels at line 1/],
  ['parameters', parameters(`image: ${'x'.repeat(100_000)}\n[`), /is not valid YAML or JSON/],
  // env
  ['env', { env: password }, /line 1 has no `=`: use KEY=VALUE, one per line/, password],
  ['env', { env: `A=1\n\n=${password}` }, /line 3 has an invalid name: use a/, password],
  ['env', { env: `9A=${password}` }, nameForm, password],
  ['env', { env: `export A=${password}` }, nameForm, password],
  ['env', { env: `A=1\r\nA=${password}` }, /line 2 sets "A" a second time/, password],
  [
    'env',
    { env: `A=1\nB<<${password}\nC=1` },
    /^line 2 starts a value of several lines for "B", but no later line is its delimiter$/,
    password,
  ],
  ['env', { env: `A<<E\n${password}\nE\nA=1` }, /^line 4 sets "A" a second time$/, password],
  ['env', { env: `9A<<E\n${password}\nE` }, nameForm, password],
  // waiting
  ['wait', { wait: 'yes' }, flagForm],
  ['dry-run', { 'dry-run': '1' }, flagForm],
  ['timeout', { timeout: '5' }, durationForm],
  ['timeout', { timeout: '0s' }, durationForm],
  ['timeout', { timeout: '-5m' }, durationForm],
  ['timeout', { timeout: '2 hours' }, durationForm],
  ['timeout', { timeout: '366d' }, durationForm],
  ['on-timeout', { 'on-timeout': 'Cancel' }, /"Cancel" is not one of cancel, fail, detach/],
  ['poll-interval', { 'poll-interval': '500ms' }, /neither auto nor a duration of 1s or more/],
  ['poll-interval', { 'poll-interval': '0s' }, /such as 15s or 1m/],
  ['wait-until', { wait: 'false', 'wait-until': 'running' }, /cannot be used with `wait: false`$/],
  ['max-parallel', { wait: 'false', 'max-parallel': '2' }, /cannot be used with `wait: false`$/],
  ['fail-fast', { wait: 'false', 'fail-fast': 'true' }, /cannot be used with `wait: false`$/],
  [
    'max-parallel',
    { 'wait-until': 'running', 'max-parallel': '2' },
    /cannot be used with `wait-until: running`/,
  ],
  [
    'max-parallel',
    { task: 'PERSISTENT', 'max-parallel': '2' },
    /cannot be used with `task: PERSISTENT`, which runs until the job is canceled$/,
  ],
  [
    'max-parallel',
    { ...entry('task: PERSISTENT'), 'max-parallel': '2' },
    /cannot be used with `task: PERSISTENT`/,
  ],
  [
    'max-cost',
    { wait: 'false', 'max-cost': '5' },
    /^needs max-hourly-rate with `wait: false`, because no step watches what the jobs cost$/,
  ],
  ['max-hourly-rate', { 'max-hourly-rate': 'cheap' }, amountForm],
  ['max-hourly-rate', { 'max-hourly-rate': '$0.50' }, amountForm],
  ['max-hourly-rate', { 'max-hourly-rate': '0,50' }, amountForm],
  ['max-hourly-rate', { 'max-hourly-rate': '.5' }, amountForm],
  ['max-hourly-rate', { 'max-hourly-rate': '0.00' }, amountForm],
  ['max-cost', { 'max-cost': '-5' }, amountForm],
  ['max-cost', { 'max-cost': '5e3' }, amountForm],
  ['max-cost', { 'max-cost': '5 USD' }, amountForm],
  ['max-cost', { 'max-cost': '0' }, amountForm],
  ['max-cost', { 'max-cost': '0.0000001' }, amountForm],
  [
    'max-cost',
    { recipes: `${recipe}\n${recipe}`, 'max-cost': '0.01', 'max-hourly-rate': '0.50' },
    /pays for only 36\.0 s per run at max-hourly-rate \(2 jobs\), .* 1 minute: set max-cost to at least 0\.0167, or/,
  ],
  [
    'max-cost',
    { 'max-retry-count': '3', 'max-cost': '0.02', 'max-hourly-rate': '0.50' },
    /only 36\.0 s per run at max-hourly-rate \(1 job, max-retry-count 3\)/,
  ],
  ['recipes[0]', entry('max_cost: 5'), /^"max_cost" is not a known field/],
  ['recipes[0]', entry('max_hourly_rate: 1'), /^"max_hourly_rate" is not a known field/],
  ['recipes[0].gpu_name', entry('gpu_name: [A, B, C, D, E, F, G, H, I]'), /more than 8 values/],
  [
    'recipes[0].gpu_name',
    entry(`gpu_name: [A, B], gpu_registry_uuid: ${recipe}`),
    /cannot be used with gpu-registry-uuid: set only one/,
  ],
  ['gpu-name', { 'gpu-name': 'A\nB\nC\nD\nE\nF\nG\nH\nI' }, /has more than 8 values/],
  [
    'gpu-name',
    { 'gpu-name': 'A\nB', 'gpu-registry-uuid': recipe },
    /cannot be used with gpu-registry-uuid/,
  ],
  ['recipes[0].gpu_name', entry('gpu_name: []'), /has no name/],
  ['recipes[0].gpu_name[1]', entry('gpu_name: [A, {}]'), /must be a single value/],
  ['ready-check', { 'ready-check': '/health' }, /"\/health" is not a port of the container and/],
  ['ready-check', { 'ready-check': '0/health' }, /such as 8080\/health/],
  ['ready-check', { 'ready-check': '65536' }, /such as 8080\/health/],
  ['ready-check', { 'ready-check': '8080 /health' }, /such as 8080\/health/],
  ['ready-check', { 'ready-check': '8080/a#b' }, /such as 8080\/health/],
  ['ready-check', { 'ready-check': 'http://localhost:80/' }, /such as 8080\/health/],
  ['ready-check', { 'wait-until': 'ready' }, /is required with `wait-until: ready`/],
  ['ready-check', { wait: 'false', 'ready-check': '80' }, /cannot be used with `wait: false`/],
  [
    'ready-check',
    { 'wait-until': 'completed', 'ready-check': '80' },
    /cannot be used with `wait-until: completed`/,
  ],
  [
    'ready-check',
    { task: 'BATCH', 'ready-check': '80' },
    /for `task: BATCH`, also set `wait-until: ready`/,
  ],
  ['ready-check', { 'max-parallel': '2', 'ready-check': '80' }, /cannot be used with max-parallel/],
  [
    'max-parallel',
    { 'wait-until': 'ready', 'ready-check': '80', 'max-parallel': '2' },
    /cannot be used with `wait-until: ready`/,
  ],
  ['matrix-index', { 'matrix-index': '0\n1' }, /must be a single line/],
];

const isOwnProcess = (index: number) => index % 8 === 0;

const title = ([place, given]: Row, index: number) =>
  `${index + 1}. ${place}: ${JSON.stringify(Object.values(given)).slice(0, 60)}`;

let simulator: Simulator;
let steps: readonly StepResult[];
let several: StepResult;
let many: StepResult;

beforeAll(async () => {
  simulator = await startSimulator();
  const few = pLimit(3);
  const { publicKey, secretKey, url } = simulator;
  const keys = { 'public-key': publicKey, 'secret-key': secretKey, 'api-url': url };
  const inputsOf = (given: With) => ({ recipes: recipe, ...keys, ...given });
  const run = async (given: With) => few(async () => runStep({ with: inputsOf(given) }));
  [several, many, ...steps] = await Promise.all([
    run({
      recipes: `- uuid: x\n  gpu_count: two\n- ${recipe}\n- uuid: ${recipe}\n  gpu_cont: 1`,
      'secret-key': '',
      task: 'DAEMON',
      timeout: '90',
      'allowed-region-codes': 'mars moon',
      env: 'A\nB',
    }),
    run({ recipes: '- nightly\n'.repeat(900) }),
    ...rows.map(async ([, given], index) =>
      isOwnProcess(index) ? run(given) : playHere(inputsOf(given)),
    ),
  ]);
}, 400_000);

afterAll(async () => {
  rmSync(folder, { recursive: true });
  await simulator.close();
});

/** Plays a step in this process, and gives what the runner would have seen of it. */
async function playHere(inputs: With): Promise<StepResult> {
  const runner = rememberingRunner({ 'github-token': 'ghs_runner', ...inputs });
  await cook(fakeDeps(runner, systemClock));
  const escape = (text: string) => text.replaceAll('%', '%25').replaceAll('\n', '%0A');
  const log = [
    ...runner.masked.map((secret) => `::add-mask::${secret}`),
    ...runner.lines,
    ...runner.annotations.map(
      ({ level, title: head, message }) => `::${level} title=${head}::${escape(message)}`,
    ),
  ];
  return {
    exitCode: runner.failed() ? 1 : 0,
    log: log.join('\n'),
    outputs: Object.fromEntries(runner.outputs),
    state: Object.fromEntries(runner.kept),
    summary: runner.summary(),
    paths: [],
    logFiles: {},
  };
}

/** The message of the one error annotation. */
function complaintOf({ log }: StepResult): string {
  const errors = errorsIn(log);
  expect(errors).toHaveLength(1);
  return errors[0]?.message ?? '';
}

test.each(rows.map((row, index) => [title(row, index), row, index] as const))(
  '%s',
  (_, [place, , says, secret = simulator.secretKey], index) => {
    const step = steps[index];
    if (step === undefined) throw new Error('was not run');
    expect(step.exitCode).toBe(1);
    const lines = complaintOf(step).split('\n');
    expect(lines).toHaveLength(1);
    expect(step.outputs).toEqual({
      ...nothingCooked,
      message: expect.stringContaining(`\n${lines[0]?.slice(0, 100)}`),
    });
    expect(lines[0]?.slice(0, place.length + 2)).toBe(`${place}: `);
    expect(lines[0]?.slice(place.length + 2)).toMatch(says);
    expect(step.summary).toMatch(
      /^### ⚠️ An input is invalid; nothing was sent\n\n<ul>\n<li>[^\n]+\n<\/ul>\n$/,
    );
    const { shown, commands } = visibleParts(step);
    expect(shown).not.toMatch(/\n\s+at |\[object |undefined|NaN|node:internal|dist\/index/);
    expect(shown).not.toContain(secret);
    expect(new Set(commands)).toEqual(new Set(commands.filter(isExpected)));
  },
);

/** What the outputs are where nothing was cooked. */
const nothingCooked = {
  'job-uuid': '',
  'job-uuids': '[]',
  jobs: '[]',
  'jobs-path': expect.any(String),
  'node-urls': '[]',
  result: 'error',
  results: '{}',
  status: '',
  'status-reason': '',
  'summary-path': expect.any(String),
};

const isExpected = (name: string) => ['add-mask', 'error'].includes(name);

/** All that a reader of the workflow's page could see, masks apart, and the commands in it. */
function visibleParts({ log, outputs, summary, state }: StepResult) {
  const lines = log.split('\n').filter((line) => !line.startsWith('::add-mask::'));
  const shown = [...lines, ...Object.values(outputs), ...Object.values(state), summary].join('\n');
  return { shown, commands: findCommands(log).map(({ name }) => name) };
}

test('nothing was sent for any of them', () => {
  expect(simulator.requests).toEqual([]);
});

test('several problems are told at once, each on a line of one annotation', () => {
  expect(complaintOf(several).split('\n')).toEqual([
    expect.stringMatching(/^recipes\[0\]\.uuid: "x" is not a UUID/),
    expect.stringMatching(/^recipes\[0\]\.gpu_count: "two" is not a number of 0 or more/),
    expect.stringMatching(
      /^recipes\[2\]: "gpu_cont" is not a known field; did you mean gpu_count\?/,
    ),
    expect.stringMatching(/^secret-key: is empty/),
    expect.stringMatching(/^env: line 1 has no `=`/),
    expect.stringMatching(/^env: line 2 has no `=`/),
    expect.stringMatching(/^timeout: "90" is not a duration/),
    expect.stringMatching(/^task: "DAEMON" is not one of/),
    expect.stringMatching(/^allowed-region-codes\[0\]: "mars" is not a region code/),
    expect.stringMatching(/^allowed-region-codes\[1\]: "moon" is not a region code/),
  ]);
  expect(several.log).toContain('::error title=10 problems in the inputs; nothing was sent::');
  expect(several.summary.match(/^<li>/gm)).toHaveLength(10);
});

test('more problems than an annotation holds are listed in the summary', () => {
  const complaint = complaintOf(many);
  expect(complaint.length).toBeLessThanOrEqual(4_096);
  expect(complaint).toMatch(/…$/);
  expect(many.summary.match(/^<li>/gm)).toHaveLength(900);
});
