import type { Clock } from '../../src/clock.ts';

/** A clock on which time passes only while somebody sleeps: hours take no time. */
export interface MadeUpClock extends Clock {
  /** Sets the wall clock, as an administrator might; what is monotonic goes on. */
  readonly step: (ms: number) => void;
}

interface Sleeper {
  readonly atMs: number;
  readonly wake: () => void;
}

/**
 * Creates a made-up clock. Once all that can be done at a moment is done, it goes on to the next
 * moment for which somebody sleeps.
 */
export function createMadeUpClock(startMs = 1_700_000_000_000): MadeUpClock {
  const sleepers = new Set<Sleeper>();
  let elapsedMs = 0;
  let offsetMs = 0;
  let isGoing = false;

  const go = () => {
    isGoing = false;
    const next = [...sleepers].toSorted((a, b) => a.atMs - b.atMs)[0];
    if (next === undefined) return;
    elapsedMs = Math.max(elapsedMs, next.atMs);
    sleepers.delete(next);
    next.wake();
    schedule();
  };
  const schedule = () => {
    if (isGoing || sleepers.size === 0) return;
    isGoing = true;
    // Twice: what an immediate does may itself take one.
    setImmediate(() => setImmediate(go));
  };
  return {
    now: () => startMs + offsetMs + elapsedMs,
    monotonicMs: () => elapsedMs,
    sleep: async (ms, signal) =>
      new Promise<void>((resolve) => {
        const sleeper = {
          atMs: elapsedMs + Math.max(0, ms),
          wake: () => {
            signal?.removeEventListener('abort', wakeNow);
            resolve();
          },
        };
        const wakeNow = () => {
          sleepers.delete(sleeper);
          resolve();
        };
        if (signal?.aborted) {
          resolve();
          return;
        }
        signal?.addEventListener('abort', wakeNow, { once: true });
        sleepers.add(sleeper);
        schedule();
      }),
    step: (ms) => {
      offsetMs += ms;
    },
  };
}
