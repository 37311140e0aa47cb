import { describe, expect, test } from '@jest/globals';
import { InputError } from '../../src/errors.ts';
import * as access from '../../src/inputs/access.ts';
import { container, readEnvironmentLines, secretsOf } from '../../src/inputs/container.ts';
import { readCookInputs } from '../../src/inputs/cook.ts';
import { cancelInputs } from '../../src/inputs/job.ts';
import { readInputs } from '../../src/inputs/read.ts';
import { readRecipeList, recipeEntries } from '../../src/inputs/recipes.ts';
import * as texts from '../../src/inputs/parsers.ts';
import { regionCode, warnOfUnknownRegions } from '../../src/inputs/regions.ts';
import { quote, suggest, type Parse, type TextTree } from '../../src/inputs/tree.ts';
import { rememberingRunner } from '../runner/in-process.ts';

const uuid = '01a0114e-e7f8-4e76-a07a-f09fca41e2be';

/** What a parser gives, or the first thing it says. */
function read(parse: Parse<unknown>, given: unknown): unknown {
  try {
    return parse(given as TextTree, 'field_ms');
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return error.problems.map(({ input, message }) => `${input}! ${message}`)[0];
  }
}

describe('texts', () => {
  const { number, whole, duration, oneOf, orNull, line, flag, pollInterval } = texts;
  const table: readonly (readonly [string, Parse<unknown>, unknown, unknown])[] = [
    ['number', number, '0', 0],
    ['number', number, '1.50', 1.5],
    ['number', number, '007', 7],
    ['number', number, '.5', '! ".5" is not a number of 0 or more'],
    ['number', number, ['1'], '! must be a single value, not a list or a mapping'],
    ['number', number, null, "! cannot be null: leave it out to use the recipe's value"],
    ['whole', whole(1, 65_535), '65535', 65_535],
    ['whole', whole(1, 65_535), '65536', '! "65536" is not a whole number from 1 to 65535'],
    ['whole', whole(1), '9999999999999', '! "9999999999999" is not a whole number of 1 or more'],
    ['duration', duration(), '90s', 90_000],
    ['duration', duration(300_000), '5m', 300_000],
    ['duration', duration(90_000), '89s', '! "89s" is too short: the minimum is 90s'],
    ['oneOf', oneOf(['a', 'b']), 'b', 'b'],
    ['oneOf', oneOf(['a', 'b']), 'A', '! "A" is not one of a, b'],
    ['orNull', orNull(whole(1)), null, null],
    ['orNull', orNull(whole(1)), '~', null],
    ['orNull', orNull(whole(1)), '2', 2],
    ['orNull', orNull(whole(1)), 'null', '! "null" is not a whole number of 1 or more'],
    ['orNull', orNull(line), {}, '! must be a single value, not a list or a mapping'],
    ['line', line, 'a\tb', 'a\tb'],
    ['line', line, 'a\rb', '! must be a single line'],
    ['flag', flag, 'True', true],
    ['flag', flag, 'FALSE', false],
    ['flag', flag, 'on', '! "on" is neither true nor false'],
    ['pollInterval', pollInterval, 'auto', 'auto'],
    ['pollInterval', pollInterval, '1s', 1_000],
    ['uuid', texts.uuid, uuid.toUpperCase(), uuid],
    ['regionCode', regionCode, 'EU-West-1', 'eu-west-1'],
    ['regionCode', regionCode, 'eu-west-9', 'eu-west-9'],
    ['regionCode', regionCode, 'us-gov-west-1', 'us-gov-west-1'],
    [
      'regionCode',
      regionCode,
      'us-east',
      '! "us-east" is not a region code; did you mean us-east-1?',
    ],
    [
      'regionCode',
      regionCode,
      'mars',
      '! "mars" is not a region code; use a code such as eu-west-1 or us-east-2',
    ],
    [
      'regionCode',
      regionCode,
      `${'x'.repeat(40)}-y-1`,
      expect.stringMatching(/is not a region code/),
    ],
    ['secretKey', access.accessInputs['secret-key'].parse, 'sk_1', 'sk_1'],
    ['secretKey', access.accessInputs['secret-key'].parse, 'anything', 'anything'],
    ['publicKey', access.accessInputs['public-key'].parse, 'pk_1', 'pk_1'],
  ];

  test.each(table)('%s', (_, parse, given, result) => {
    expect(read(parse, given)).toEqual(result);
  });

  test.each([
    ['https://api.compute.x.io', 'https://api.compute.x.io/'],
    ['https://api.dispersed.com/', 'https://api.dispersed.com/'],
    ['https://staging.example:8443', 'https://staging.example:8443/'],
    ['http://localhost:1234', 'http://localhost:1234/'],
    ['http://127.1.2.3', 'http://127.1.2.3/'],
    ['http://[::1]:80', 'http://[::1]/'],
  ])('%s is an address', (given, href) => {
    expect(read(access.accessInputs['api-url'].parse, given)).toMatchObject({ href });
  });

  test.each([
    '//api.dispersed.com',
    'http://127.0.0.1.example.com',
    'http://127.0.0.1@example.com',
    'http://example.com#@127.0.0.1',
    'http://0.0.0.0',
    'http://[::ffff:10.0.0.1]',
    'ws://127.0.0.1',
    'javascript:alert(1)',
  ])('%s is none', (given) => {
    expect(read(access.accessInputs['api-url'].parse, given)).toMatch(/^! /);
  });
});

