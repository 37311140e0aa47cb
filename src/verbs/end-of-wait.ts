import type { Clock } from '../pace.ts';
import type { Ending } from '../records.ts';
import type { World } from './world.ts';

/** The end of watching, whichever way it comes. */
export interface EndOfWait {
  /** Fires at the end. */
  readonly signal: AbortSignal;
  /** Why it has ended; undefined while it has not. */
  readonly ended: () => Ending | undefined;
  /** Stops the clock, so that the process can end. */
  readonly release: () => void;
}

/** @param timeoutMs longest wait, from now */
export function endOfWait({ clock, interrupt }: World, timeoutMs: number): EndOfWait {
  const end = new AbortController();
  const released = new AbortController();
  let reason: Ending | undefined;
  const endFor = (ending: Ending) => () => {
    if (released.signal.aborted) return;
    reason ??= ending;
    end.abort();
  };
  const onInterrupt = endFor('interrupt');
  if (interrupt.aborted) onInterrupt();
  interrupt.addEventListener('abort', onInterrupt, { once: true, signal: released.signal });
  void sleepLong(clock, timeoutMs, released.signal).then(endFor('timeout'));
  return {
    signal: end.signal,
    ended: () => reason,
    release: () => {
      released.abort();
    },
  };
}

// One timer of Node's holds 24 days at most.
async function sleepLong(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  const untilMs = clock.now() + ms;
  while (!signal.aborted && clock.now() < untilMs) {
    await clock.sleep(untilMs - clock.now(), signal);
  }
}
