import type { Outcome } from '../../jobs/records.ts';
import { isFinal } from '../../jobs/status.ts';
import { timesOf } from '../../jobs/metrics.ts';

/** A stretch of a job's life, Unix ms. */
export interface Phase {
  readonly kind: 'queued' | 'starting' | 'running';
  readonly fromMs: number;
  /** null where it has not ended. */
  readonly toMs: number | null;
}

interface Stint {
  readonly fromMs: number;
  readonly toMs: number | null;
}

/**
 * A job's life, as far as it is known: when it waited, when a node was made ready, when it ran; all
 * of it again for each further run.
 */
export function phasesOf(outcome: Outcome): readonly Phase[] {
  const { createdMs, endedMs } = timesOf(outcome);
  const { job } = outcome;
  if (job === null || createdMs === null) return [];
  const phases: Phase[] = [];
  let freeMs: number | null = createdMs;
  const stints = stintsOf(outcome);
  for (const { fromMs, toMs } of stints) {
    if (freeMs !== null) phases.push(...waitOf(outcome, freeMs, fromMs));
    phases.push({ kind: 'running', fromMs, toMs });
    freeMs = toMs;
  }
  // Without a run, or between two.
  const waits = stints.length === 0 || !isFinal(job.status);
  if (freeMs !== null && waits) phases.push(...waitOf(outcome, freeMs, endedMs));
  return phases.filter(({ fromMs, toMs }) => toMs === null || toMs > fromMs);
}

function stintsOf(outcome: Outcome): readonly Stint[] {
  const { startedMs, endedMs } = timesOf(outcome);
  const ofRuns = outcome.runs.flatMap(({ started_at_ms: fromMs, ended_at_ms: toMs }) => {
    // A run that ended without a start still parts the wait before it from the one after it.
    const start = fromMs ?? toMs;
    return start === null ? [] : [{ fromMs: start, toMs: toMs ?? endedMs }];
  });
  if (ofRuns.length > 0) return ofRuns.toSorted((a, b) => a.fromMs - b.fromMs);
  return startedMs === null ? [] : [{ fromMs: startedMs, toMs: endedMs }];
}

// Only our own looks tell when a node was found.
function waitOf({ timeline }: Outcome, fromMs: number, toMs: number | null): readonly Phase[] {
  const found = timeline.find(
    ({ status, atMs }) =>
      ['ASSIGNED', 'PREPARING'].includes(status) &&
      atMs >= fromMs &&
      (toMs === null || atMs < toMs),
  );
  if (found === undefined) return [{ kind: 'queued', fromMs, toMs }];
  return [
    { kind: 'queued', fromMs, toMs: found.atMs },
    { kind: 'starting', fromMs: found.atMs, toMs },
  ];
}
