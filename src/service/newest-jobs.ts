import type { Client } from './client.ts';
import { listJobs, readJob } from './endpoints.ts';
import { readPages, type NextPage } from './pages.ts';
import { retryRules, withRetry, type RetryRule } from './retry.ts';
import type { Job } from './schemas.ts';
import { ServiceError } from '../errors.ts';

/** The list of the account's jobs, the newest first, page by page. */
export function readJobPages(
  client: Client,
  signal: AbortSignal,
): AsyncGenerator<NextPage<Job>, void> {
  return readPages({
    client,
    signal,
    rule: retryRules.lookUp,
    read: async (page) => listJobs(client, { sort: '-created_at', page: String(page) }, signal),
    getId: ({ uuid }) => uuid,
  });
}

/**
 * The jobs of the account with their descriptions, the newest first.
 * @param getOldestMs where to stop, Unix ms on the service's clock; null: at the end of the list
 * @throws ServiceError at the end, where some have no description to be had
 */
export async function* describeJobs(
  pages: AsyncGenerator<NextPage<Job>, void>,
  describe: Describer,
  getOldestMs: () => number | null,
): AsyncGenerator<Job, void> {
  let failure: ServiceError | null = null;
  for await (const { items } of pages) {
    for (const job of items) {
      try {
        yield await describe(job);
      } catch (error) {
        if (!(error instanceof ServiceError)) throw error;
        failure = error;
        // The service cannot tell now: it is left alone.
        if (error.trouble !== 'unreadable' && error.retryable) throw error;
      }
    }
    const oldestMs = getOldestMs();
    if (oldestMs !== null && isPast(items, oldestMs)) break;
  }
  if (failure !== null) throw failure;
}

// A single date may be wrong, and a list that is not sorted as was asked has the new ones at its end.
function isPast(jobs: readonly Job[], ms: number): boolean {
  const times = jobs.map(({ created_at: createdAt }) => Date.parse(createdAt ?? ''));
  const [first = NaN] = times;
  const last = times.at(-1) ?? NaN;
  return jobs.length > 0 && times.every((time) => time < ms) && first >= last;
}

/** Gives a job of a list with its description. Rejects with ServiceError where it has none to give. */
export type Describer = (listed: Job) => Promise<Job>;

// More than this would take longer than there is time to look.
const maxDescribed = 100;

/**
 * A describer. Whether a list has descriptions is documented nowhere: without, its jobs are read one by
 * one, each once.
 */
export function createDescriber(client: Client, signal: AbortSignal, rule: RetryRule): Describer {
  const described = new Map<string, Promise<Job>>();
  let isInLists = false;
  const read = async (listed: Job) => {
    const request = async () => readJob(client, listed.uuid, signal);
    return withRetry(request, rule, { ...client, signal }).catch((error: unknown) => {
      described.delete(listed.uuid);
      if (!(error instanceof ServiceError) || error.status !== 404) throw error;
      // Gone since the list was made, or too new to be read: then a single 404 is no proof.
      if (rule.maxNotFound > 1) return listed;
      throw unreadable(error.message);
    });
  };
  return async (listed) => {
    isInLists ||= Boolean(listed.description);
    if (isInLists) return listed;
    const known = described.get(listed.uuid);
    if (known === undefined && described.size >= maxDescribed) {
      throw unreadable('too many jobs to read each');
    }
    const job = known ?? read(listed);
    described.set(listed.uuid, job);
    return job;
  };
}

function unreadable(why: string): ServiceError {
  const detail = `the list has no descriptions: ${why}`;
  return new ServiceError({ trouble: 'unreadable', request: 'GET /v1/jobs', detail });
}
