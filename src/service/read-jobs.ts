import { listJobs, pageLimit, readJob } from './endpoints.ts';
import type { Client } from './client.ts';
import { splitIntoGroups } from './pages.ts';
import type { Job } from './schemas.ts';
import { ServiceError } from '../errors.ts';

// Single reads may work where lists do not, and lists are less to ask of a service.
const listRestMs = 5 * 60_000;

type Answer = readonly [uuid: string, answer: Job | ServiceError];

/**
 * Reads jobs once, several with one list request for up to 50 of them. What a list lacks is read
 * singly; one that fails is replaced by single reads for five minutes.
 */
export function createJobReader(client: Client) {
  const { clock } = client;
  let listsFromMs = -Infinity;
  const jobsPerRequest = () => (clock.monotonicMs() >= listsFromMs ? pageLimit : 1);

  const readSingly = async (uuid: string, signal: AbortSignal) =>
    [uuid, await readJob(client, uuid, signal).catch(asServiceError)] as const;

  const readList = async (
    uuids: readonly string[],
    signal: AbortSignal,
  ): Promise<readonly Answer[]> => {
    const query = { 'filter[uuid]': uuids.join(',') };
    const answer = await listJobs(client, query, signal).catch(asServiceError);
    if (!(answer instanceof ServiceError))
      return answer.items
        .filter(({ uuid }) => uuids.includes(uuid))
        .map((job) => [job.uuid, job] as const);
    if (answer.status === 429) return uuids.map((uuid) => [uuid, answer] as const);
    listsFromMs = clock.monotonicMs() + listRestMs;
    return [];
  };

  const readGroup = async (uuids: readonly string[], signal: AbortSignal) => {
    const listed = new Map(uuids.length > 1 ? await readList(uuids, signal) : []);
    const missing = uuids.filter((uuid) => !listed.has(uuid));
    const singles = await Promise.all(missing.map(async (uuid) => readSingly(uuid, signal)));
    return [...listed, ...singles];
  };

  return {
    /** How many jobs one request reads; 1 where lists are of no use. */
    jobsPerRequest,
    /** Each job as the service describes it, or why it does not. Never rejects. */
    read: async (
      uuids: readonly string[],
      signal: AbortSignal,
    ): Promise<ReadonlyMap<string, Job | ServiceError>> => {
      const groups = splitIntoGroups(uuids, jobsPerRequest());
      const answers = await Promise.all(groups.map(async (group) => readGroup(group, signal)));
      return new Map(answers.flat());
    },
  };
}

function asServiceError(error: unknown): ServiceError {
  if (error instanceof ServiceError) return error;
  throw error;
}
