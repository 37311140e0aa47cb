import { describe, expect, test } from '@jest/globals';
import * as z from 'zod/mini';
import {
  container,
  containerText,
  environmentLines,
  secretsOf,
} from '../../src/inputs/container.ts';
import { entries } from '../../src/inputs/recipes.ts';
import * as texts from '../../src/inputs/parsers.ts';
import { quote, suggest } from '../../src/inputs/wording.ts';

const uuid = '01a0114e-e7f8-4e76-a07a-f09fca41e2be';

/** What a schema gives, or the first thing it says. */
async function read(schema: z.core.$ZodType, given: unknown): Promise<unknown> {
  const parsed = await z.safeParseAsync(schema, given);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  return `${issue?.path.join('.')}! ${issue?.message}`;
}

describe('texts', () => {
  const { number, whole, duration, oneOf, orNull, line, flag, pollInterval } = texts;
  const table: readonly (readonly [string, z.core.$ZodType, unknown, unknown])[] = [
    ['number', number(0), '0', 0],
    ['number', number(0), '1.50', 1.5],
    ['number', number(0), '007', 7],
    ['number', number(0), '.5', '! ".5" is not a number from 0'],
    ['number', number(2), '1.9', '! "1.9" is not a number from 2'],
    ['number', number(0), ['1'], '! must be a single value, not a list or a mapping'],
    ['number', number(0), null, '! cannot be null: leave it out for the recipe’s'],
    ['whole', whole(1, 65_535), '65535', 65_535],
    ['whole', whole(1, 65_535), '65536', '! "65536" is not a whole number from 1 to 65535'],
    ['whole', whole(1), '9999999999999', '! "9999999999999" is not a whole number from 1'],
    ['duration', duration(), '90s', 90_000],
    ['duration', duration(300_000), '5m', 300_000],
    ['duration', duration(90_000), '89s', '! "89s" is too short: 90s or more'],
    ['oneOf', oneOf(['a', 'b']), 'b', 'b'],
    ['oneOf', oneOf(['a', 'b']), 'A', '! "A" is not one of a, b'],
    ['orNull', orNull(whole(1)), null, null],
    ['orNull', orNull(whole(1)), '~', null],
    ['orNull', orNull(whole(1)), '2', 2],
    ['orNull', orNull(whole(1)), 'null', '! "null" is not a whole number from 1'],
    ['orNull', orNull(line), {}, '! must be a single value, not a list or a mapping'],
    ['line', line, 'a\tb', 'a\tb'],
    ['line', line, 'a\rb', '! has several lines; it must be one'],
    ['flag', flag, 'True', true],
    ['flag', flag, 'FALSE', false],
    ['flag', flag, 'on', '! "on" is neither true nor false'],
    ['pollInterval', pollInterval, 'auto', 'auto'],
    ['pollInterval', pollInterval, '1s', 1_000],
    ['uuid', texts.uuid, uuid.toUpperCase(), uuid],
    ['regionCode', texts.regionCode, 'EU-West-1', 'eu-west-1'],
    ['secretKey', texts.secretKey, 'sk_1', 'sk_1'],
    ['secretKey', texts.secretKey, 'anything', 'anything'],
    ['publicKey', texts.publicKey, 'pk_1', 'pk_1'],
  ];

  test.each(table)('%s', async (_, schema, given, result) => {
    expect(await read(schema, given)).toEqual(result);
  });

  test.each([
    ['https://api.compute.x.io', 'https://api.compute.x.io/'],
    ['https://api.dispersed.com/', 'https://api.dispersed.com/'],
    ['https://staging.example:8443', 'https://staging.example:8443/'],
    ['http://localhost:1234', 'http://localhost:1234/'],
    ['http://127.1.2.3', 'http://127.1.2.3/'],
    ['http://[::1]:80', 'http://[::1]/'],
  ])('%s is an address', async (given, href) => {
    expect(await read(texts.apiUrl, given)).toMatchObject({ href });
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
  ])('%s is none', async (given) => {
    expect(await read(texts.apiUrl, given)).toMatch(/^! /);
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
    ['x'.repeat(61), `"${'x'.repeat(60)}…"`],
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
    [{ volumes: [{ munt: '/a' }] }, 'volumes.0! "munt" is not known here; did you mean mount?'],
    [{ unknown: '' }, expect.stringMatching(/^! "unknown" is not known here; known are image, /)],
    [{ env: ['A=1'] }, 'env! must be a mapping of names to values'],
    [null, '! must be a mapping of names to values'],
  ])('%j', async (given, result) => {
    expect(await read(container, given)).toEqual(result);
  });

  test('comes from text as well', async () => {
    expect(await read(containerText, 'ports: [80]')).toEqual({ ports: [80] });
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
    ['A', '! line 1 has no `=`: write KEY=VALUE, one a line'],
    ['A=1\n\n# B', '! line 3 has no `=`: write KEY=VALUE, one a line'],
    ['A =1', expect.stringMatching(/^! line 1 has an unusable name: a name starts with/)],
    ['A=1\nA=2', '! line 2 sets "A" a second time: once is enough'],
  ])('%j', async (given, result) => {
    expect(await read(environmentLines, given)).toEqual(result);
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
    [`- uuid: ''`, '0.uuid! is missing: each entry names its recipe'],
    [`- uuid: ${uuid}\n  parameters: {parameters: {}, tag: a}`, expect.stringMatching(/^0\.par/)],
  ])('%j', async (given, result) => {
    expect(await read(entries, given)).toEqual(result);
  });
});
