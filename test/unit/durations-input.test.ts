import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseDuration } from '../../src/inputs/parsers.ts';
import { formatDuration } from '../../src/report/format.ts';

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

test.each([
  [0, '0s'],
  [-5, '0s'],
  [59_499, '59s'],
  [60_000, '1m 00s'],
  [182_000, '3m 02s'],
  [3_900_000, '1h 05m'],
  [90_000_000, '25h 00m'],
])('%d ms reads %s', (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
});
