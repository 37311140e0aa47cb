import pLimit from 'p-limit';
import { nowOf, type Client } from '../service/client.ts';
import { pageLimit, readJob } from '../service/endpoints.ts';
import { retryRules, withRetry } from '../service/retry.ts';
import type { Job } from '../service/schemas.ts';
import { ServiceError } from '../errors.ts';
import type { WorkflowRun } from '../github/runs.ts';
import type { RunRef } from '../inputs/context.ts';
import { isCutText, readJobPages } from '../service/newest-jobs.ts';
import { isOfRepository, mayOutlive, readMark, type JobMark } from '../custody/mark.ts';
import { latestMs } from '../jobs/metrics.ts';
import { hasEndedForGood } from '../jobs/restart.ts';

// The jobs that the workflows of a repository have cooked, and which of them nobody wants any more,
// as far as their marks and GitHub's runs tell.

/** A job with the mark of a workflow run. */
export interface MarkedJob {
  readonly job: Job;
  readonly mark: JobMark;
}

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
  const listed: Job[] = [];
  let oldInRow = 0;
  for await (const { items } of readJobPages(client, signal)) {
    // Known by the service's clock from the first page on: the runner's may be wrong.
    const sinceMs = nowOf(client) - maxAgeMs;
    const fresh = items.filter((job) => isCreatedSince(job, sinceMs));
    listed.push(...fresh);
    // A single date may be wrong.
    oldInRow = fresh.length > 0 ? 0 : oldInRow + items.length;
    if (oldInRow >= pageLimit) break;
  }
  const jobs = await withDescriptions(client, listed, signal);
  return jobs.flatMap((job) => {
    const mark = readMark(job);
    if (mark === null || !isOfRepository(mark, here)) return [];
    // The workflow's name alone is shown, and whoever may write the description has written it.
    const workflow = client.redactor.redact(mark.workflow);
    return [{ job, mark: { ...mark, workflow } }];
  });
}

function isWhole({ description }: Job): boolean {
  return description !== null && !isCutText(description);
}

// With more, the rest is left to the next check.
const maxSingleReads = 100;

// Whether a list has whole descriptions is documented nowhere; where it has not, the newest are read
// singly.
async function withDescriptions(
  client: Client,
  listed: readonly Job[],
  signal: AbortSignal,
): Promise<readonly Job[]> {
  const lacking = listed.some(isWhole)
    ? listed.filter(({ description }) => isCutText(description))
    : listed;
  const toRead = new Set(lacking.slice(0, maxSingleReads));
  const inTurn = pLimit(8);
  const read = async (job: Job) => {
    const request = async () => readJob(client, job.uuid, signal);
    return withRetry(request, retryRules.lookUp, { ...client, signal }).catch((error: unknown) => {
      // One that is gone meanwhile is nobody's; of any other, nothing is known.
      if (error instanceof ServiceError && error.status === 404) return job;
      throw error;
    });
  };
  return Promise.all(
    listed.map(async (job) => (toRead.has(job) ? inTurn(async () => read(job)) : job)),
  );
}

function isCreatedSince({ created_at: at }: Job, sinceMs: number): boolean {
  return at === null || latestMs(at) > sinceMs;
}

/**
 * What is known of the attempt of the run that cooked a job: it may still go on, it is not known, or
 * it is over, and at least since when: Unix ms, null where nobody knows.
 */
export type AttemptState = 'open' | 'unknown' | { readonly overSinceMs: number | null };

/** @param run undefined where it was not read */
export function attemptStateOf(
  { runAttempt, mayBeAttached }: JobMark,
  run: WorkflowRun | 'gone' | undefined,
): AttemptState {
  if (run === undefined) return 'unknown';
  if (run === 'gone') return { overSinceMs: null };
  // GitHub's lists may lag behind a re-run.
  if (run.attempt < runAttempt) return 'unknown';
  // An attempt starts when the one before it is over.
  if (run.attempt > runAttempt && !mayBeAttached) return overSince(run.startedAtMs);
  return run.isOver ? overSince(run.updatedAtMs) : 'open';
}

function overSince(atMs: number | null): AttemptState {
  return atMs === null ? 'unknown' : { overSinceMs: atMs };
}

/** Post may still be at work when the run shows as over, on a machine that was cut off. */
export const minOverMs = 10 * 60_000;

/** Whether a job lives though the attempt that cooked it is over, and it was not to outlive it. */
export function isOrphan({ job, mark }: MarkedJob, state: AttemptState, nowMs: number): boolean {
  if (!mayBeOrphan({ job, mark }, nowMs) || state === 'open' || state === 'unknown') return false;
  // Of a run that is gone, its job is as old as anything that is known.
  const createdMs = Date.parse(job.created_at ?? '');
  const sinceMs = state.overSinceMs ?? createdMs;
  return nowMs - sinceMs >= minOverMs;
}

/** Whether a job lives, and was not to outlive its run: then its run has to be known. */
export function mayBeOrphan({ job, mark }: MarkedJob, nowMs: number): boolean {
  return !hasEndedForGood(job, nowMs) && !mayOutlive(mark, job);
}
