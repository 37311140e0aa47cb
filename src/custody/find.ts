import type { Client } from '../service/client.ts';
import { createDescribedReader, readJobPages } from '../service/lists.ts';
import { retryRules } from '../service/retry.ts';
import type { Job } from '../service/schemas.ts';
import { InterruptedError, ServiceError } from '../errors.ts';
import type { EntryFacts } from './facts.ts';
import { carriesMark } from './mark.ts';

// The service has no filter for descriptions: the list of the account's jobs is paged through.

export interface Search extends Pick<EntryFacts, 'mark' | 'jobs' | 'serverSentAtMs'> {
  /** How long to look, in ms: a list may lag behind a cook. 0 for one look. */
  readonly windowMs: number;
  /** No look follows: while the list cannot be read, it is tried again until the signal fires. */
  readonly isLast?: boolean;
}

/** After a doubt a job is looked for at least this long before the cook is repeated, in ms. */
export const lookupWindowMs = 30_000;
const pausesMs = [1_000, 2_000, 4_000];
const maxPauseMs = 8_000;
// Entries look in the same second where they can, and looks that begin together share the pages.
const gridMs = 1_000;
const maxSharedMs = 100;

export type Find = ReturnType<typeof createFinder>;

/**
 * A way to look for a job that carries the mark of an entry and is not known yet, until one is found or
 * the window is over. It gives null where there is none, and rejects with ServiceError where the list
 * could not be read up to its end in twice the window, InterruptedError where the signal has fired.
 * @param signal fires when nothing more may be read
 */
export function createFinder(client: Client, signal: AbortSignal) {
  const { clock } = client;
  const read = createDescribedReader(client, signal, retryRules.once);
  let shared = { beganAtMs: -Infinity, pages: share(readJobPages(client, signal)) };

  const findOnce = async ({ mark, jobs, serverSentAtMs }: Search): Promise<Job | null> => {
    const nowMs = clock.monotonicMs();
    if (nowMs - shared.beganAtMs > maxSharedMs)
      shared = { beganAtMs: nowMs, pages: share(readJobPages(client, signal)) };
    const isKnown = (job: Job) => jobs.some(({ uuid }) => uuid === job.uuid);
    const oldestMs = serverSentAtMs === null ? null : serverSentAtMs - clockSlackMs;
    for await (const job of read(() => oldestMs, isKnown, shared.pages()))
      if (mark !== null && carriesMark(job, mark)) return job;
    return null;
  };

  return async (search: Search): Promise<Job | null> => {
    const beganAtMs = clock.monotonicMs();
    const lookedForMs = () => clock.monotonicMs() - beganAtMs;
    for (let looks = 0; ; looks += 1) {
      if (signal.aborted) throw new InterruptedError();
      const isEnough = lookedForMs() >= search.windowMs;
      try {
        const job = await findOnce(search);
        if (job !== null || isEnough) return job;
      } catch (error) {
        if (!(error instanceof ServiceError) || !error.retryable) throw error;
        if (!search.isLast && lookedForMs() >= search.windowMs * 2) throw error;
      }
      const pauseMs = pausesMs[looks] ?? maxPauseMs;
      await clock.sleep(pauseMs - (clock.monotonicMs() % gridMs), signal);
    }
  };
}

/** Lets several read the same pages, each of which is read when the first of them wants it. */
function share<T>(source: AsyncGenerator<T, void>): () => AsyncGenerator<T, void> {
  const results: Promise<IteratorResult<T, void>>[] = [];
  return async function* pages() {
    for (let index = 0; ; index += 1) {
      const result = await (results[index] ??= source.next());
      if (result.done === true) return;
      yield result.value;
    }
  };
}

// The clocks of the service's machines may differ, and an old host gives days without a zone.
const clockSlackMs = 48 * 3_600_000;
