import type { Client } from '../service/client.ts';
import type { Job } from '../service/schemas.ts';
import { InterruptedError, ServiceError } from '../errors.ts';
import { createDescriber, newestJobs, type Describer } from '../service/pages.ts';
import { carriesMark } from './mark.ts';

// Finds jobs by the mark in their description. The service has no filter for it, so the list of the
// account's jobs is paged through; one paging serves all marks that are looked for.

/** What is looked for. */
export interface Search {
  readonly mark: string;
  /** Jobs with this mark that are known already. */
  readonly knownUuids: readonly string[];
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
   * Looks for a job that carries a mark, but for the known ones, until one is found or the window is
   * over.
   * @returns null where there is none
   * @throws ServiceError when the list could not be read up to its end in twice the window,
   * InterruptedError when the signal fires
   */
  readonly find: (search: Search, signal: AbortSignal) => Promise<Job | null>;
}

/** After a doubt a job is looked for at least this long before the cook is repeated, in ms. */
export const lookupWindowMs = 30_000;
/** And no longer than this, where the list cannot be read, in ms. */
const maxWindowMs = 60_000;
// From the first look to the next ones; later ones are as far apart as the last.
const pausesMs = [1_000, 2_000, 4_000, 8_000];

interface Waiter extends Search {
  readonly sinceMs: number;
  passes: number;
  dueAtMs: number;
  readonly signal: AbortSignal;
  readonly resolve: (job: Job | null) => void;
  readonly reject: (error: Error) => void;
}

/** Creates a finder. */
export function createFinder(client: Client): Finder {
  const { clock } = client;
  const waiters = new Set<Waiter>();
  const readDescription = createDescriber(client, true);
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
      await look(served, over.signal);
      for (const each of served) if (isOver(each, startedMs)) each.resolve(null);
    } catch (error) {
      for (const each of served) if (waiters.has(each)) fail(each, error);
    } finally {
      over.abort();
    }
  };
  // Each is told at once: a job that is found may have to be cancelled, and a list may be long.
  const look = async (served: readonly Waiter[], signal: AbortSignal) => {
    const left = new Set(served);
    for await (const job of newestJobs(client, oldestNeededMs(served), signal, describe)) {
      for (const each of left) {
        if (!carriesMark(job, each.mark) || each.knownUuids.includes(job.uuid)) continue;
        left.delete(each);
        each.resolve(job);
      }
      if (left.size === 0) return;
    }
  };
  const isOver = (waiter: Waiter, startedMs: number) =>
    waiters.has(waiter) &&
    (startedMs - waiter.sinceMs >= waiter.windowMs || isLongAgo(waiter, client));
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
    // Those that begin to look in the same moment share the first pass.
    await Promise.resolve();
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
      return new Promise<Job | null>((resolve, reject) => {
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
          resolve: (job) => {
            leave();
            resolve(job);
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

// The service's clock may differ from one of its machines to another, and an old host tells days
// without a zone: two days are more than both.
const clockSlackMs = 48 * 3_600_000;

function oldestNeededMs(searches: readonly Search[]): number | null {
  const times = searches.map(({ serverSentAtMs }) => serverSentAtMs);
  const known = times.filter((time) => time !== null);
  return known.length < times.length ? null : Math.min(...known) - clockSlackMs;
}
