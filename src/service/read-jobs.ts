import { listJobs, pageLimit, readJob } from './endpoints.ts';
import type { Client } from './client.ts';
import type { Job } from './schemas.ts';
import { ServiceError } from '../errors.ts';
import { groupsOf } from '../groups.ts';

/** A way to look at several jobs. */
export interface JobReader {
  /** Each job as the service describes it, or why it does not. Never rejects. */
  readonly read: (
    jobUuids: readonly string[],
    signal: AbortSignal,
  ) => Promise<ReadonlyMap<string, Job | ServiceError>>;
  /** How many jobs one request reads; 1 where lists are of no use. */
  readonly jobsPerRequest: () => number;
}

// A list that fails twice in a row is left alone for a while, and for longer each time: single reads
// may work where it does not.
const maxListFailures = 2;
const looksWithoutList = 10;
const maxLooksWithoutList = 160;
// A list may lag behind a cook. One that lacks jobs this often in a row does not lag: the service
// takes one UUID for the filter, which is documented nowhere.
const maxIncompleteLists = 3;

/**
 * Reads jobs once, several with one list request for up to 50 of them. What a list lacks, and what a
 * list that fails would have had, is read singly.
 */
export function createJobReader(client: Client): JobReader {
  const lists = createListRule();

  const readSingly = async (jobUuid: string, signal: AbortSignal) =>
    readJob(client, jobUuid, signal).catch(asServiceError);

  const readGroup = async (jobUuids: readonly string[], signal: AbortSignal) => {
    const found = new Map<string, Job | ServiceError>();
    if (jobUuids.length > 1 && lists.mayList()) {
      try {
        const query = { 'filter[uuid]': jobUuids.join(',') };
        const { items } = await listJobs(client, query, signal);
        for (const job of items) if (jobUuids.includes(job.uuid)) found.set(job.uuid, job);
        lists.answered(found.size === jobUuids.length);
      } catch (error) {
        // In the first failure the jobs share its error; they are looked at again soon.
        if (!lists.failed(asServiceError(error))) return sameForAll(jobUuids, error);
      }
    }
    const missing = jobUuids.filter((jobUuid) => !found.has(jobUuid));
    await Promise.all(
      missing.map(async (jobUuid) => found.set(jobUuid, await readSingly(jobUuid, signal))),
    );
    return found;
  };

  return {
    read: async (jobUuids, signal) => {
      lists.beginLook();
      const groups = groupsOf(jobUuids, lists.groupSize());
      const answers = await Promise.all(groups.map(async (group) => readGroup(group, signal)));
      return new Map(answers.flatMap((answer) => [...answer]));
    },
    jobsPerRequest: () => (lists.mayList() ? lists.groupSize() : 1),
  };
}

/** When jobs are read by list, and how many with one. */
function createListRule() {
  let size = pageLimit;
  let failures = 0;
  let incomplete = 0;
  let looksToSkip = 0;
  let nextToSkip = looksWithoutList;
  return {
    beginLook: () => {
      looksToSkip = Math.max(0, looksToSkip - 1);
    },
    mayList: () => looksToSkip === 0 && incomplete < maxIncompleteLists,
    groupSize: () => size,
    answered: (isComplete: boolean) => {
      failures = 0;
      nextToSkip = looksWithoutList;
      incomplete = isComplete ? 0 : incomplete + 1;
    },
    /** Whether the jobs are to be read singly now. */
    failed: (error: ServiceError): boolean => {
      failures += 1;
      if (error.trouble === 'too-large') {
        size = Math.max(1, Math.floor(size / 2));
        return true;
      }
      // A lasting refusal of the list says nothing about the jobs.
      if (error.retryable && failures < maxListFailures) return false;
      looksToSkip = nextToSkip;
      nextToSkip = Math.min(maxLooksWithoutList, nextToSkip * 2);
      return true;
    },
  };
}

function sameForAll(jobUuids: readonly string[], error: unknown): Map<string, ServiceError> {
  return new Map(jobUuids.map((jobUuid) => [jobUuid, asServiceError(error)]));
}

function asServiceError(error: unknown): ServiceError {
  if (error instanceof ServiceError) return error;
  throw error;
}
