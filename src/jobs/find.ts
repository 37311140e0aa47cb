import type { Client } from '../api/client.ts';
import type { Job } from '../api/schemas.ts';
import { InterruptedError, ServiceError } from '../errors.ts';
import { createDescriber, newestJobs, type Describer } from './list.ts';
import { carriesMark } from './request.ts';

// Finds jobs by the mark in their description. The service has no filter for it, so the list of the
// account's jobs is paged through; one paging serves all marks that are looked for.

/** What is looked for. */
export interface Search {
  readonly mark: string;
  /** Jobs with this mark that are known already. */
  readonly knownUuids: readonly string[];
  /** How many others there may be. */
  readonly maxJobs: number;
  /** The service's clock when the cook left, Unix ms; null where it is not known. */
  readonly serverSentAtMs: number | null;
  /** How long to look, in ms: a list may lag behind a cook. 0 for one look. */
  readonly windowMs: number;
  /** Nobody looks later: while the list cannot be read, it is tried again until the signal fires. */
  readonly isLast?: boolean;
}

/** Looks for jobs. */
export interface Finder {
  /**
   * Looks for the jobs that carry a mark, but for the known ones, until one is found or the window
   * is over.
   * @throws ServiceError when the list could not be read up to its end in twice the window,
   * InterruptedError when the signal fires
   */
  readonly find: (search: Search, signal: AbortSignal) => Promise<readonly Job[]>;
}

/** After a doubt a job is looked for at least this long before the cook is repeated, in ms. */
export const doubtWindowMs = 30_000;
/** And no longer than this, where the list cannot be read, in ms. */
const maxWindowMs = 60_000;
// From the first look to the next ones; later ones are as far apart as the last.
const pausesMs = [1_000, 2_000, 4_000, 8_000];

interface Waiter extends Search {
  readonly sinceMs: number;
  passes: number;
  dueAtMs: number;
  readonly signal: AbortSignal;
  readonly resolve: (jobs: readonly Job[]) => void;
  readonly reject: (error: Error) => void;
}

/** Creates a finder. */
export function createFinder(client: Client): Finder {
  const { clock } = client;
  const waiters = new Set<Waiter>();
  const readDescription = createDescriber(client);
  const describe: Describer = async (job, signal) => {
    const isKnown = [...waiters].some(({ knownUuids }) => knownUuids.includes(job.uuid));
    return isKnown ? job : readDescription(job, signal);
  };
  let isRunning = false;
  let wake = new AbortController();

  // One pass for all whose time has come, and for all others that are waited for.
  const pass = async () => {
    const startedMs = clock.monotonicMs();
    const served = [...waiters];
    for (const each of served) {
      const pauseMs = pausesMs[Math.min(each.passes, pausesMs.length - 1)] ?? 0;
      each.passes += 1;
      each.dueAtMs = startedMs + pauseMs;
    }
    const over = new AbortController();
    const stopWhenAlone = () => {
      if (served.every((each) => !waiters.has(each))) over.abort();
    };
    for (const { signal } of served)
      signal.addEventListener('abort', stopWhenAlone, { signal: over.signal });
    try {
      const found = await findMarks(client, served, describe, over.signal);
      for (const each of served) settle(each, found.get(each.mark) ?? [], startedMs);
    } catch (error) {
      for (const each of served) fail(each, error);
    } finally {
      over.abort();
    }
  };
  const settle = (waiter: Waiter, jobs: readonly Job[], startedMs: number) => {
    const isOver = startedMs - waiter.sinceMs >= waiter.windowMs || isLongAgo(waiter, client);
    if (jobs.length > 0 || isOver) waiter.resolve(jobs);
  };
  const fail = (waiter: Waiter, error: unknown) => {
    if (!(error instanceof ServiceError)) {
      waiter.reject(error instanceof Error ? error : new Error(String(error)));
      return;
    }
    const maxMs = waiter.isLast ? Infinity : Math.min(maxWindowMs, waiter.windowMs * 2);
    if (!error.retryable || clock.monotonicMs() - waiter.sinceMs >= maxMs) waiter.reject(error);
  };
  const run = async () => {
    isRunning = true;
    while (waiters.size > 0) {
      const dueAtMs = Math.min(...[...waiters].map((each) => each.dueAtMs));
      const pauseMs = dueAtMs - clock.monotonicMs();
      if (pauseMs > 0) await clock.sleep(pauseMs, wake.signal);
      if (wake.signal.aborted) wake = new AbortController();
      if (pauseMs <= 0) await pass();
    }
    isRunning = false;
  };

  return {
    find: async (search, signal) => {
      const sinceMs = clock.monotonicMs();
      return new Promise<readonly Job[]>((resolve, reject) => {
        const interrupted = () => {
          waiter.reject(new InterruptedError());
        };
        const leave = () => {
          waiters.delete(waiter);
          signal.removeEventListener('abort', interrupted);
          wake.abort();
        };
        const waiter: Waiter = {
          ...search,
          sinceMs,
          passes: 0,
          dueAtMs: sinceMs,
          signal,
          resolve: (jobs) => {
            leave();
            resolve(jobs);
          },
          reject: (error) => {
            leave();
            reject(error);
          },
        };
        if (signal.aborted) {
          reject(new InterruptedError());
          return;
        }
        signal.addEventListener('abort', interrupted);
        waiters.add(waiter);
        if (isRunning) wake.abort();
        else void run();
      });
    },
  };
}

// A list lags behind a cook, but not for long: what was sent so long ago needs one look. By the
// service's clock, for ours may have been set since.
const longAgoMs = 5 * 60_000;

function isLongAgo({ serverSentAtMs, isLast }: Search, client: Client): boolean {
  const nowMs = client.serverNow();
  if (!isLast || serverSentAtMs === null || nowMs === null) return false;
  return nowMs - serverSentAtMs > longAgoMs;
}

async function findMarks(
  client: Client,
  searches: readonly Search[],
  describe: Describer,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, readonly Job[]>> {
  const found = new Map(searches.map(({ mark }): [string, Job[]] => [mark, []]));
  const foundAll = ({ mark, maxJobs }: Search) => (found.get(mark)?.length ?? 0) >= maxJobs;
  for await (const job of newestJobs(client, oldestNeededMs(searches), signal, describe)) {
    const search = searches.find(({ mark }) => carriesMark(job, mark));
    if (search === undefined || search.knownUuids.includes(job.uuid)) continue;
    found.get(search.mark)?.push(job);
    if (searches.every(foundAll)) break;
  }
  return found;
}

// The service's clock may differ from one of its machines to another, and an old host tells days
// without a zone: two days are more than both.
const clockSlackMs = 48 * 3_600_000;

function oldestNeededMs(searches: readonly Search[]): number | null {
  const times = searches.map(({ serverSentAtMs }) => serverSentAtMs);
  const known = times.filter((time) => time !== null);
  return known.length < times.length ? null : Math.min(...known) - clockSlackMs;
}
