import { cancelJob, readJob } from '../dispersed/api.ts';
import type { Client } from '../dispersed/client.ts';
import { patiently } from '../dispersed/patience.ts';
import type { Job } from '../dispersed/schemas.ts';
import type { Clock, Random } from '../pace.ts';
import { isFinal } from '../verdict.ts';

export interface StopParts {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
  /** Fires when there is no more time for it. */
  readonly signal: AbortSignal;
}

const tries = 6;
const confirmEveryMs = 1_000;
// A container gets some seconds to shut down; after that the job is reported as it stands.
const confirmLongestMs = 15_000;

/**
 * Cancels a job and looks until it has ended, for a quarter of a minute at most.
 * @returns the job as last seen, perhaps still alive
 * @throws ServiceError when the cancel was not accepted
 */
export async function stop(jobUuid: string, reason: string, parts: StopParts): Promise<Job> {
  const { client, clock, random, signal } = parts;
  let job = await patiently(async () => cancelJob(client, jobUuid, reason, signal), {
    clock,
    random,
    signal,
    worthwhile: (error, failures) => error.passing && failures < tries,
  });
  const giveUpAtMs = clock.now() + confirmLongestMs;
  while (!isFinal(job.status) && clock.now() < giveUpAtMs && !signal.aborted) {
    await clock.sleep(confirmEveryMs, signal);
    // The cancel was accepted; trouble with looking is no trouble with stopping.
    job = await readJob(client, jobUuid, signal).catch(() => job);
  }
  return job;
}
