import { setTimeout as delay } from 'node:timers/promises';
import { InterruptedError } from './errors.ts';

/** Time as the action knows it; tests pass one that runs faster. */
export interface Clock {
  /** Unix time in milliseconds. May be wrong, and may jump when the machine's clock is set. */
  readonly now: () => number;
  /** Milliseconds since some moment; never goes back. For spans and deadlines. */
  readonly monotonicMs: () => number;
  /** Resolves after `ms`, or at once when the signal fires; never rejects. */
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
}

// Node runs a longer timer at once. It is 24 days, longer than any step.
const maxTimerMs = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep: async (ms, signal) => {
    const options = signal ? { signal } : {};
    await delay(Math.min(Math.max(ms, 0), maxTimerMs), undefined, options).catch(() => {});
  },
};

/**
 * A signal that fires after `ms`, or with the outer one. `clear` it when the work is done: until
 * then it keeps the process from ending. For work that has something left to do when time is up.
 */
export function startDeadline(clock: Clock, ms: number, outer?: AbortSignal) {
  const deadline = new AbortController();
  const cleared = new AbortController();
  const fire = () => deadline.abort();
  if (outer?.aborted) fire();
  // Not `AbortSignal.any`, which a long-lived outer signal holds on to long after the end.
  outer?.addEventListener('abort', fire, { signal: cleared.signal });
  void clock.sleep(ms, cleared.signal).then(() => {
    if (!cleared.signal.aborted) fire();
  });
  return { signal: deadline.signal, clear: () => cleared.abort() };
}

/**
 * Does some work, and waits for it no longer than `ms`, nor when the signal has fired.
 * @param work gets a signal to stop
 * @throws InterruptedError where the work was left, else what the work throws
 */
export async function withDeadline<T>(
  clock: Clock,
  ms: number,
  outer: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { signal, clear } = startDeadline(clock, ms, outer);
  const left = new Promise<never>((_, reject) => {
    const leave = () => reject(new InterruptedError('no response in time'));
    if (signal.aborted) leave();
    signal.addEventListener('abort', leave, { once: true });
  });
  try {
    return await Promise.race([work(signal), left]);
  } finally {
    clear();
  }
}

/** A random number from 0 to just under 1. */
export type Random = () => number;
