import { listJobs, pageLimit, readJob } from '../api/endpoints.ts';
import type { Client } from '../api/client.ts';
import { withRetry } from '../api/retry.ts';
import type { Job } from '../api/schemas.ts';
import { ServiceError } from '../errors.ts';
import type { Clock, Random } from '../pace.ts';

export interface ReaderParts {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
  /** Fires when watching ends. */
  readonly end: AbortSignal;
  /** Told how long each look took, in ms, and whether the service asked for patience. */
  readonly onLook: (tookMs: number, wasThrottled: boolean) => void;
  /** Told once when the service stops answering, and once when it answers again. */
  readonly onAway: (error: ServiceError) => void;
  readonly onBack: () => void;
}

/** Reads a job; rejects with ServiceError on a lasting refusal, InterruptedError at the end. */
export type Reader = (jobUuid: string) => Promise<Job>;

/**
 * A way to read jobs that outlasts blips of the service. Reads that are asked for at the same time
 * go out together, as one list request for up to 50 jobs.
 */
export function createReader(parts: ReaderParts): Reader {
  const persist = createPersistence(parts);
  const readSingly: Reader = async (uuid) =>
    persist(async () => readJob(parts.client, uuid, parts.end), isWorthRepeating);
  const readListed = createListing(parts, persist);
  return gather(async (uuids) => {
    const listed = uuids.length > 1 ? await readListed(uuids) : new Map<string, Job>();
    return (uuid) => listed.get(uuid) ?? readSingly(uuid);
  });
}

type Persist = <T>(
  request: () => Promise<T>,
  shouldRetry: (error: ServiceError, failures: number) => boolean,
) => Promise<T>;

function createPersistence(parts: ReaderParts): Persist {
  const { clock, random, end: signal, onLook, onAway, onBack } = parts;
  let away = false;
  const onFailure = (error: ServiceError) => {
    if (error.status === 429) onLook(0, true);
    if (!away && error.retryable) {
      away = true;
      onAway(error);
    }
  };
  return async (request, shouldRetry) => {
    const timed = async () => {
      const startedAtMs = clock.now();
      const answer = await request();
      onLook(clock.now() - startedAtMs, false);
      return answer;
    };
    const answer = await withRetry(timed, { clock, random, signal, shouldRetry, onFailure });
    if (away) onBack();
    away = false;
    return answer;
  };
}

// One 404 right after a cook may be lag of the service; a second one is an answer.
function isWorthRepeating(error: ServiceError, failures: number): boolean {
  return error.retryable || (error.status === 404 && failures === 1);
}

// A listing may lag behind a cook. One that lacks living jobs this often in a row does not lag:
// the service takes one UUID for the filter, whatever it says.
const maxIncompleteLists = 3;

/** Reads jobs by list; those the answer lacks are left to the caller. */
function createListing({ client, end }: ReaderParts, persist: Persist) {
  let lackingLists = 0;
  return async (uuids: readonly string[]): Promise<ReadonlyMap<string, Job>> => {
    if (lackingLists >= maxIncompleteLists) return new Map();
    const query = { 'filter[uuid]': uuids.join(',') };
    try {
      const page = await persist(
        async () => listJobs(client, query, end),
        (error) => error.retryable,
      );
      const found = new Map(page.items.map((job) => [job.uuid, job]));
      lackingLists = uuids.every((uuid) => found.has(uuid)) ? 0 : lackingLists + 1;
      return found;
    } catch (error) {
      // Whether the filter takes several values is documented nowhere. What else is wrong, the
      // single reads will tell.
      if (error instanceof ServiceError) lackingLists = maxIncompleteLists;
      return new Map();
    }
  };
}

/** Answers single questions that come at the same time from one joint look-up a page of them. */
function gather<T>(
  lookUp: (keys: readonly string[]) => Promise<(key: string) => T | Promise<T>>,
): (key: string) => Promise<T> {
  let waiting: { readonly key: string; readonly settle: (answer: Promise<T>) => void }[] = [];
  const flush = () => {
    const asked = waiting;
    waiting = [];
    for (let from = 0; from < asked.length; from += pageLimit) {
      const group = asked.slice(from, from + pageLimit);
      const answers = lookUp(group.map(({ key }) => key));
      for (const { key, settle } of group) settle(answers.then((answer) => answer(key)));
    }
  };
  return async (key) =>
    new Promise<T>((resolve) => {
      if (waiting.length === 0) setImmediate(flush);
      waiting.push({ key, settle: resolve });
    });
}
