import { ServiceError } from '../errors.ts';
import type { Client } from './client.ts';
import { listJobs, listRunsOfJobs, pageLimit, readJob } from './endpoints.ts';
import { readAllPages, readPages, readTogether, type NextPage } from './pages.ts';
import { retryRules, withRetry, type RetryRule } from './retry.ts';
import type { Job, JobRun } from './schemas.ts';

/** What a look at a job brings. */
export type Answer = Job | ServiceError;

// Single reads may work where lists do not, and lists are less to ask of a service.
const listRestMs = 5 * 60_000;

/**
 * Reads jobs once, up to 50 with one list request. What a list lacks is read singly, and after a list
 * that failed, all are for five minutes.
 * @returns a reader that gives each job as the service describes it, or why it does not
 */
export function createJobReader(client: Client) {
  const { clock } = client;
  let listsFromMs = -Infinity;
  return async (uuids: readonly string[], signal: AbortSignal) => {
    const read = async (group: readonly string[]): Promise<ReadonlyMap<string, Answer>> => {
      const [first = ''] = group;
      try {
        if (group.length === 1) return new Map([[first, await readJob(client, first, signal)]]);
        const { items } = await listJobs(client, { 'filter[uuid]': group.join(',') }, signal);
        const asked = items.filter(({ uuid }) => group.includes(uuid));
        return new Map(asked.map((job) => [job.uuid, job]));
      } catch (error) {
        if (!(error instanceof ServiceError)) throw error;
        const isAnswer = group.length === 1 || error.status === 429;
        if (isAnswer) return new Map(group.map((uuid) => [uuid, error]));
        listsFromMs = clock.monotonicMs() + listRestMs;
        return new Map();
      }
    };
    const groupSize = clock.monotonicMs() < listsFromMs ? 1 : pageLimit;
    return readTogether(uuids, read, { groupSize, maxSingleReads: Infinity });
  };
}

// For a service that does not take several UUIDs at once.
const limits = { groupSize: 50, maxSingleReads: 20 };
const maxPagesPerGroup = 3;

/**
 * Reads the runs of jobs, oldest first, up to 50 jobs with one request. Never rejects: trouble with
 * them costs a figure, so what could not be read is left out.
 * @param jobUuids the last one is the likeliest to have runs
 */
export async function readRunsOfJobs(
  client: Client,
  jobUuids: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, readonly JobRun[]>> {
  const read = async (group: readonly string[]) => {
    const page = async (number: number) => listRunsOfJobs(client, group, number, signal);
    const pages = readPages(page, retryRules.run, { ...client, signal });
    const { items } = await readAllPages(pages, maxPagesPerGroup).catch(() => ({ items: [] }));
    const runs = Map.groupBy(items.toReversed(), (run) => run.job_uuid?.toLowerCase() ?? '');
    return new Map([...runs].filter(([uuid]) => group.includes(uuid)));
  };
  return readTogether(jobUuids.toReversed(), read, limits);
}

/** The account's jobs, the newest first, page by page. */
export function readJobPages(client: Client, signal: AbortSignal) {
  const read = async (page: number) =>
    listJobs(client, { sort: '-created_at', page: String(page) }, signal);
  return readPages(read, retryRules.lookUp, { ...client, signal });
}

/**
 * The jobs of the account with their descriptions, the newest first.
 * @param getOldestMs where to stop, Unix ms on the service's clock; null: at the end of the list
 * @throws ServiceError at the end, where some have no description to be had
 */
export async function* describeJobs(
  pages: AsyncGenerator<NextPage<Job>, void>,
  describe: (listed: Job) => Promise<Job>,
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

// More than this would take longer than there is time to look.
const maxDescribed = 100;

/**
 * Gives jobs of a list with their descriptions. Whether a list has them is documented nowhere: without,
 * its jobs are read one by one, each once. Rejects with ServiceError where there is none to be had.
 */
export function createDescriber(client: Client, signal: AbortSignal, rule: RetryRule) {
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
  return async (listed: Job) => {
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
