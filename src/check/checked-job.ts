import type { JobRun } from '../service/schemas.ts';
import { pricedCostOf, type Cost } from '../money/cost.ts';
import { createOutcome } from '../jobs/outcome.ts';
import type { Outcome } from '../jobs/records.ts';
import type { MarkedJob } from './jobs.ts';
import { finalResultOf } from '../jobs/status.ts';

/** A job that a check has looked at. */
export interface CheckedJob extends MarkedJob {
  readonly outcome: Outcome;
  /** What it has cost so far; null where that is not known. */
  readonly cost: Cost | null;
}

/** What a check has seen and done; the newest jobs come first. */
export interface CheckResult {
  /** How far back it looked, Unix ms. */
  readonly sinceMs: number;
  readonly nowMs: number;
  readonly running: readonly CheckedJob[];
  readonly ended: readonly CheckedJob[];
  /** Those that lived on without a run, as they are now; they are among the others too. */
  readonly orphans: readonly CheckedJob[];
}

/** @param runs of the job, oldest first; empty where they were not read */
export function outcomeOf({ job }: Pick<MarkedJob, 'job'>, runs: readonly JobRun[]): Outcome {
  const isFinal = finalResultOf(job.status) !== null;
  const ref = { index: 0, recipeUuid: null, jobUuid: job.uuid, title: null, namesRegions: false };
  const ending = isFinal ? 'final' : 'running';
  return createOutcome(
    { ref, job, runs, origin: 'given', ending, isKept: !isFinal },
    { hasEnded: isFinal, goalResult: job.status === 'RUNNING' ? 'running' : 'submitted' },
  );
}

/** A job with what became of it, and what it has cost. */
export function checkedJob(marked: MarkedJob, outcome: Outcome, nowMs: number): CheckedJob {
  const isFinal = outcome.ending === 'final';
  return { ...marked, outcome, cost: pricedCostOf(isFinal ? outcome : asIfEnded(outcome, nowMs)) };
}

/** What it would have cost, had it ended just now. */
function asIfEnded(outcome: Outcome, nowMs: number): Outcome {
  const { job, runs } = outcome;
  return {
    ...outcome,
    job: job === null ? null : { ...job, completed_at: new Date(nowMs).toISOString() },
    runs: runs.map((run) => ({ ...run, ended_at_ms: run.ended_at_ms ?? nowMs })),
  };
}
