import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { isMapping, parseExactJson, parseJson } from '../../src/service/json.ts';
import { canonicalJson, type Json } from '../../src/service/sign.ts';
import { cpuMsOf } from '../support/cpu.ts';

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
    ['nested 64 levels deep', nested(64), true],
    ['nested 65 levels deep', nested(65), false],
    ['nested in objects, too', '{"a":'.repeat(65) + '1' + '}'.repeat(65), false],
    ['brackets in a text', JSON.stringify(`${'['.repeat(100)}"\\${'{'.repeat(100)}`), true],
    ['a million members', `[${'1,'.repeat(999_998)}1]`, true],
    ['more than a million members', `[${'1,'.repeat(1_000_001)}1]`, false],
    ['more than a million in few commas', `[${`${nested(50)},`.repeat(30_000)}1]`, false],
  ])('%s', (_, text, isTaken) => {
    expect(parseJson(text) !== undefined).toBe(isTaken);
  });

  test('that is made to hurt is refused before anything is made of it', () => {
    for (const piece of ['['.repeat(2 ** 26), '{},'.repeat(2 ** 24), '[],'.repeat(2 ** 24)]) {
      const text = Buffer.from(`[${piece}0]`).toString();
      // `JSON.parse` takes 10 s and gigabytes for each.
      expect(cpuMsOf(() => expect(parseJson(text)).toBeUndefined())).toBeLessThan(3_000);
    }
  });
});
