import { expect, test } from '@jest/globals';
import { estimateLeftMs, type EstimatedJob } from '../../src/report/estimate.ts';

const job = (startedMs: number | null, endedMs: number | null, kind = 'a'): EstimatedJob => ({
  kind,
  startedMs,
  endedMs,
});
const ended = (count: number, kind = 'a') => Array.from({ length: count }, () => job(0, 100, kind));

test.each<[string, readonly EstimatedJob[], number, number | null]>([
  ['two ended: too few', [...ended(2), job(50, null)], 120, null],
  ['three ended', [...ended(3), job(50, null)], 120, 30],
  ['longer than usual', [...ended(3), job(0, null)], 120, 0],
  [
    'two wait for one place',
    [...ended(3), job(100, null), job(null, null), job(null, null)],
    120,
    280,
  ],
  [
    'two wait for two',
    [...ended(3), job(100, null), job(110, null), job(null, null), job(null, null)],
    120,
    190,
  ],
  ['none runs', [...ended(3), job(null, null)], 120, null],
  ['of another kind none has ended', [...ended(3), job(50, null, 'b')], 120, null],
  ['of each kind three have ended', [...ended(3), ...ended(3, 'b'), job(50, null, 'b')], 120, 30],
  ['one ended without a start', [...ended(2), job(null, 100), job(50, null)], 120, null],
  ['none is left', ended(3), 120, null],
])('%s', (_, jobs, nowMs, leftMs) => {
  expect(estimateLeftMs(jobs, nowMs)).toBe(leftMs);
});

/** A generator of numbers from 0 to 1 that gives the same each time. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 16_807) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

/** The lives of jobs of 10 minutes, a fifth more or less, so many at once; ms. */
function play(count: number, places: number, random: () => number) {
  const free = Array.from({ length: places }, () => 0);
  return Array.from({ length: count }, () => {
    const startMs = free.shift() ?? 0;
    const endMs = startMs + 600_000 * (0.8 + 0.4 * random());
    free.push(endMs);
    free.sort((a, b) => a - b);
    return { startMs, endMs };
  });
}

test.each([1, 2, 3, 4, 5])('it is right to a sixth of what is left, seed %i', (seed) => {
  const lives = play(300, 20, numbers(seed));
  const endMs = Math.max(...lives.map((life) => life.endMs));
  const errors: number[] = [];
  for (let nowMs = 720_000; nowMs < endMs - 1_200_000; nowMs += 60_000) {
    const jobs = lives.map((life) =>
      job(life.startMs <= nowMs ? life.startMs : null, life.endMs <= nowMs ? life.endMs : null),
    );
    const estimate = estimateLeftMs(jobs, nowMs) ?? Infinity;
    errors.push(Math.abs(estimate - (endMs - nowMs)) / (endMs - nowMs));
  }
  expect(errors.length).toBeGreaterThan(100);
  expect(Math.max(...errors)).toBeLessThan(1 / 6);
});
