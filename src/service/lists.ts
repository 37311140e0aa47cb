import pLimit from 'p-limit';
import { asError, ServiceError } from '../errors.ts';
import type { Client } from './client.ts';
import { listJobs, listRunsOfJobs, pageLimit, readJob, type Page } from './endpoints.ts';
import { retryRules, withRetry, type RetryOptions, type RetryRule } from './retry.ts';
import type { Job, JobRun } from './schemas.ts';

// A page holds nothing new where members were added meanwhile; several in a row are one page again.
const maxStalePages = 3;

/**
 * Reads a list page by page, from page 1 on. A member that moves to the next page meanwhile is given
 * once, if it has a UUID.
 * @throws ServiceError where a page cannot be read, InterruptedError
 */
async function* readPages<T extends object>(
  read: (page: number) => Promise<Page<T>>,
  rule: RetryRule,
  options: RetryOptions,
  maxPages = Infinity,
) {
  const seen = new Set<unknown>();
  let [members, firstSize, stale] = [0, 0, 0];
  for (let page = 1; stale < maxStalePages && page <= maxPages; page += 1) {
    const answer = await withRetry(async () => read(page), rule, options);
    const items = answer.items.filter((item) => !('uuid' in item && seen.has(item.uuid)));
    for (const item of items) if ('uuid' in item && item.uuid !== null) seen.add(item.uuid);
    members += answer.size;
    const isLast = isLastPage(answer, members, firstSize);
    yield { items, isLast };
    if (isLast) return;
    stale = items.length === 0 ? stale + 1 : 0;
    if (page === 1) firstSize = answer.size;
  }
}

// The service may give smaller pages than it is asked for, so a short first page proves nothing. What
// it calls the total may be that of the page alone.
function isLastPage({ size, total }: Page<unknown>, members: number, firstSize: number): boolean {
  if (size === 0) return true;
  if (total === undefined) return size < firstSize;
  return members >= total && !(size === pageLimit && total === size);
}

/**
 * Reads a list that ought to be short.
 * @returns its members, and whether those are all
 */
export async function readAllPages<T extends object>(...given: Parameters<typeof readPages<T>>) {
  const all: T[] = [];
  let isWhole = false;
  for await (const { items, isLast } of readPages(...given)) {
    all.push(...items);
    isWhole = isLast;
  }
  return { items: all as readonly T[], isWhole };
}

/** Splits a list into groups of at most so many. */
export function splitIntoGroups<T>(items: readonly T[], size: number): readonly (readonly T[])[] {
  const count = Math.ceil(items.length / size);
  return Array.from({ length: count }, (_, group) => items.slice(group * size, (group + 1) * size));
}

const maxConcurrent = 16;

/**
 * Reads what belongs to each of many, many with one request. Whether a filter takes several UUIDs is
 * documented nowhere: what is missing then is read singly, if the first of it is found so.
 * @param uuids the likeliest to have anything come first
 * @param read gives what it finds, by the UUID
 */
export async function readTogether<T>(
  uuids: readonly string[],
  read: (group: readonly string[]) => Promise<ReadonlyMap<string, T>>,
  { groupSize, maxSingleReads }: { readonly groupSize: number; readonly maxSingleReads: number },
): Promise<ReadonlyMap<string, T>> {
  const inTurn = pLimit(maxConcurrent);
  const found = new Map<string, T>();
  const readAll = async (groups: readonly (readonly string[])[]) => {
    const answers = groups.map(async (group) => inTurn(async () => read(group)));
    for (const answer of await Promise.all(answers))
      for (const [uuid, value] of answer) found.set(uuid, value);
  };
  const groups = splitIntoGroups(uuids, groupSize);
  await readAll(groups);
  const [first, ...others] = groups
    .filter((group) => group.length > 1)
    .flat()
    .filter((uuid) => !found.has(uuid));
  if (first === undefined) return found;
  await readAll([[first]]);
  if (found.has(first)) await readAll(others.slice(0, maxSingleReads).map((uuid) => [uuid]));
  return found;
}

export type Answer = Job | ServiceError;

// A list that hangs would make each look as slow, and single reads may work where lists do not.
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
    let lasting: ServiceError | null = null;
    const read = async (group: readonly string[]): Promise<ReadonlyMap<string, Answer>> => {
      const [first = ''] = group;
      // A host that is given up on is not asked for the other jobs.
      if (lasting !== null) return new Map([[first, lasting.with({})]]);
      try {
        if (group.length === 1) return new Map([[first, await readJob(client, first, signal)]]);
        const { items } = await listJobs(client, { 'filter[uuid]': group.join(',') }, signal);
        const asked = items.filter(({ uuid }) => group.includes(uuid));
        return new Map(asked.map((job) => [job.uuid, job]));
      } catch (error) {
        if (!(error instanceof ServiceError)) throw error;
        if (error.isLasting) lasting = error;
        const isAnswer = group.length === 1 || error.status === 429;
        if (!isAnswer) listsFromMs = clock.monotonicMs() + listRestMs;
        return new Map(isAnswer ? group.map((uuid) => [uuid, error]) : []);
      }
    };
    const groupSize = clock.monotonicMs() < listsFromMs ? 1 : pageLimit;
    return readTogether(uuids, read, { groupSize, maxSingleReads: Infinity });
  };
}

