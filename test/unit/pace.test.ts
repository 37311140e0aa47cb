import { expect, test } from '@jest/globals';
import { backoffMs, metronome, parseRetryAfter, pollIntervalMs } from '../../src/pace.ts';

// failures in a row, random, Retry-After in ms, expected pause in ms
test.each([
  [1, 0, undefined, 250],
  [1, 1, undefined, 500],
  [2, 0.5, undefined, 750],
  [4, 1, undefined, 4_000],
  [7, 1, undefined, 30_000],
  [1_000, 1, undefined, 30_000],
  [1_000, 0, undefined, 15_000],
  [1, 1, 5_000, 5_000],
  [7, 1, 5_000, 30_000],
])(
  'after failure %i with random %d and Retry-After %p: %d ms',
  (failures, random, retryAfter, expected) => {
    expect(backoffMs(failures, () => random, retryAfter)).toBe(expected);
  },
);

const now = Date.parse('2026-11-21T12:00:00Z');

test.each([
  [undefined, undefined],
  ['', undefined],
  ['soon', undefined],
  ['0', 0],
  ['120', 120_000],
  ['Sat, 21 Nov 2026 12:00:30 GMT', 30_000],
  ['Sat, 21 Nov 2026 11:00:00 GMT', 0],
])('Retry-After %p is %p ms', (header, expected) => {
  expect(parseRetryAfter(header, now)).toBe(expected);
});

test('the poll interval is what was asked, less a little jitter', () => {
  expect(pollIntervalMs(10_000, () => 0)).toBe(9_000);
  expect(pollIntervalMs(10_000, () => 1)).toBe(10_000);
  expect(pollIntervalMs('auto', () => 1)).toBe(5_000);
});

test('all who wait for the same beat go on together, and the next beat is another', async () => {
  const beats: (() => void)[] = [];
  const next = metronome(async () => new Promise<void>((resolve) => beats.push(resolve)));
  const first = Promise.all([next(), next()]);
  expect(beats).toHaveLength(1);
  beats[0]?.();
  await first;
  const second = next();
  expect(beats).toHaveLength(2);
  beats[1]?.();
  await second;
});
