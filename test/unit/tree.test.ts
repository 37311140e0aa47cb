import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { parseYaml, quote, suggest } from '../../src/inputs/tree.ts';
import { read } from '../support/parse.ts';

/** What is said of a text that cannot be read. */
function refusalOf(text: string): string {
  const [, problem] = /^! (.*)$/s.exec(String(read(parseYaml, text))) ?? [];
  if (problem === undefined) throw new Error('was read');
  return problem;
}

test.each([
  ['1.10', '1.10'],
  ['no', 'no'],
  ['~', '~'],
  ['null', null],
  ['"null"', 'null'],
  ['Null', 'Null'],
  ['2026-03-01', '2026-03-01'],
  ['!!str 1', '1'],
  ['a:', { a: '' }],
  ['{a: [1, null, 1e3]}', { a: ['1', null, '1e3'] }],
  ['{"a": {"b": true}}', { a: { b: 'true' } }],
  ['"a\\u0001\\ud83d\\ude00"', 'a\u0001😀'],
  ['- &x {a: 1}\n- *x', [{ a: '1' }, { a: '1' }]],
  ['<<: {a: 1}', { '<<': { a: '1' } }],
])('%j reads as %j', (text, tree) => {
  expect(parseYaml(text)).toEqual(tree);
});

test('a text of many aliases is read, as other programs write what they repeat', () => {
  const text = `- &a {A: 1}\n${'- *a\n'.repeat(999)}`;
  expect(parseYaml(text)).toEqual(Array.from({ length: 1_000 }, () => ({ A: '1' })));
});

test('a key called __proto__ is data', () => {
  const tree = parseYaml('__proto__: {a: 1}');
  expect(Object.entries(tree ?? {})).toEqual([['__proto__', { a: '1' }]]);
});

test.each([
  ['', 'expected a document, but the input is empty'],
  ['# nothing', 'expected a document, but the input is empty'],
  ['a: 1\nb: 2\na: 3', 'duplicated mapping key at line 3, column 1'],
  ['[a, b', 'unexpected end of the stream within a flow collection at line 1, column 6'],
  ['a: b\n c: d', 'bad indentation of a mapping entry at line 2, column 3'],
  ['a: "\u0001"', 'at line 1, column 5'],
  [
    'a: *b',
    'tags, and aliases without an anchor, are not accepted (put text that starts with `!` or `*` in quotes) at line 1',
  ],
  [
    'a: !b c',
    'tags, and aliases without an anchor, are not accepted (put text that starts with `!` or `*` in quotes) at line 1',
  ],
  ['!!binary aGk=', 'tags, and aliases without an anchor, are not accepted'],
  ['!a!b c', 'tags, and aliases without an anchor, are not accepted'],
  ['? [a]\n: b', 'does not support complex keys'],
])('%j is neither YAML nor JSON', (text, reason) => {
  const message = refusalOf(text);
  expect(message).toContain('is not valid YAML or JSON: ');
  expect(message).toContain(reason);
});

test('a text that is too long is not parsed', () => {
  expect(refusalOf('a'.repeat(1_000_001))).toBe('is longer than 1000000 characters');
});

test('what is in a text that cannot be read is not told', () => {
  const marks = fc.constantFrom('*', '!', '!!', '!<', '&', '%', '@', '`', '"', "'", '|', '>', '? ');
  fc.assert(
    fc.property(marks, fc.constantFrom('', '>', ' x', ': y', ']'), (mark, rest) => {
      const message = refusalOf(`a: ${mark}hunter2${rest}\nb: [*hunter2`);
      expect(message).not.toContain('hunter');
    }),
  );
});

test('what JSON says comes out as the same tree of text, whichever way it is written', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), (drawn) => {
      // JSON has no -0.
      const value: unknown = JSON.parse(JSON.stringify(drawn));
      const expected = asText(value);
      expect(parseYaml(JSON.stringify(value))).toEqual(expected);
      expect(parseYaml(stringify(value, { aliasDuplicateObjects: false }))).toEqual(expected);
    }),
  );
});

function asText(value: unknown): unknown {
  if (value === null || typeof value === 'string') return value;
  if (Array.isArray(value)) return value.map(asText);
  if (typeof value !== 'object') return JSON.stringify(value);
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, asText(each)]));
}

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
    ['x'.repeat(61), `"${'x'.repeat(59)}…"`],
    ['夜'.repeat(61), `"${'夜'.repeat(59)}…"`],
    ['sk_live_123', 'a secret key'],
    ['key=sk_live_123', 'a secret key'],
    ['task_1', '"task_1"'],
  ])('%j is shown as %j', (given, shown) => {
    expect(quote(given)).toBe(shown);
  });
});
