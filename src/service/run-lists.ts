import type { Client } from './client.ts';
import { listRunsOfJobs } from './endpoints.ts';
import { retryRules, withRetry } from './retry.ts';
import type { Job, JobRun } from './schemas.ts';
import { groupsOf } from '../groups.ts';
import { readPages } from './pages.ts';

// The runs of many jobs with few requests. Trouble with them costs a figure, never the look.

// Nobody reads the costs of so many one by one, should the service not take several UUIDs at once.
const maxSingleReads = 20;
// As many as one list gives.
const groupSize = 50;
const maxPagesPerGroup = 3;

/**
 * Reads the runs of jobs, oldest first, up to 50 jobs with one request. Never rejects: what could not
 * be read is left out.
 */
export async function readRunsOfJobs(
  client: Client,
  jobs: readonly Job[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, readonly JobRun[]>> {
  const found = new Map<string, readonly JobRun[]>();
  const left: Job[] = [];
  for (const group of groupsOf(jobs, groupSize)) {
    const runs = left.length > 0 ? null : await readGroup(client, group, signal);
    if (runs === null) left.push(...group);
    else for (const { uuid } of group) found.set(uuid, runsOf(runs, uuid));
  }
  for (const job of left.slice(0, maxSingleReads)) {
    const runs = await readGroup(client, [job], signal);
    if (runs !== null) found.set(job.uuid, runsOf(runs, job.uuid));
  }
  return found;
}

function runsOf(runs: readonly JobRun[], jobUuid: string): readonly JobRun[] {
  return runs.filter((run) => run.job_uuid?.toLowerCase() === jobUuid).toReversed();
}

/** The runs of a group, newest first; null where the service does not list them together. */
async function readGroup(
  client: Client,
  jobs: readonly Job[],
  signal: AbortSignal,
): Promise<readonly JobRun[] | null> {
  const uuids = jobs.map(({ uuid }) => uuid);
  try {
    const { items: runs } = await readPages(async (page) => {
      const request = async () => listRunsOfJobs(client, uuids, page, signal);
      return withRetry(request, retryRules.run, { ...client, signal });
    }, maxPagesPerGroup);
    // Whether the filter takes several UUIDs is documented nowhere.
    const isIgnored = runs.length === 0 && jobs.some((job) => job.started_at !== null);
    return isIgnored ? null : runs;
  } catch {
    return null;
  }
}
