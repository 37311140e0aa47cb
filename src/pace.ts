import { setTimeout as delay } from 'node:timers/promises';

/** Time as the action knows it; tests pass one that runs faster. */
export interface Clock {
  /** Unix time in milliseconds. */
  readonly now: () => number;
  /** Resolves after `ms`, or at once when the signal fires; never rejects. */
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: async (ms, signal) => {
    // Node runs a longer timer at once instead.
    const maxTimerMs = 2 ** 31 - 1;
    await delay(Math.min(Math.max(ms, 0), maxTimerMs), undefined, signal ? { signal } : {}).catch(
      () => {},
    );
  },
};

/** A random number from 0 to just under 1. */
export type Random = () => number;

const firstBackoffMs = 500;
// Long enough to leave a struggling service alone, short enough to notice that it is back.
const maxBackoffMs = 30_000;

/**
 * How long to wait before the next try, in ms: exponential with full jitter, and never shorter
 * than what the service asked for.
 * @param failures how many tries have failed in a row, from 1
 */
export function backoffMs(failures: number, random: Random, retryAfterMs = 0): number {
  const ceiling = Math.min(maxBackoffMs, firstBackoffMs * 2 ** Math.min(failures - 1, 16));
  // Not from 0: a retry at once would find the same trouble.
  const jittered = ceiling / 2 + (random() * ceiling) / 2;
  return Math.max(jittered, retryAfterMs);
}

/** `Retry-After` in ms from now: seconds or an HTTP date; undefined where there is none to read. */
export function parseRetryAfter(header: string | undefined, nowMs: number): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d+$/.test(header.trim())) return Number(header) * 1000;
  const at = Date.parse(header);
  return Number.isNaN(at) ? undefined : Math.max(0, at - nowMs);
}

// A change is seen after 2.5 s on average and 5 s at most, whatever the length of the job.
const automaticPollMs = 5_000;
// What a struggling service is spared at the most.
const maxPollMs = 60_000;

/** When to look next. Shared by all jobs of a step, so that they are looked at together. */
export interface Pace {
  /** Resolves at the next beat: all who wait at the same time go on at the same time. */
  readonly next: () => Promise<void>;
  /** To be told how long a look took, and whether the service asked for patience. */
  readonly looked: (tookMs: number, wasThrottled: boolean) => void;
}

/**
 * A steady beat, by the clock and not from answer to answer, so that slow answers do not add up.
 * The first one comes at a random moment, so that fleets of workflows do not beat in step. Slower by
 * itself where the service answers 429 or slowly, and step by step back to normal.
 * @param interval in ms, or `auto`
 * @param signal ends the wait for a beat
 */
export function createPace(
  interval: number | 'auto',
  clock: Clock,
  random: Random,
  signal: AbortSignal,
): Pace {
  const steadyMs = interval === 'auto' ? automaticPollMs : interval;
  let beatMs = steadyMs;
  let lastBeatMs = clock.now() - steadyMs * 0.2 * random();
  let beat: Promise<void> | undefined;
  const wait = async () => {
    await clock.sleep(lastBeatMs + beatMs - clock.now(), signal);
    lastBeatMs = clock.now();
    beat = undefined;
  };
  return {
    next: async () => {
      beat ??= wait();
      return beat;
    },
    looked: (tookMs, wasThrottled) => {
      beatMs = nextBeatMs(beatMs, steadyMs, tookMs, wasThrottled);
    },
  };
}

/** The time from one beat to the next, in ms, after a look that took so long. */
export function nextBeatMs(
  beatMs: number,
  steadyMs: number,
  tookMs: number,
  wasThrottled: boolean,
): number {
  const maxLength = Math.max(steadyMs, maxPollMs);
  if (wasThrottled) return Math.min(maxLength, beatMs * 2);
  // Twice as long as an answer takes: at least half of the time the service hears nothing of us.
  const wanted = Math.max(steadyMs, tookMs * 2);
  return Math.min(maxLength, Math.max(wanted, beatMs * 0.75));
}
