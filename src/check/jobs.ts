import pLimit from 'p-limit';
import { nowOf, type Client } from '../service/client.ts';
import { retryRules } from '../service/retry.ts';
import type { Job } from '../service/schemas.ts';
import type { RunRef } from '../inputs/context.ts';
import { createDescriber, describeJobs, readJobPages } from '../service/lists.ts';
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
  // Known by the service's clock from the first page on: the runner's may be wrong.
  const getSinceMs = () => nowOf(client) - maxAgeMs;
  // The older host tells days only.
  const pages = describeJobs(readJobPages(client, signal), asListed, () => getSinceMs() - dayMs);
  const listed: Job[] = [];
  for await (const job of pages) if (isCreatedSince(job, getSinceMs())) listed.push(job);
  const describe = createDescriber(client, signal, retryRules.lookUp);
  // A single description in the list says that it has them: the other jobs have none.
  const described = listed.find(({ description }) => Boolean(description));
  if (described !== undefined) await describe(described);
  const inTurn = pLimit(maxConcurrent);
  const jobs = await Promise.all(listed.map(async (job) => inTurn(async () => describe(job))));
  return jobs.flatMap((job) => {
    const mark = readMark(job);
    if (mark === null || !isOfRepository(mark, here)) return [];
    // The workflow's name alone is shown, and whoever may write the description has written it.
    const workflow = client.redactor.redact(mark.workflow);
    return [{ job, mark: { ...mark, workflow } }];
  });
}

const asListed = async (job: Job) => job;

// The service is not to be rushed.
const maxConcurrent = 8;

const dayMs = 86_400_000;

function isCreatedSince({ created_at: at }: Job, sinceMs: number): boolean {
  return at === null || latestMs(at) > sinceMs;
}