describe('wording', () => {
  test.each([
    ['gpu_cont', '; did you mean gpu_count?'],
    ['GPU_COUNT', '; did you mean gpu_count?'],
    ['gpuname', '; did you mean gpu_name?'],
    ['tga', ''],
    ['xyz', ''],
    ['', ''],
  ])('%j suggests %j', (word, hint) => {
    expect(suggest(word, ['tag', 'gpu_name', 'gpu_count'])).toBe(hint);
  });

  test.each([
    ['a"b\n', '"a\\"b\\n"'],
    ['x'.repeat(60), `"${'x'.repeat(60)}"`],
    ['sk_live_123', 'a secret key'],
    ['key=sk_live_123', 'a secret key'],
    ['task_1', '"task_1"'],
  ])('%j is shown as %j', (given, shown) => {
    expect(quote(given)).toBe(shown);
  });
});

describe('container', () => {
  test.each<[unknown, unknown]>([
    [{}, {}],
    [{ image: '', tag: 'a' }, { tag: 'a' }],
    [{ env: { A: '', B: '1' } }, { env: { A: '', B: '1' } }],
    [{ type: 'docker', parameters: { ports: ['80'] } }, { ports: [80] }],
    [{ parameters: { tag: 'a' } }, { tag: 'a' }],
    [{ volumes: [{ mount: '/a', tag: '' }, {}] }, { volumes: [{ mount: '/a' }, {}] }],
    [
      { volumes: [{ munt: '/a' }] },
      '.volumes[0]! "munt" is not a known field; did you mean mount?',
    ],
    [
      { unknown: '' },
      expect.stringMatching(/^! "unknown" is not a known field; known fields are image, /),
    ],
    [{ env: { A: '1', zT9xQ1: null } }, '.env.zT9xQ1! cannot be null: use "" or "null", in quotes'],
    [{ env: { 'x y=z': '1' } }, expect.stringMatching(/^\.env\[0\]! a name starts with/)],
    [{ env: ['A=1'] }, '.env! must be a mapping of names to values'],
    [null, '! must be a mapping of names to values'],
  ])('%j', (given, result) => {
    expect(read(container, given)).toEqual(result);
  });

  test('its secrets are those of the registry and of the volumes', () => {
    const volumes = [{ secret: 'b' }, {}, { secret: 'c' }];
    expect(secretsOf({ secret: 'a', volumes, sshkey: 'd' })).toEqual(['a', 'b', 'c']);
    expect(secretsOf({})).toEqual([]);
  });
});

