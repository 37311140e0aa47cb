/** Something that is to happen; it can be taken back. */
export interface Timer {
  readonly cancel: () => void;
}

/** Made-up time, in which nothing takes any. */
export interface Timeline {
  /** The true time, Unix ms: that of the service. */
  readonly now: () => number;
  readonly after: (ms: number, act: () => void) => Timer;
  readonly sleep: (ms: number) => Promise<void>;
  /** Goes from one event to the next until the work is done; rejects where it never will be. */
  readonly run: <T>(work: Promise<T>) => Promise<T>;
}

interface Event {
  readonly atMs: number;
  act: (() => void) | null;
}

// Far more than any life needs.
const maxEvents = 300_000;

/** Time that starts at this moment, Unix ms. */
export function createTimeline(startMs: number): Timeline {
  let nowMs = startMs;
  // Latest first, so that the next one is at the end; those of one moment in the order they came.
  const events: Event[] = [];

  const after = (ms: number, act: () => void): Timer => {
    // Time must go on, or code that polls would keep it for ever.
    const event: Event = { atMs: nowMs + Math.max(1, Math.ceil(ms) || 0), act };
    events.splice(placeFor(events, event.atMs), 0, event);
    return { cancel: () => void (event.act = null) };
  };
  const next = (): Event | undefined => {
    let event = events.pop();
    while (event !== undefined && event.act === null) event = events.pop();
    return event;
  };
  return {
    now: () => nowMs,
    after,
    sleep: async (ms) => new Promise((resolve) => void after(ms, resolve)),
    run: async (work) => {
      let isOver = false;
      const end = () => void (isOver = true);
      work.then(end, end);
      for (let count = 0; count < maxEvents; count += 1) {
        await settle();
        if (isOver) return work;
        const event = next();
        if (event === undefined) throw new Error('all wait for something that never comes');
        nowMs = event.atMs;
        event.act?.();
      }
      throw new Error('it goes on and on');
    },
  };
}

function placeFor(events: readonly Event[], atMs: number): number {
  let low = 0;
  let high = events.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((events[middle]?.atMs ?? 0) > atMs) low = middle + 1;
    else high = middle;
  }
  return low;
}

// Lets all that can go on do so: promises first, then what was put off with `setImmediate`.
async function settle(): Promise<void> {
  await new Promise(setImmediate);
  await new Promise(setImmediate);
}

/** A change of a machine's clock. */
export interface ClockStep {
  /** True time. */
  readonly atMs: number;
  readonly byMs: number;
}

/** What a machine's own clock shows at a true time. */
export function shownTime(trueMs: number, offsetMs: number, steps: readonly ClockStep[]): number {
  const stepped = steps.filter(({ atMs }) => atMs <= trueMs);
  return trueMs + offsetMs + stepped.reduce((sum, { byMs }) => sum + byMs, 0);
}
