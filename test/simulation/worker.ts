import { parentPort, workerData } from 'node:worker_threads';
// Loaded here, so that no life waits for a disk.
import 'js-yaml';
import { checkLife } from './checks.ts';
import { drawLife } from './life.ts';
import { playLife } from './play.ts';

// Plays some lives in a thread of its own, and tells which of them fail, and in what.

/** The seeds of the lives, both included. */
export interface Range {
  readonly first: number;
  readonly last: number;
}

/** A life that fails in these checks. */
export interface Failure {
  readonly seed: number;
  readonly checks: readonly string[];
}

const { first, last } = workerData as Range;
for (let seed = first; seed <= last; seed += 1) {
  const violations = checkLife(await playLife(drawLife(seed)));
  const checks = [...new Set(violations.map(({ check }) => check))];
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  if (checks.length > 0) parentPort?.postMessage({ seed, checks } satisfies Failure);
}
