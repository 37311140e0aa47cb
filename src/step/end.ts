import { sleepLong } from '../clock.ts';
import { newStepFacts, type EndReason, type StepFacts } from '../custody/facts.ts';
import type { Deps } from '../deps.ts';

/** The end of the wait, whichever way it comes, and the last moments after it. */
export interface StepEnd {
  readonly facts: () => StepFacts;
  /** Fires at the end: nothing more is cooked, and no job is waited for. */
  readonly signal: AbortSignal;
  /** Fires when, after an interrupt, a cook under way is no longer waited for. */
  readonly abandon: AbortSignal;
  /**
   * Fires when all requests must end, so that the reports get written: seconds after an interrupt,
   * minutes after another end of the wait.
   */
  readonly deadline: AbortSignal;
  /** Ends the wait; an interrupt also adds to what ended it before. */
  readonly endFor: (reason: EndReason) => void;
  /** Says that nothing that happens later changes what becomes of the jobs. */
  readonly decide: () => void;
  /** Stops the clocks, so that the process can end. */
  readonly release: () => void;
}

// The runner sends SIGINT, SIGTERM 7.5 s later, and kills another 2.5 s later.
const abandonAfterMs = 2_000;
const interruptDeadlineMs = 6_000;
// After another end of the wait: time to cancel and to read the logs though the service may not
// answer for a while, and an end to it where it is gone. The post entry goes on from there.
const endDeadlineMs = 3 * 60_000;

/**
 * @param timeoutMs longest wait, from now
 * @param onChange told of each change of the facts, before anything is done about it
 */
export function createStepEnd(
  { clock, interrupt }: Pick<Deps, 'clock' | 'interrupt'>,
  timeoutMs: number,
  onChange: (facts: StepFacts) => void,
): StepEnd {
  const released = new AbortController();
  const end = new AbortController();
  const abandon = new AbortController();
  const deadline = new AbortController();
  let facts = newStepFacts;

  const after = (ms: number, controller: AbortController) => {
    void sleepLong(clock, ms, released.signal).then(() => {
      if (!released.signal.aborted) controller.abort();
    });
  };
  const change = (changed: Partial<StepFacts>) => {
    facts = { ...facts, ...changed };
    onChange(facts);
  };
  const endFor = (reason: EndReason) => {
    const isFirst = facts.ends.length === 0;
    // What ended the wait decides; only an interrupt adds to it.
    const isNew = isFirst || (reason === 'interrupt' && !facts.ends.includes(reason));
    if (facts.hasVerdict || !isNew) return;
    change({ ends: [...facts.ends, reason] });
    if (isFirst) after(endDeadlineMs, deadline);
    if (reason === 'interrupt') {
      after(abandonAfterMs, abandon);
      after(interruptDeadlineMs, deadline);
    }
    end.abort();
  };
  const onInterrupt = () => {
    endFor('interrupt');
  };

  if (interrupt.aborted) onInterrupt();
  interrupt.addEventListener('abort', onInterrupt, { once: true, signal: released.signal });
  void sleepLong(clock, timeoutMs, released.signal).then(() => {
    if (!released.signal.aborted) endFor('timeout');
  });
  return {
    facts: () => facts,
    signal: end.signal,
    abandon: abandon.signal,
    deadline: deadline.signal,
    endFor,
    decide: () => {
      change({ hasVerdict: true });
    },
    release: () => {
      released.abort();
    },
  };
}
