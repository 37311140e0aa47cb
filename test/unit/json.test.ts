import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { isMapping, parseExactJson, parseJson, type Json } from '../../src/service/json.ts';
import { canonicalJson } from '../../src/service/sign.ts';

const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;

describe('JSON that is sent on', () => {
  test('keeps its integers, however long', () => {
    fc.assert(
      fc.property(fc.bigInt(), fc.integer({ min: 0, max: 1 }), (number, depth) => {
        const text = depth === 0 ? `{"seed":${number}}` : `{"env":{"seed":[${number}]}}`;
        expect(JSON.stringify(parseExactJson(text))).toBe(text);
        expect(canonicalJson(parseExactJson(text) as Json)).toBe(text);
      }),
    );
  });

  test('keeps all else as it is', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        const withLong = `[${text},12345678901234567890]`;
        expect((parseExactJson(withLong) as unknown[])[0]).toEqual(JSON.parse(text));
      }),
    );
  });

  test('such an integer is no mapping', () => {
    const [seed] = parseExactJson('[12345678901234567890]') as unknown[];
    expect(isMapping(seed)).toBe(false);
  });

  test('what is no JSON is none', () => {
    expect(parseExactJson('12345678901234567890 and more')).toBeUndefined();
  });
});

describe('JSON from elsewhere', () => {
  test('is what JSON.parse makes of it, or undefined', () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string({ unit: 'binary' })), (text) => {
        let expected: unknown;
        try {
          expected = JSON.parse(text);
        } catch {
          expected = undefined;
        }
        expect(parseJson(text)).toEqual(expected);
      }),
    );
  });

  test.each([
    ['nested 100 levels deep', nested(100), true],
    ['nested 101 levels deep', nested(101), false],
    ['nested in objects, too', '{"a":'.repeat(101) + '1' + '}'.repeat(101), false],
    ['nested so deeply that a walk of it would crash', nested(2 ** 20), false],
    ['brackets in a text', JSON.stringify(`${'['.repeat(200)}"\\${'{'.repeat(200)}`), true],
  ])('%s', (_, text, isTaken) => {
    expect(parseJson(text) !== undefined).toBe(isTaken);
    expect(parseExactJson(text) !== undefined).toBe(isTaken);
  });
});
