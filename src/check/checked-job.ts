import { withBills } from '../money/bills.ts';
import { pricedCostOf, type Cost } from '../money/cost.ts';
import { createJobOutcome } from '../jobs/outcome.ts';
import type { Outcome } from '../jobs/records.ts';
import { hasEndedForGood } from '../jobs/restart.ts';
import type { Client } from '../service/client.ts';
import { readRunsOfJobs } from '../service/lists.ts';
import type { MarkedJob } from './jobs.ts';

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

// Nobody reads the costs of so many one by one, and the service is not to be asked that often.
const maxSingleBills = 20;

/**
 * Reads what jobs have cost. Never rejects: what could not be read is not known.
 * @param nowMs Unix ms, by the service's clock
 */
export async function readCosts(
  client: Client,
  jobs: readonly MarkedJob[],
  orphans: readonly MarkedJob[],
  nowMs: number,
  signal: AbortSignal,
): Promise<Omit<CheckResult, 'sinceMs' | 'nowMs'>> {
  const hasEnded = ({ job }: MarkedJob) => hasEndedForGood(job, nowMs);
  // Those that run first, for nothing else tells what they cost an hour.
  const runningFirst = jobs.toSorted((a, b) => Number(hasEnded(a)) - Number(hasEnded(b)));
  const runs = await readRunsOfJobs(
    client,
    runningFirst.map(({ job }) => job.uuid),
    signal,
  );
  const estimated = jobs.map(({ job }) => createJobOutcome(job, runs.get(job.uuid)));
  const outcomes = await withBills(estimated, client, signal, maxSingleBills);
  const checked = jobs.flatMap((marked, index) => {
    const outcome = outcomes[index];
    if (outcome === undefined) return [];
    const untilMs = outcome.ending === 'final' ? undefined : nowMs;
    return [{ ...marked, outcome, cost: pricedCostOf(outcome, untilMs) }];
  });
  const orphanUuids = new Set(orphans.map(({ job }) => job.uuid));
  return {
    running: checked.filter((job) => !hasEnded(job)),
    ended: checked.filter(hasEnded),
    orphans: checked.filter(({ job }) => orphanUuids.has(job.uuid)),
  };
}
