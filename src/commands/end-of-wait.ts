import type { Clock } from '../pace.ts';
import type { EndOfWatch } from '../jobs/records.ts';
import type { Deps } from './deps.ts';

/** The end of watching, whichever way it comes, and the last moments after an interrupt. */
export interface EndOfWait {
  /** Fires at the end. */
  readonly signal: AbortSignal;
  /** Why it has ended; undefined while it has not. */
  readonly ended: () => EndOfWatch | undefined;
  /** Fires when, after an interrupt, a cook under way is no longer waited for. */
  readonly hurry: AbortSignal;
  /**
   * Fires when all requests must end, so that the reports get written: seconds after an interrupt,
   * minutes after another end of the wait.
   */
  readonly lastCall: AbortSignal;
  /** Ends the wait because a job has failed. */
  readonly failFast: () => void;
  /** Stops the clocks, so that the process can end. */
  readonly release: () => void;
}

// The runner sends SIGINT, SIGTERM 7.5 s later, and kills another 2.5 s later.
const hurryAfterMs = 2_000;
const lastCallAfterMs = 6_000;
// After the end of the wait: time to cancel and to read the logs through blips of the service, and
// an end to it where the service is gone. The post entry goes on from there.
const maxAftermathMs = 3 * 60_000;

/** @param timeoutMs maxLength wait, from now */
export function endOfWait({ clock, interrupt }: Deps, timeoutMs: number): EndOfWait {
  const released = new AbortController();
  const end = new AbortController();
  const hurry = new AbortController();
  const lastCall = new AbortController();
  let reason: EndOfWatch | undefined;

  const after = (ms: number, act: () => void) => {
    void sleepLong(clock, ms, released.signal).then(() => {
      if (!released.signal.aborted) act();
    });
  };
  const endFor = (why: EndOfWatch) => {
    if (end.signal.aborted) return;
    reason ??= why;
    end.abort();
    after(maxAftermathMs, () => {
      lastCall.abort();
    });
  };
  const onInterrupt = () => {
    // An interrupt goes before a timeout: it leaves seconds, not hours.
    reason = 'interrupt';
    endFor('interrupt');
    after(hurryAfterMs, () => {
      hurry.abort();
    });
    after(lastCallAfterMs, () => {
      lastCall.abort();
    });
  };

  if (interrupt.aborted) onInterrupt();
  interrupt.addEventListener('abort', onInterrupt, { once: true, signal: released.signal });
  after(timeoutMs, () => {
    endFor('timeout');
  });
  return {
    signal: end.signal,
    ended: () => reason,
    hurry: hurry.signal,
    lastCall: lastCall.signal,
    failFast: () => {
      endFor('fail-fast');
    },
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
