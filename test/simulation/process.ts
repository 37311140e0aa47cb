import type { Timeline } from './clock.ts';

/**
 * A process of the action. Once it is killed, nothing it does counts any more: its promises never
 * settle, and what it says is heard by nobody.
 */
export interface Process {
  readonly name: string;
  readonly isAlive: () => boolean;
  readonly kill: () => void;
  /** A promise that settles only while the process lives, and keeps it from ending meanwhile. */
  readonly waitFor: <T>(begin: (settle: Settle<T>) => void) => Promise<T>;
  /** Resolves once nothing keeps it from ending. */
  readonly idle: () => Promise<void>;
}

/** Settles a promise, once. */
export interface Settle<T> {
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
}

// A process that waits so often without any time going by is spinning.
const maxWaitsAtOnce = 20_000;

/** @param onSpin told where the process waits again and again without any time going by */
export function createProcess(name: string, timeline: Timeline, onSpin: () => void): Process {
  let isAlive = true;
  let pending = 0;
  let waitsAtOnce = 0;
  let lastMs = 0;
  let whenIdle: (() => void) | null = null;

  const isSpinning = () => {
    waitsAtOnce = timeline.now() === lastMs ? waitsAtOnce + 1 : 0;
    lastMs = timeline.now();
    return waitsAtOnce > maxWaitsAtOnce;
  };
  const isBusy = () => pending > 0;
  const release = () => {
    pending -= 1;
    if (pending === 0) whenIdle?.();
  };
  return {
    name,
    isAlive: () => isAlive,
    kill: () => {
      isAlive = false;
    },
    waitFor: async (begin) =>
      new Promise((resolve, reject) => {
        if (!isAlive) return;
        if (isSpinning()) {
          isAlive = false;
          onSpin();
          return;
        }
        pending += 1;
        let isSettled = false;
        const once =
          <V>(act: (value: V) => void) =>
          (value: V) => {
            if (isSettled || !isAlive) return;
            isSettled = true;
            release();
            act(value);
          };
        begin({ resolve: once(resolve), reject: once(reject) });
      }),
    idle: async () => {
      while (isBusy()) {
        await new Promise<void>((resolve) => (whenIdle = resolve));
        // What has just ended may be followed by something else.
        await timeline.sleep(1);
      }
    },
  };
}

/** Sleeps as `Clock` asks: until the time is over or the signal fires. */
export async function sleepIn(
  process: Process,
  timeline: Timeline,
  ms: number,
  signal?: AbortSignal,
): Promise<void> {
  return process.waitFor(({ resolve }) => {
    if (signal?.aborted) {
      resolve();
      return;
    }
    const wake = () => {
      timer.cancel();
      signal?.removeEventListener('abort', wake);
      resolve();
    };
    const timer = timeline.after(ms, wake);
    signal?.addEventListener('abort', wake, { once: true });
  });
}
