import { isOfRepository, readMark, type JobMark } from '../custody/mark.ts';
import type { RunRef } from '../inputs/context.ts';
import { latestMs } from '../jobs/metrics.ts';
import { createJobOutcome } from '../jobs/outcome.ts';
import type { Outcome } from '../jobs/records.ts';
import { hasEndedForGood } from '../jobs/restart.ts';
import { withBills } from '../money/bills.ts';
import { pricedCostOf, type Cost } from '../money/cost.ts';
import { nowOf, type Client } from '../service/client.ts';
import { createDescribedReader, readRunsOfJobs } from '../service/lists.ts';
import { retryRules } from '../service/retry.ts';
import type { Job } from '../service/schemas.ts';

/** A job with the mark of a workflow run. */
export interface MarkedJob {
  readonly job: Job;
  readonly mark: JobMark;
}

const dayMs = 86_400_000;

/**
 * The jobs of the account that workflows of this repository have cooked, the newest first.
 * @param maxAgeMs how far back to look
 * @throws ServiceError, InterruptedError
 */
export async function findRepositoryJobs(
  client: Client,
  here: RunRef,
  maxAgeMs: number,
  signal: AbortSignal,
): Promise<readonly MarkedJob[]> {
  // Known by the service's clock from the first page on: the runner's may be wrong.
  const getSinceMs = () => nowOf(client) - maxAgeMs;
  const isTooOld = ({ created_at: createdAt }: Job) =>
    createdAt !== null && latestMs(createdAt) <= getSinceMs();
  const read = createDescribedReader(client, signal, retryRules.lookUp);
  // The older host gives dates only.
  const found: MarkedJob[] = [];
  for await (const job of read(() => getSinceMs() - dayMs, isTooOld)) {
    const mark = readMark(job);
    if (mark === null || !isOfRepository(mark, here)) continue;
    // Foreign text that is shown.
    const workflow = client.redactor.redact(mark.workflow);
    found.push({ job, mark: { ...mark, workflow } });
  }
  return found;
}

export interface CheckedJob extends MarkedJob {
  readonly outcome: Outcome;
  /** So far; null where it is not known. */
  readonly cost: Cost | null;
}

/** The jobs that a check has looked at, the newest first; the orphans are among the others too. */
export type CheckedJobs = Awaited<ReturnType<typeof readCosts>>;

/** With how far back it looked, and when; Unix ms. */
export type CheckResult = CheckedJobs & { readonly sinceMs: number; readonly nowMs: number };

// To spare the service.
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
) {
  const hasEnded = ({ job }: MarkedJob) => hasEndedForGood(job, nowMs);
  // Those that run first: only their runs show what they cost an hour.
  const runningFirst = jobs.toSorted((a, b) => Number(hasEnded(a)) - Number(hasEnded(b)));
  const uuids = runningFirst.map(({ job }) => job.uuid);
  const runs = await readRunsOfJobs(client, uuids, signal);
  const estimated = jobs.map(({ job }) => createJobOutcome(job, runs.get(job.uuid)));
  const outcomes = await withBills(estimated, client, signal, maxSingleBills);
  const checked = jobs.flatMap((marked, index): readonly CheckedJob[] => {
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
