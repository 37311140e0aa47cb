import pLimit from 'p-limit';
import type { Client } from './client.ts';
import { pageLimit, type Page } from './endpoints.ts';
import { withRetry, type RetryRule } from './retry.ts';

/** A list that is read page by page. */
export interface PageSource<T> {
  readonly client: Client;
  readonly signal: AbortSignal;
  readonly rule: RetryRule;
  /** Reads one page, from 1 on. */
  readonly read: (page: number) => Promise<Page<T>>;
  /** What tells a member from others, so that one that moves to the next page meanwhile is given once. */
  readonly getId?: (item: T) => string | null;
}

/** What is new on a page, and whether it is the last one. */
export interface NextPage<T> {
  readonly items: readonly T[];
  readonly isLast: boolean;
}

// A page may hold nothing new where members were added meanwhile; several in a row are a service that
// gives the same page whatever it is asked for.
const maxStalePages = 3;

/**
 * Reads a list page by page.
 * @throws ServiceError where a page cannot be read, InterruptedError
 */
export async function* readPages<T>({
  client,
  signal,
  rule,
  read,
  getId = () => null,
}: PageSource<T>): AsyncGenerator<NextPage<T>, void> {
  const seen = new Set<string | null>();
  let [members, firstSize, stale] = [0, 0, 0];
  for (let page = 1; stale < maxStalePages; page += 1) {
    const answer = await withRetry(async () => read(page), rule, { ...client, signal });
    const items = answer.items.filter((item) => !seen.has(getId(item)));
    for (const item of items) seen.add(getId(item));
    seen.delete(null);
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
export async function readAllPages<T>(
  source: PageSource<T>,
  maxPages: number,
): Promise<{ readonly items: readonly T[]; readonly isWhole: boolean }> {
  const all: T[] = [];
  let pages = 0;
  for await (const { items, isLast } of readPages(source)) {
    all.push(...items);
    pages += 1;
    if (isLast || pages === maxPages) return { items: all, isWhole: isLast };
  }
  return { items: all, isWhole: false };
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
 * documented nowhere: where nothing comes of that, the likeliest one is read singly, and where that
 * finds something, the first of the others too. Never rejects.
 * @param read gives whether it has found anything
 */
export async function readTogether(
  uuids: readonly string[],
  likeliest: string | undefined,
  read: (uuids: readonly string[]) => Promise<boolean>,
  { groupSize, maxSingleReads }: { readonly groupSize: number; readonly maxSingleReads: number },
): Promise<void> {
  const inTurn = pLimit(maxConcurrent);
  const readGroup = async (group: readonly string[]) =>
    inTurn(async () => read(group)).catch(() => false);
  const hasFound = async (groups: readonly (readonly string[])[]) =>
    (await Promise.all(groups.map(readGroup))).includes(true);
  const isFound = await hasFound(splitIntoGroups(uuids, groupSize));
  if (isFound || uuids.length < 2 || likeliest === undefined) return;
  if (!(await hasFound([[likeliest]]))) return;
  const others = uuids.filter((uuid) => uuid !== likeliest).slice(0, maxSingleReads);
  await hasFound(others.map((uuid) => [uuid]));
}
