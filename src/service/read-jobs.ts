import { listJobs, pageLimit, readJob } from './endpoints.ts';
import type { Client } from './client.ts';
import { splitIntoGroups } from './pages.ts';
import type { Job } from './schemas.ts';
import { ServiceError } from '../errors.ts';

export type Answer = Job | ServiceError;
type Answers = ReadonlyMap<string, Answer>;

// Single reads may work where lists do not, and lists are less to ask of a service.
const listRestMs = 5 * 60_000;

/**
 * Reads jobs once, several with one list request for up to 50 of them. What a list lacks is read
 * singly; one that fails is replaced by single reads for five minutes.
 * @returns a reader that gives each job as the service describes it, or why it does not
 */
export function createJobReader(client: Client) {
  const { clock } = client;
  let listsFromMs = -Infinity;

  const readSingly = async (uuid: string, signal: AbortSignal): Promise<[string, Answer]> => [
    uuid,
    await readJob(client, uuid, signal).catch(asServiceError),
  ];

  const readList = async (uuids: readonly string[], signal: AbortSignal): Promise<Answers> => {
    const query = { 'filter[uuid]': uuids.join(',') };
    const answer = await listJobs(client, query, signal).catch(asServiceError);
    if (!(answer instanceof ServiceError))
      return new Map(
        answer.items.filter(({ uuid }) => uuids.includes(uuid)).map((job) => [job.uuid, job]),
      );
    if (answer.status === 429) return new Map(uuids.map((uuid) => [uuid, answer]));
    listsFromMs = clock.monotonicMs() + listRestMs;
    return new Map();
  };

  const readGroup = async (uuids: readonly string[], signal: AbortSignal) => {
    const mayList = uuids.length > 1 && clock.monotonicMs() >= listsFromMs;
    const listed: Answers = mayList ? await readList(uuids, signal) : new Map();
    const missing = uuids.filter((uuid) => !listed.has(uuid));
    return [...listed, ...(await Promise.all(missing.map((uuid) => readSingly(uuid, signal))))];
  };

  return async (uuids: readonly string[], signal: AbortSignal): Promise<Answers> => {
    const groups = splitIntoGroups(uuids, pageLimit);
    const answers = await Promise.all(groups.map(async (group) => readGroup(group, signal)));
    return new Map(answers.flat());
  };
}

function asServiceError(error: unknown): ServiceError {
  if (error instanceof ServiceError) return error;
  throw error;
}
