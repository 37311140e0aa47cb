import type { Client } from './client.ts';
import { listRunsOfJobs } from './endpoints.ts';
import { readAllPages, readTogether } from './pages.ts';
import { retryRules } from './retry.ts';
import type { JobRun } from './schemas.ts';

// Nobody reads the runs of so many one by one, should the service not take several UUIDs at once.
const limits = { groupSize: 50, maxSingleReads: 20 };
const maxPagesPerGroup = 3;

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
  const found = new Map<string, readonly JobRun[]>();
  const read = async (group: readonly string[]) => {
    const list = {
      client,
      signal,
      rule: retryRules.run,
      read: async (page: number) => listRunsOfJobs(client, group, page, signal),
      getId: ({ uuid }: JobRun) => uuid,
    };
    const { items } = await readAllPages(list, maxPagesPerGroup);
    for (const uuid of group) {
      const runs = items.filter((run) => run.job_uuid?.toLowerCase() === uuid);
      if (runs.length > 0) found.set(uuid, runs.toReversed());
    }
    return found.size > 0;
  };
  await readTogether(jobUuids, jobUuids.at(-1), read, limits);
  return found;
}
