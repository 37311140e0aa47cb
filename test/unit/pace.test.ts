import { expect, test } from '@jest/globals';
import { backoffMs, parseRetryAfter } from '../../src/api/retry.ts';
import { createPace, nextBeatMs } from '../../src/jobs/poll.ts';

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

// beat, steady beat, time the look took, throttled, next beat; all in ms
test.each([
  [5_000, 5_000, 50, false, 5_000],
  [5_000, 5_000, 4_000, false, 8_000],
  [5_000, 5_000, 100_000, false, 60_000],
  [5_000, 5_000, 50, true, 10_000],
  [40_000, 5_000, 50, true, 60_000],
  [8_000, 5_000, 50, false, 6_000],
  [6_000, 5_000, 50, false, 5_000],
  [90_000, 90_000, 50, true, 90_000],
])(
  'a beat of %d ms, steady %d ms, after %d ms, throttled %p: next %d ms',
  (beat, steady, took, throttled, next) => {
    expect(nextBeatMs(beat, steady, took, throttled)).toBe(next);
  },
);

/** A clock that goes only when it is told to. */
function handClock() {
  let nowMs = 0;
  const sleepers: { readonly atMs: number; readonly wake: () => void }[] = [];
  return {
    now: () => nowMs,
    sleep: async (ms: number) =>
      new Promise<void>((resolve) => {
        sleepers.push({ atMs: nowMs + ms, wake: resolve });
      }),
    advance: (ms: number) => {
      nowMs += ms;
      for (const { atMs, wake } of sleepers) if (atMs <= nowMs) wake();
    },
    asleep: () => sleepers.length,
  };
}

const forever = new AbortController().signal;

test('all who wait for the same beat go on together, and the next beat is another', async () => {
  const clock = handClock();
  const { next } = createPace('auto', clock, () => 0, forever);
  const first = Promise.all([next(), next()]);
  expect(clock.asleep()).toBe(1);
  clock.advance(5_000);
  await first;
  const second = next();
  expect(clock.asleep()).toBe(2);
  clock.advance(5_000);
  await second;
});

test.each([
  [0, 5_000],
  [0.5, 4_500],
  [0.999, 4_001],
])('with random %d the first beat comes after %d ms', async (random, ms) => {
  const clock = handClock();
  const slept: number[] = [];
  const sleep = async (forMs: number) => {
    slept.push(Math.round(forMs));
  };
  await createPace('auto', { ...clock, sleep }, () => random, forever).next();
  expect(slept).toEqual([ms]);
});
