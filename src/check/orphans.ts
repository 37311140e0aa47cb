import pLimit from 'p-limit';
import { asError } from '../errors.ts';
import { newEntryFacts } from '../custody/facts.ts';
import { mayOutlive } from '../custody/mark.ts';
import { createFactsReconciler } from '../custody/reconcile.ts';
import type { GitHub } from '../github/client.ts';
import { readRuns } from '../github/runs.ts';
import { hasEndedForGood } from '../jobs/restart.ts';
import { describeError, type ErrorMessage } from '../report/errors.ts';
import type { Log } from '../report/log.ts';
import type { Client } from '../service/client.ts';
import type { Job } from '../service/schemas.ts';
import type { MarkedJob } from './jobs.ts';

// Post may still be at work when the run shows as over, on a machine that was cut off.
const minOverMs = 10 * 60_000;

/**
 * Finds the jobs that still run after their workflow run ended, and that were not to outlive it.
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
  // The oldest first: where there are too many, they are the most likely.
  const runs = await readRuns(github, suspects.map(({ mark }) => mark.runId).toReversed());
  return suspects.filter(({ job, mark }) => {
    const run = runs.get(mark.runId);
    // GitHub's lists may lag behind a re-run.
    if (run === undefined || run.attempt < mark.runAttempt) return false;
    // An attempt starts when the one before it is over.
    const isReplaced = run.attempt > mark.runAttempt && !mark.mayBeAttached;
    const sinceMs = isReplaced ? run.startedAtMs : run.updatedAtMs;
    // Of a run that GitHub does not know, its job is as old as anything that is known.
    const overMs = nowMs - (sinceMs ?? Date.parse(job.created_at ?? ''));
    return (isReplaced || run.isOver) && overMs >= minOverMs;
  });
}

// To spare the service.
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
  const seen = new Map<string, Job>();
  const inTurn = pLimit(maxConcurrent);
  const cancelFailed = (jobUuid: string, error: unknown) => {
    onProblem(describeError(asError(error), `cancel orphan ${jobUuid}`));
  };
  const reconcile = createFactsReconciler({
    client,
    log: { ...log, cancelFailed },
    phase: 'main',
    deadline: signal,
    reason: 'the workflow run that cooked it is over',
    onJob: (job) => seen.set(job.uuid, job),
  });
  const cancel = async ({ job: { uuid } }: MarkedJob) =>
    reconcile({ ...newEntryFacts(null), jobs: [{ uuid, hasEnded: false }] }, () => 'cancel');
  await Promise.all(orphans.map(async (orphan) => inTurn(async () => cancel(orphan))));
  return seen;
}
