import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import * as texts from '../../src/inputs/parsers.ts';
import { parseDuration } from '../../src/inputs/parsers.ts';
import type { Parse } from '../../src/inputs/tree.ts';
import { read } from '../support/parse.ts';

const uuid = '01a0114e-e7f8-4e76-a07a-f09fca41e2be';

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
    ['firstLine', texts.firstLine, ' a ', 'a'],
    ['firstLine', texts.firstLine, '\r\n \n a \rb', 'a'],
    ['firstLine', texts.firstLine, ' \n ', undefined],
    ['line', line, 'a\tb', 'a\tb'],
    ['line', line, 'a\rb', '! must be a single line'],
    ['flag', flag, 'True', true],
    ['flag', flag, 'FALSE', false],
    ['flag', flag, 'on', '! "on" is neither true nor false'],
    ['pollInterval', pollInterval, 'auto', 'auto'],
    ['pollInterval', pollInterval, '1s', 1_000],
    ['uuid', texts.uuid, uuid.toUpperCase(), uuid],
  ];

  test.each(table)('%s', (_, parse, given, result) => {
    expect(read(parse, given)).toEqual(result);
  });
});

test.each([
  ['90s', 90_000],
  ['30m', 1_800_000],
  ['2h', 7_200_000],
  ['1h30m', 5_400_000],
  ['1d', 86_400_000],
  ['1d2h3m4s', 93_784_000],
  ['365d', 31_536_000_000],
])('%s is %d ms', (text, ms) => {
  expect(parseDuration(text)).toBe(ms);
});

test.each([
  '',
  '5',
  '0s',
  '0h0m',
  '-5m',
  '1.5h',
  '5 m',
  '5M',
  '30m1h',
  '1h1h',
  '5min',
  '1e3s',
  '366d',
  '999999999d',
  '5m\n',
  '٣m',
])('%p is no duration', (text) => {
  expect(parseDuration(text)).toBeUndefined();
});

test('any text gives undefined or a whole number of seconds above zero', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[\ddhms]{0,12}$/)), (text) => {
      const ms = parseDuration(text);
      expect(ms === undefined || (ms > 0 && ms % 1_000 === 0)).toBe(true);
    }),
  );
});
