import { setTimeout as delay } from 'node:timers/promises';

/** Time as the action knows it; tests pass one that runs faster. */
export interface Clock {
  /** Unix time in milliseconds. May be wrong, and may jump when the machine's clock is set. */
  readonly now: () => number;
  /** Milliseconds since some moment; never goes back. For spans and deadlines. */
  readonly monotonicMs: () => number;
  /** Resolves after `ms`, or at once when the signal fires; never rejects. */
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
}

// Node runs a longer timer at once instead.
const maxTimerMs = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep: async (ms, signal) => {
    const options = signal ? { signal } : {};
    await delay(Math.min(Math.max(ms, 0), maxTimerMs), undefined, options).catch(() => {});
  },
};

/** Sleeps for any time, also beyond the 24 days that one timer of Node's holds. */
export async function sleepLong(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  const untilMs = clock.monotonicMs() + ms;
  for (;;) {
    const leftMs = untilMs - clock.monotonicMs();
    if (leftMs <= 0 || signal.aborted) return;
    await clock.sleep(leftMs, signal);
  }
}

/** A random number from 0 to just under 1. */
export type Random = () => number;
