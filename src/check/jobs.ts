import pLimit from 'p-limit';
import { nowOf, type Client } from '../service/client.ts';
import { pageLimit, readJob } from '../service/endpoints.ts';
import { retryRules, withRetry } from '../service/retry.ts';
import type { Job } from '../service/schemas.ts';
import { ServiceError } from '../errors.ts';
import type { RunRef } from '../inputs/context.ts';
import { isCutText, readJobPages } from '../service/newest-jobs.ts';
import { isOfRepository, readMark, type JobMark } from '../custody/mark.ts';
import { latestMs } from '../jobs/metrics.ts';

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
