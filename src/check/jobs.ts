import { nowOf, type Client } from '../service/client.ts';
import { retryRules } from '../service/retry.ts';
import type { Job } from '../service/schemas.ts';
import type { RunRef } from '../inputs/context.ts';
import { createDescriber, describeJobs, readJobPages } from '../service/newest-jobs.ts';
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
  const describe = createDescriber(client, signal, retryRules.lookUp);
  // Known by the service's clock from the first page on: the runner's may be wrong.
  const getSinceMs = () => nowOf(client) - maxAgeMs;
  const describeNew = async (job: Job) => (isCreatedSince(job, getSinceMs()) ? describe(job) : job);
  // The older host tells days only.
  const pages = describeJobs(readJobPages(client, signal), describeNew, () => getSinceMs() - dayMs);
  const jobs: Job[] = [];
  for await (const job of pages) if (isCreatedSince(job, getSinceMs())) jobs.push(job);
  return jobs.flatMap((job) => {
    const mark = readMark(job);
    if (mark === null || !isOfRepository(mark, here)) return [];
    // The workflow's name alone is shown, and whoever may write the description has written it.
    const workflow = client.redactor.redact(mark.workflow);
    return [{ job, mark: { ...mark, workflow } }];
  });
}

const dayMs = 86_400_000;

function isCreatedSince({ created_at: at }: Job, sinceMs: number): boolean {
  return at === null || latestMs(at) > sinceMs;
}
