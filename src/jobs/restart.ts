import type { Client } from '../service/client.ts';
import { listJobRuns } from '../service/endpoints.ts';
import type { Job, JobRun } from '../service/schemas.ts';
import { latestMs } from './metrics.ts';
import { isFinal, isKnown } from './status.ts';

// What is documented nowhere: whether FAILED shows between two runs of a job with retries left, and
// which statuses there are beside those that are known. So neither is believed to be the end at once.

/** How final a status is: `open` for now, `final`, or `early`, when no new run came in time. */
export type EndState = 'open' | 'final' | 'early';

const defaultAssignMs = 300_000;
// What the service and we take to notice.
const slackMs = 30_000;
const maxUnknownMs = 60_000;

/** Creates a check of one job, to be told of each look at it. */
export function createEndCheck(client: Client, signal: AbortSignal): (job: Job) => EndState {
  const { clock } = client;
  let status: string | null = null;
  let sinceMs = 0;
  let runs: readonly JobRun[] | null = null;
  let isReading = false;

  const readRuns = async (job: Job) => {
    const known = runs?.length ?? 0;
    // Without the runs, time tells.
    runs = await listJobRuns(client, job.uuid, signal).catch(() => runs);
    if (runs !== null && (runs.length !== known || runs.some(isAlive)))
      sinceMs = clock.monotonicMs();
    isReading = false;
  };
  return (job) => {
    if (job.status !== status) {
      [status, sinceMs, runs] = [job.status, clock.monotonicMs(), null];
    }
    const isEnded = isFinal(job.status);
    const mayChange = isEnded ? mayRestart(job) : !isKnown(job.status) && job.completed_at !== null;
    if (!mayChange) return isEnded ? 'final' : 'open';
    const hasAlive = runs?.some(isAlive) ?? false;
    const isOver = runs !== null && !hasAlive;
    const forMs = clock.monotonicMs() - sinceMs;
    if (isEnded && isOver && (runs?.length ?? 0) > retriesOf(job)) return 'final';
    // A new run needs a machine, which may take as long as the job lets it.
    const assignMs = (job.max_timeout_assign_ms ?? defaultAssignMs) + slackMs;
    if (isEnded && !hasAlive && forMs >= assignMs) return 'early';
    if (!isEnded && isOver && forMs >= maxUnknownMs) return 'final';
    if (!isReading) {
      isReading = true;
      void readRuns(job);
    }
    return 'open';
  };
}

function isAlive({ status, ended_at_ms: endedAtMs }: JobRun): boolean {
  return !isFinal(status) && endedAtMs === null;
}

/** Whether a job that fails may be started once more. */
export function mayRestart(job: Job): boolean {
  return ['FAILED', 'FAILING'].includes(job.status) && retriesOf(job) > 0;
}

/** Whether a job has ended, and will not be started once more. */
export function hasFinished(job: Job): boolean {
  return isFinal(job.status) && !mayRestart(job);
}

// A job with retries left that shows FAILED may be started once more, but not after so long.
const restartWindowMs = 5 * 60_000;

/**
 * Whether a job has ended for good, as far as a single look tells.
 * @param nowMs Unix ms, by the service's clock
 */
export function hasEndedForGood(job: Job, nowMs: number): boolean {
  if (!isFinal(job.status)) return false;
  if (!mayRestart(job) || job.completed_at === null) return true;
  return nowMs - latestMs(job.completed_at) >= restartWindowMs;
}

function retriesOf({ max_retry_count: count }: Job): number {
  return count ?? 0;
}
