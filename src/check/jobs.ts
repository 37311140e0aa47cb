import pLimit from 'p-limit';
import { nowOf, type Client } from '../service/client.ts';
import { pageLimit } from '../service/endpoints.ts';
import { retryRules } from '../service/retry.ts';
import type { Job } from '../service/schemas.ts';
import type { RunRef } from '../inputs/context.ts';
import { createDescriber, maxDescribed, readJobPages } from '../service/newest-jobs.ts';
import { isOfRepository, readMark, type JobMark } from '../custody/mark.ts';
import { latestMs } from '../jobs/metrics.ts';

/** A job with the mark of a workflow run. */
export interface MarkedJob {
  readonly job: Job;
  readonly mark: JobMark;
}

const maxConcurrent = 8;

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
  // Whether a list has whole descriptions is documented nowhere; where not, the newest are read singly.
  const hasDescriptions = listed.some(({ description }) => Boolean(description));
  const readable = hasDescriptions ? listed : listed.slice(0, maxDescribed);
  const describe = createDescriber(client, signal, retryRules.lookUp);
  const inTurn = pLimit(maxConcurrent);
  const jobs = await Promise.all(readable.map(async (job) => inTurn(async () => describe(job))));
  return jobs.flatMap((job) => {
    const mark = readMark(job);
    if (mark === null || !isOfRepository(mark, here)) return [];
    // The workflow's name alone is shown, and whoever may write the description has written it.
    const workflow = client.redactor.redact(mark.workflow);
    return [{ job, mark: { ...mark, workflow } }];
  });
}

function isCreatedSince({ created_at: at }: Job, sinceMs: number): boolean {
  return at === null || latestMs(at) > sinceMs;
}
