import type { Client } from '../service/client.ts';
import { listJobRuns } from '../service/endpoints.ts';
import type { Job } from '../service/schemas.ts';
import { latestMs } from './metrics.ts';
import { isFinal } from './status.ts';

// Whether FAILED shows between two runs of a job with retries left is documented nowhere, so it is
// not believed at once.

/** How final FAILED is: `open` for now, `final`, or `early`, when no new run came in time. */
export type FailureState = 'open' | 'final' | 'early';

const maxRestartMs = 60_000;

/** Creates a check of one job, to be told of each look that shows it FAILED. */
export function createFailureCheck(
  client: Client,
  signal: AbortSignal,
): { readonly check: (job: Job) => FailureState; readonly reset: () => void } {
  let runCount = 0;
  let sinceMs: number | null = null;
  let hasAllRuns = false;
  let isReading = false;

  const readRuns = async (job: Job) => {
    const runs = await listJobRuns(client, job.uuid, signal);
    if (runs.length !== runCount) sinceMs = client.clock.monotonicMs();
    runCount = runs.length;
    hasAllRuns = runs.length > retriesOf(job) && runs.every(({ status }) => isFinal(status));
  };
  return {
    check: (job) => {
      if (retriesOf(job) === 0 || hasAllRuns) return 'final';
      sinceMs ??= client.clock.monotonicMs();
      if (client.clock.monotonicMs() - sinceMs >= maxRestartMs) return 'early';
      if (!isReading) {
        isReading = true;
        readRuns(job)
          // Without the runs, time tells.
          .catch(() => {})
          .finally(() => {
            isReading = false;
          });
      }
      return 'open';
    },
    reset: () => {
      sinceMs = null;
    },
  };
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
