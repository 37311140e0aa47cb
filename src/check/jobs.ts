import pLimit from 'p-limit';
import { newEntryFacts } from '../custody/facts.ts';
import { isOfRepository, mayOutlive, readMark, type JobMark } from '../custody/mark.ts';
import { createFactsReconciler } from '../custody/reconcile.ts';
import type { GitHub } from '../github/client.ts';
import { readRuns } from '../github/runs.ts';
import type { RunRef } from '../inputs/context.ts';
import { latestMs } from '../jobs/metrics.ts';
import { createJobOutcome } from '../jobs/outcome.ts';
import type { Outcome } from '../jobs/records.ts';
import { hasEndedForGood } from '../jobs/restart.ts';
import { withBills } from '../money/bills.ts';
import { pricedCostOf, type Cost } from '../money/cost.ts';
import { consoleUrl, describeError, type ErrorMessage } from '../report/errors.ts';
import type { Log } from '../report/log.ts';
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
  const read = createDescribedReader(client, signal, retryRules.lookUp, 'whole-list');
  const found: MarkedJob[] = [];
  // The older host gives dates only.
  for await (const job of read(() => getSinceMs() - dayMs, isTooOld)) {
    const mark = readMark(job);
    if (mark === null || !isOfRepository(mark, here)) continue;
    const workflow = client.redactor.redact(mark.workflow);
    found.push({ job, mark: { ...mark, workflow } });
  }
  return found;
}

// Post may still be at work when the run shows as over, on a machine that was cut off.
const minOverMs = 10 * 60_000;

/**
 * Finds the jobs that still run after their workflow run, and should have ended with it.
 * @param nowMs when the jobs were read, Unix ms, by the service's clock
 * @throws GitHubError, InterruptedError
 */
export async function findOrphans(
  github: GitHub,
  jobs: readonly MarkedJob[],
  nowMs: number,
): Promise<readonly MarkedJob[]> {
  const suspects = jobs.filter(
    ({ job, mark }) => !hasEndedForGood(job, nowMs) && !mayOutlive(mark, job),
  );
  const runs = await readRuns(github, suspects.map(({ mark }) => mark.runId).toReversed());
  return suspects.filter(({ job, mark }) => {
    const run = runs.get(mark.runId);
    // GitHub's lists may lag behind a re-run.
    if (run === undefined || run.run_attempt < mark.runAttempt) return false;
    // An attempt starts when the one before it is over.
    const isReplaced = run.run_attempt > mark.runAttempt && !mark.mayBeAttached;
    const since = isReplaced ? run.run_started_at : run.updated_at;
    // Of a run that GitHub does not know, its job is as old as anything that is known.
    const overMs = nowMs - Date.parse(since ?? job.created_at ?? '');
    return (isReplaced || run.status === 'completed') && overMs >= minOverMs;
  });
}

const maxConcurrent = 16;

/**
 * Cancels jobs, and confirms that they end.
 * @returns the jobs as last seen, by their UUIDs
 */
export async function cancelOrphans(
  client: Client,
  orphans: readonly MarkedJob[],
  log: Log,
  onProblem: (problem: ErrorMessage) => void,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Job>> {
  const inTurn = pLimit(maxConcurrent);
  const cancelFailed = (jobUuid: string, error: unknown) => {
    const message = describeError(error, `cancel orphan ${jobUuid}`);
    const remedy = `The job may still be running, and billed. Cancel it in the console: ${consoleUrl}`;
    onProblem({ ...message, remedy: `${remedy} ${message.remedy}` });
  };
  const { reconcile, seen } = createFactsReconciler({
    client,
    log: { ...log, cancelFailed },
    phase: 'main',
    deadline: signal,
    reason: 'the workflow run that cooked it has ended',
  });
  const cancel = async ({ job: { uuid } }: MarkedJob) =>
    reconcile({ ...newEntryFacts(null), jobs: [{ uuid, hasEnded: false }] }, () => 'cancel');
  await Promise.all(orphans.map(async (orphan) => inTurn(async () => cancel(orphan))));
  return seen;
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
