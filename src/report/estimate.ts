// How much longer a step takes, from the jobs that have ended.

/** A job of a step, as far as an estimate needs it. Times on any one clock, ms. */
export interface EstimatedJob {
  /** Jobs of one kind take about as long: the same recipe on the same GPU. */
  readonly kind: string;
  /** null while it waits. */
  readonly startedMs: number | null;
  /** null while it has not ended. */
  readonly endedMs: number | null;
}

// Of fewer, one that is out of the ordinary decides.
const minEnded = 3;

/**
 * The time until the last job ends, in ms: each takes as long as those of its kind have, and as many
 * run at once as do now.
 * @returns null where too few have ended, or none of a kind that is still to come
 */
export function estimateLeftMs(jobs: readonly EstimatedJob[], nowMs: number): number | null {
  const usual = usualMs(jobs);
  const open = jobs.filter(({ endedMs }) => endedMs === null);
  const lefts: number[] = [];
  const waiting: number[] = [];
  for (const { kind, startedMs } of open) {
    const ms = usual.get(kind);
    if (ms === undefined) return null;
    if (startedMs === null) waiting.push(ms);
    else lefts.push(Math.max(0, ms - (nowMs - startedMs)));
  }
  // Without one that runs it is not known how many will at once.
  if (open.length === 0 || lefts.length === 0) return null;
  return lastEnd(lefts, waiting);
}

function usualMs(jobs: readonly EstimatedJob[]): ReadonlyMap<string, number> {
  const taken = new Map<string, number[]>();
  for (const { kind, startedMs, endedMs } of jobs) {
    if (startedMs === null || endedMs === null) continue;
    taken.set(kind, [...(taken.get(kind) ?? []), endedMs - startedMs]);
  }
  const enough = [...taken].filter(([, times]) => times.length >= minEnded);
  return new Map(enough.map(([kind, times]) => [kind, mean(times)]));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, each) => sum + each, 0) / values.length;
}

// Each place takes the next job when it is free.
function lastEnd(lefts: readonly number[], waiting: readonly number[]): number {
  const places = lefts.toSorted((a, b) => a - b);
  for (const ms of waiting) {
    const end = (places.shift() ?? 0) + ms;
    const at = places.findIndex((each) => each > end);
    places.splice(at === -1 ? places.length : at, 0, end);
  }
  return places.at(-1) ?? 0;
}