const maxPagesPerGroup = 3;
const maxSingleReads = 20;

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
    const all = readAllPages(page, retryRules.run, { ...client, signal }, maxPagesPerGroup);
    const { items } = await all.catch(() => ({ items: [] }));
    const runs = Map.groupBy(items.toReversed(), (run) => run.job_uuid?.toLowerCase() ?? '');
    return new Map([...runs].filter(([uuid]) => group.includes(uuid)));
  };
  return readTogether(jobUuids.toReversed(), read, { groupSize: pageLimit, maxSingleReads });
}

/** Reads the account's jobs page by page, the newest first. */
export function readJobPages(client: Client, signal: AbortSignal) {
  const read = async (page: number) =>
    listJobs(client, { sort: '-created_at', page: String(page) }, signal);
  return readPages(read, retryRules.lookUp, { ...client, signal });
}

// A single date may be wrong, and a list that is not sorted as was asked has the new ones at its end.
function isPast(jobs: readonly Job[], ms: number): boolean {
  const times = jobs.map(({ created_at: createdAt }) => Date.parse(createdAt ?? ''));
  const [first = NaN] = times;
  const last = times.at(-1) ?? NaN;
  return jobs.length > 0 && times.every((time) => time < ms) && first >= last;
}

const maxDescribed = 100;
const maxAtOnce = 8;

/**
 * Reads the account's jobs with their descriptions, the newest first. Whether a list has them is
 * documented nowhere: without, its jobs are read singly, each once.
 * @param order `pages`: one by one, and those of a page before the next page, which may be slow or
 * fail; `whole-list`: eight at a time, once it is known that no page has a description
 * @returns a reader of the jobs but those to pass over, back to a time (Unix ms on the service's
 * clock, asked for after each page; null: to the end of the list). It throws ServiceError at its end
 * where a job has no description.
 */
export function createDescribedReader(
  client: Client,
  signal: AbortSignal,
  rule: RetryRule,
  order: 'pages' | 'whole-list' = 'pages',
) {
  const described = new Map<string, Promise<Job>>();
  let isInLists = false;
  const describe = async (listed: Job) => {
    const known = described.get(listed.uuid);
    if (known !== undefined) return known;
    if (described.size >= maxDescribed)
      throw unreadable('there are too many jobs to read one by one');
    const request = async () => readJob(client, listed.uuid, signal);
    const job = withRetry(request, rule, { ...client, signal }).catch((error: unknown) => {
      described.delete(listed.uuid);
      if (!(error instanceof ServiceError) || error.status !== 404) throw error;
      // Gone since the list was made, or too new to be read: then a single 404 is no proof.
      if (rule.maxNotFound > 1) return listed;
      throw unreadable(error.message);
    });
    described.set(listed.uuid, job);
    return job;
  };
  return async function* readDescribed(
    getOldestMs: () => number | null,
    isPassedOver: (listed: Job) => boolean = () => false,
    pages: ReturnType<typeof readJobPages> = readJobPages(client, signal),
  ) {
    const failures: ServiceError[] = [];
    async function* describeAll(jobs: readonly Job[]) {
      for (const group of splitIntoGroups(jobs, order === 'pages' ? 1 : maxAtOnce)) {
        const reads = group.map(async (job) => (isInLists ? job : describe(job).catch(asError)));
        for (const job of await Promise.all(reads)) {
          if (!(job instanceof Error)) yield job;
          else if (!(job instanceof ServiceError)) throw job;
          else if (job.trouble !== 'unreadable' && job.retryable) throw job;
          else failures.push(job);
        }
      }
    }
    const undescribed: Job[] = [];
    for await (const { items } of pages) {
      undescribed.push(...items.filter((listed) => !isPassedOver(listed)));
      // A single description says that the list has them: the other jobs have none.
      isInLists ||= items.some(({ description }) => Boolean(description));
      if (isInLists || order === 'pages') yield* describeAll(undescribed.splice(0));
      const oldestMs = getOldestMs();
      if (oldestMs !== null && isPast(items, oldestMs)) break;
    }
    yield* describeAll(undescribed);
    const [failure] = failures;
    if (failure !== undefined) throw failure;
  };
}

function unreadable(why: string): ServiceError {
  const detail = `the list has no descriptions: ${why}`;
  return new ServiceError({ trouble: 'unreadable', request: 'GET /v1/jobs', detail });
}
