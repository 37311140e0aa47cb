import { newStepFacts, type StepFacts } from '../custody/facts.ts';
import type { Deps } from '../deps.ts';
import type { EndReason } from '../jobs/records.ts';

// The runner sends SIGINT, SIGTERM 7.5 s later, and kills another 2.5 s later.
const abandonAfterMs = 2_000;
const interruptDeadlineMs = 6_000;
// After another end of the wait: time to cancel and to read the logs, though the service may not
// answer for a while. Post continues from there.
const endDeadlineMs = 3 * 60_000;

/**
 * The end of the wait, and the last moments after it. Nothing happens before `start`.
 * @param timeoutMs longest wait, in ms from `start` on
 * @param closed fires when the step is over: no timer keeps the process from ending
 */
export function createStepEnd(
  { clock, interrupt }: Pick<Deps, 'clock' | 'interrupt'>,
  timeoutMs: number,
  closed: AbortSignal,
) {
  const end = new AbortController();
  const abandon = new AbortController();
  const deadline = new AbortController();
  let facts = newStepFacts;
  let onChange: ((facts: StepFacts) => void) | null = null;

  const change = (changed: Partial<StepFacts>) => {
    facts = { ...facts, ...changed };
    onChange?.(facts);
  };
  const abortAfter = (ms: number, controller: AbortController) => {
    void clock.sleep(ms, closed).then(() => {
      if (!closed.aborted) controller.abort();
    });
  };
  const endFor = (reason: EndReason) => {
    const isFirst = facts.ends.length === 0;
    // What ended the wait decides; only an interrupt adds to it.
    const isNew = isFirst || (reason === 'interrupt' && !facts.ends.includes(reason));
    if (facts.hasVerdict || !isNew || closed.aborted) return;
    change({ ends: [...facts.ends, reason] });
    if (isFirst) abortAfter(endDeadlineMs, deadline);
    if (reason === 'interrupt') {
      abortAfter(abandonAfterMs, abandon);
      abortAfter(interruptDeadlineMs, deadline);
    }
    end.abort();
  };
  return {
    facts: () => facts,
    /** Fires at the end: nothing more is cooked, and no job is waited for. */
    signal: end.signal,
    /** Fires when, after an interrupt, a cook under way is no longer waited for. */
    abandon: abandon.signal,
    /** Fires when all requests must end: seconds after an interrupt, minutes after another end. */
    deadline: deadline.signal,
    endFor,
    /** After this, nothing changes what is done about the jobs. */
    decide: () => change({ hasVerdict: true }),
    /**
     * Starts the timeout, and listens to the interrupt, also to one that came before.
     * @param listener called at each change of the facts, before anything is done about it
     */
    start: (listener: (facts: StepFacts) => void) => {
      onChange = listener;
      const onInterrupt = endFor.bind(null, 'interrupt');
      interrupt.addEventListener('abort', onInterrupt, { signal: closed });
      void clock.sleep(timeoutMs, closed).then(endFor.bind(null, 'timeout'));
      if (interrupt.aborted) onInterrupt();
    },
  };
}
