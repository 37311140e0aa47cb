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

// Where so many have no description to be had, the service cannot tell now: it is left alone.
const maxFailures = 10;

/**
 * The jobs of the account with their descriptions, the newest first.
 * @param oldestMs where to stop, Unix ms on the service's clock; null: at the end of the list
 * @throws ServiceError at the end, where some have no description to be had
 */
export async function* describeJobs(
  pages: AsyncGenerator<NextPage<Job>, void>,
  describe: Describer,
  oldestMs: number | null,
): AsyncGenerator<Job, void> {
  const failures: ServiceError[] = [];
  for await (const { items } of pages) {
    for (const job of items) yield await describeOr(job, describe, failures);
    if (oldestMs !== null && isPast(items, oldestMs)) break;
  }
  const [failure] = failures;
  if (failure !== undefined) throw failure;
}

async function describeOr(job: Job, describe: Describer, failures: ServiceError[]): Promise<Job> {
  if (failures.length >= maxFailures) return job;
  try {
    return await describe(job);
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    failures.push(error);
    return job;
  }
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

// Whether a list has descriptions is documented nowhere. Without, its jobs are read one by one; more
// than this would take longer than there is time to look.
export const maxDescribed = 100;

/** Whether a description ends as one does that was cut: a list may cut what a single read gives whole. */
export function isCutText(description: string | null): boolean {
  return /(?:…|\.{3})\s*$/.test(description?.slice(-10) ?? '');
}

/** A describer that reads each job once, and none where lists are seen to have whole descriptions. */
export function createDescriber(client: Client, signal: AbortSignal, rule: RetryRule): Describer {
  const described = new Map<string, Promise<Job>>();
  let isInLists = false;
  const read = async ({ uuid }: Job) => {
    const request = async () => readJob(client, uuid, signal);
    return withRetry(request, rule, { ...client, signal }).catch((error: unknown) => {
      described.delete(uuid);
      // It may be too new to be read: a 404 is no proof either.
      throw error instanceof ServiceError ? withoutDescription(error.message) : error;
    });
  };
  return async (listed) => {
    // The mark would be at the end.
    const isCut = isCutText(listed.description);
    if (listed.description && !isCut) isInLists = true;
    if (isInLists && !isCut) return listed;
    const isFull = described.size >= maxDescribed && !described.has(listed.uuid);
    // Anybody's text may end like this.
    if (isFull && isCut) return listed;
    if (isFull) throw withoutDescription('too many jobs to read each');
    const job = described.get(listed.uuid) ?? read(listed);
    described.set(listed.uuid, job);
    return job;
  };
}

function withoutDescription(why: string): ServiceError {
  const detail = `the list has no descriptions: ${why}`;
  return new ServiceError({ trouble: 'unreadable', request: 'GET /v1/jobs', detail });
}