describe('environment lines', () => {
  test.each<[string, unknown]>([
    ['A=1', { A: '1' }],
    ['A=\nB==', { A: '', B: '=' }],
    ['  A.b-c=1\t', { 'A.b-c': '1\t' }],
    ['\n \nA=" x "', { A: '" x "' }],
    ['A=1\rB=2', { A: '1', B: '2' }],
    ['A', '! line 1 has no `=`: use KEY=VALUE, one per line'],
    ['A=1\n\nB', '! line 3 has no `=`: use KEY=VALUE, one per line'],
    ['# A=1\n  #\nB=2 # 3\n#', { B: '2 # 3' }],
    ['A =1', expect.stringMatching(/^! line 1 has an invalid name: a name starts with/)],
    ['A=1\nA=2', '! line 2 sets "A" a second time'],
  ])('%j', (given, result) => {
    const parse: Parse<unknown> = () => readEnvironmentLines(given);
    expect(read(parse, given)).toEqual(result);
  });
});

describe('entries', () => {
  const other = '0198ac1c-7063-4be8-bb94-57a5bd83548e';
  test.each<[string, unknown]>([
    [uuid, [{ uuid }]],
    [` ${uuid}\r\n\n${other} `, [{ uuid }, { uuid: other }]],
    [`["${uuid}"]`, [{ uuid }]],
    [`# two\n- ${uuid}\n- uuid: ${other}\n  title: ''`, [{ uuid }, { uuid: other }]],
    [`---\n- ${uuid}`, [{ uuid }]],
    [`"${uuid}"`, '! must be a list: start each entry with `- `, or put it into [ ]'],
    [`- uuid: ''`, '[0].uuid! is missing: each entry needs the UUID of its recipe'],
    [
      `- uuid: ${uuid}\n  parameters: {parameters: {}, tag: a}`,
      expect.stringMatching(/^\[0\]\.par/),
    ],
  ])('%j', async (given, result) => {
    expect(read(recipeEntries, await readRecipeList(given))).toEqual(result);
  });
});

describe('regions that are not known', () => {
  function warningsOf(codes: readonly string[]): readonly string[] {
    const runner = rememberingRunner({});
    warnOfUnknownRegions(runner, codes);
    return runner.annotations.map(({ level, title, message }) => `${level} ${title}\n${message}`);
  }

  test('are named in one warning, each once, with the nearest known one', () => {
    const [warning, ...others] = warningsOf(['eu-west-9', 'us-east-1', 'eu-west-9', 'zz-moon-1']);
    expect(others).toEqual([]);
    expect(warning?.split('\n')).toEqual([
      'warning An unknown region',
      expect.stringContaining('sends them as they are'),
      'eu-west-9; did you mean eu-west-1?',
      'zz-moon-1',
    ]);
  });

  test('are no concern where there are none', () => {
    expect(warningsOf(['us-east-1', 'ap-southeast-7'])).toEqual([]);
  });

  test('are at most as many as the service accepts', async () => {
    const codes = Array.from({ length: 37 }, (_, index) => `aa-bb-${index}`);
    const list = JSON.stringify([{ uuid, allowed_region_codes: [...codes, ...codes] }]);
    expect(read(recipeEntries, await readRecipeList(list))).toBe(
      '[0].allowed_region_codes! has more than 36 regions',
    );
  });

  test('are warned of when the inputs are read, also in an entry', async () => {
    const runner = rememberingRunner({
      recipes: JSON.stringify([{ uuid, allowed_region_codes: ['eu-west-8'] }]),
      'public-key': 'pk_1',
      'secret-key': 'sk_1',
      'allowed-region-codes': 'us-east-9',
    });
    const inputs = await readCookInputs(runner);
    expect(inputs.fields.allowed_region_codes).toEqual(['us-east-9']);
    expect(runner.annotations.map(({ message }) => message.match(/^\w+-\w+-\d(?=;)/gm))).toEqual([
      ['us-east-9', 'eu-west-8'],
    ]);
  });
});

test('a job that is given twice, in whatever case, is one job with one cost', async () => {
  const other = '7d9f0f6e-3a55-4b0c-9a4e-1f1d1c3c6b52';
  const keys = { 'public-key': 'pk_1', 'secret-key': 'sk_1' };
  for (const given of [
    `${uuid}\n${other} ${uuid.toUpperCase()}`,
    JSON.stringify([uuid, null, other, uuid]),
  ]) {
    const inputs = await readInputs(
      rememberingRunner({ ...keys, 'job-uuids': given }),
      cancelInputs,
    );
    expect(inputs['job-uuids']).toEqual([uuid, other]);
  }
});
