import pLimit from 'p-limit';
import { pageLimit, type Page } from './endpoints.ts';
import { withRetry, type RetryOptions, type RetryRule } from './retry.ts';

/** What is new on a page, and whether it is the last one. */
export interface NextPage<T> {
  readonly items: readonly T[];
  readonly isLast: boolean;
}

// A page holds nothing new where members were added meanwhile; several in a row are one page again.
const maxStalePages = 3;

/**
 * Reads a list page by page, from page 1 on. A member that moves to the next page meanwhile is given
 * once, if it has a UUID.
 * @throws ServiceError where a page cannot be read, InterruptedError
 */
export async function* readPages<T extends object>(
  read: (page: number) => Promise<Page<T>>,
  rule: RetryRule,
  options: RetryOptions,
): AsyncGenerator<NextPage<T>, void> {
  const seen = new Set<unknown>();
  let [members, firstSize, stale] = [0, 0, 0];
  for (let page = 1; stale < maxStalePages; page += 1) {
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
export async function readAllPages<T>(pages: AsyncGenerator<NextPage<T>, void>, maxPages: number) {
  const all: T[] = [];
  let [count, isWhole] = [0, false];
  for await (const { items, isLast } of pages) {
    all.push(...items);
    count += 1;
    isWhole = isLast;
    if (count === maxPages) break;
  }
  return { items: all as readonly T[], isWhole };
}

/** Splits a list into groups of at most so many. */
export function splitIntoGroups<T>(items: readonly T[], size: number): readonly (readonly T[])[] {
  const count = Math.ceil(items.length / size);
  return Array.from({ length: count }, (_, group) => items.slice(group * size, (group + 1) * size));
}

// The service is not to be rushed.
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
