import type { Client } from './client.ts';
import { listJobs, pageLimit, readJob, type JobPage, type Page } from './endpoints.ts';
import { retryRules, withRetry } from './retry.ts';
import type { Job } from './schemas.ts';
import { ServiceError } from '../errors.ts';

// A page may hold nothing new where jobs were added meanwhile; several in a row are a service that
// gives the same page whatever it is asked for.
const maxStalePages = 3;
// Where so many have no description to be had, the service cannot tell now: it is left alone.
const maxFailures = 10;

/**
 * The jobs of the account, the newest first.
 * @param oldestMs where to stop, Unix ms on the service's clock; null: at the end of the list
 * @throws ServiceError at the end, where some have no description to be had
 */
export async function* newestJobs(
  client: Client,
  oldestMs: number | null,
  signal: AbortSignal,
  describe = createDescriber(client),
): AsyncGenerator<Job, void> {
  const seen = new Set<string>();
  let members = 0;
  let firstSize = 0;
  let staleInRow = 0;
  const failures: ServiceError[] = [];
  const withDescription = async (job: Job) => {
    if (failures.length >= maxFailures) return job;
    try {
      return await describe(job, signal);
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      failures.push(error);
      return job;
    }
  };
  for (let page = 1; staleInRow < maxStalePages; page += 1) {
    const query = { sort: '-created_at', page: String(page) };
    const request = async () => listJobs(client, query, signal);
    const answer = await withRetry(request, retryRules.lookUp, { ...client, signal });
    const fresh = answer.items.filter(({ uuid }) => !seen.has(uuid));
    for (const { uuid } of fresh) seen.add(uuid);
    for (const job of fresh) yield await withDescription(job);
    members += answer.size;
    staleInRow = fresh.length === 0 ? staleInRow + 1 : 0;
    if (page === 1) firstSize = answer.size;
    if (isLastPage(answer, members, firstSize)) break;
    if (oldestMs !== null && isPast(answer.items, oldestMs)) break;
  }
  const [failure] = failures;
  if (failure !== undefined) throw failure;
}

// The service may give smaller pages than it is asked for, so a short first page proves nothing.
function isLastPage({ size, total }: JobPage, members: number, firstSize: number): boolean {
  if (size === 0) return true;
  // What is called the total may be that of the page alone.
  if (size >= pageLimit) return false;
  return total === undefined ? size < firstSize : members >= total;
}

// A single date may be wrong, and a list that is not sorted as was asked has the new ones at its end.
function isPast(jobs: readonly Job[], ms: number): boolean {
  const times = jobs.map(({ created_at: createdAt }) => Date.parse(createdAt ?? ''));
  const [first = NaN] = times;
  const last = times.at(-1) ?? NaN;
  return jobs.length > 0 && times.every((time) => time < ms) && first >= last;
}

/**
 * Reads the pages of a list that ought to be short. What moves to the next page meanwhile is read
 * once.
 * @returns its items, and whether those are all
 */
export async function readPages<T extends { readonly uuid: string | null }>(
  read: (page: number) => Promise<Page<T>>,
  maxPages: number,
): Promise<{ readonly items: readonly T[]; readonly isWhole: boolean }> {
  const items: T[] = [];
  const seen = new Set<string>();
  let members = 0;
  for (let page = 1; page <= maxPages; page += 1) {
    const answer = await read(page);
    items.push(...answer.items.filter(({ uuid }) => uuid === null || !seen.has(uuid)));
    for (const { uuid } of answer.items) if (uuid !== null) seen.add(uuid);
    members += answer.size;
    const isLast = answer.total === undefined ? answer.size < pageLimit : members >= answer.total;
    if (isLast || answer.size === 0) return { items, isWhole: isLast };
  }
  return { items, isWhole: false };
}

/** Gives a job of a list with its description. Rejects with ServiceError where it has none to give. */
export type Describer = (listed: Job, signal: AbortSignal) => Promise<Job>;

// Whether a list has descriptions is documented nowhere. Without, its jobs are read one by one; more
// than this would take longer than there is time to look.
const maxDescribed = 100;

/** Whether a description ends as one does that was cut: a list may cut what a single read gives whole. */
export function isCutText(description: string | null): boolean {
  return /(?:…|\.{3})\s*$/.test(description?.slice(-10) ?? '');
}

/**
 * A describer that reads each job once, and none where lists are seen to have whole descriptions.
 * @param isLookedAgain whether the whole list is gone through again where a read fails
 */
export function createDescriber(client: Client, isLookedAgain = false): Describer {
  const described = new Map<string, Job>();
  let isInLists = false;
  return async (listed, signal) => {
    // The mark would be at the end.
    const isCut = isCutText(listed.description);
    if (listed.description && !isCut) isInLists = true;
    if (isInLists && !isCut) return listed;
    const known = described.get(listed.uuid);
    if (known !== undefined) return known;
    // Anybody's text may end like this.
    if (isCut && described.size >= maxDescribed) return listed;
    if (described.size >= maxDescribed) throw withoutDescription('too many jobs to read each');
    const request = async () => readJob(client, listed.uuid, signal);
    const read = isLookedAgain
      ? request()
      : withRetry(request, retryRules.lookUp, { ...client, signal });
    // It may be too new to be read: a 404 is no proof either.
    const job = await read.catch((error: unknown) => {
      throw error instanceof ServiceError ? withoutDescription(error.message) : error;
    });
    described.set(listed.uuid, job);
    return job;
  };
}

function withoutDescription(why: string): ServiceError {
  const detail = `the list has no descriptions: ${why}`;
  return new ServiceError({ trouble: 'unreadable', request: 'GET /v1/jobs', detail });
}
