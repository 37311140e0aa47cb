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
    const longestTimerMs = 2 ** 31 - 1;
    await delay(Math.min(ms, longestTimerMs), undefined, signal ? { signal } : {}).catch(() => {});
  },
};

/** A random number from 0 to just under 1. */
export type Random = () => number;

const firstBackoffMs = 500;
// Long enough to leave a struggling service alone, short enough to notice that it is back.
const longestBackoffMs = 30_000;

/**
 * How long to wait before the next try, in ms: exponential with full jitter, and never shorter
 * than what the service asked for.
 * @param failures how many tries have failed in a row, from 1
 */
export function backoffMs(failures: number, random: Random, retryAfterMs = 0): number {
  const ceiling = Math.min(longestBackoffMs, firstBackoffMs * 2 ** Math.min(failures - 1, 16));
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

/** `auto`: a change is seen after 2.5 s on average. */
const automaticPollMs = 5_000;

/** How long to wait before the next look at the jobs, in ms; a little jitter keeps fleets out of step. */
export function pollIntervalMs(setting: number | 'auto', random: Random): number {
  return (setting === 'auto' ? automaticPollMs : setting) * (0.9 + 0.1 * random());
}

/** Beats that several watchers share: all who wait at the same time go on at the same time. */
export function metronome(sleep: () => Promise<void>): () => Promise<void> {
  let beat: Promise<void> | undefined;
  return async () => {
    beat ??= sleep().finally(() => {
      beat = undefined;
    });
    return beat;
  };
}
