import { expect, test } from '@jest/globals';
import { formatDuration, formatNumber } from '../../src/report/format.ts';

test.each([
  [0.816_666_666_666_666_7, '0.8167'],
  [0.5, '0.5'],
  [-0.000_012_345, '-0.00001234'],
  [12, '12'],
  [123_456, '123456'],
  [9_999.4, '9999'],
  [123_456.78, '123457'],
  [41.7, '41.7'],
  [1e300, '1e+300'],
])('%p reads %p', (value, text) => {
  expect(formatNumber(value)).toBe(text);
});

test.each([
  [0, '0s'],
  [-5_000, '0s'],
  [4_400, '4s'],
  [59_600, '1m 00s'],
  [182_000, '3m 02s'],
  [3_900_000, '1h 05m'],
])('%p ms read %p', (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
});
