import { cancelJob, readJob } from '../api/endpoints.ts';
import type { Client } from '../api/client.ts';
import { withRetry } from '../api/retry.ts';
import type { Job } from '../api/schemas.ts';
import { ServiceError } from '../errors.ts';
import type { Clock, Random } from '../pace.ts';
import { isFinal } from './status.ts';

export interface StopParts {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
  /** Fires when there is no more time for it. */
  readonly signal: AbortSignal;
}

const maxTries = 8;

function shouldRetry(error: ServiceError, failures: number): boolean {
  return failures < maxTries && (error.retryable || (error.status === 404 && failures === 1));
}

const confirmEveryMs = 1_000;
// A container gets some seconds to shut down; after that the job is reported as it stands.
const confirmLongestMs = 15_000;

/**
 * Cancels a job and looks until it has ended, for a quarter of a minute at most. That a job has
 * already ended is no error.
 * @returns the job as last seen, perhaps still alive
 * @throws ServiceError when the cancel was not accepted, InterruptedError
 */
export async function stop(jobUuid: string, reason: string, parts: StopParts): Promise<Job> {
  const { clock, signal } = parts;
  let job = await requestCancel(jobUuid, reason, parts);
  const giveUpAtMs = clock.now() + confirmLongestMs;
  while (!isFinal(job.status) && clock.now() < giveUpAtMs && !signal.aborted) {
    await clock.sleep(confirmEveryMs, signal);
    // The cancel was accepted; trouble with looking is no trouble with stopping.
    job = await readJob(parts.client, jobUuid, signal).catch(() => job);
  }
  return job;
}

async function requestCancel(jobUuid: string, reason: string, parts: StopParts): Promise<Job> {
  const { client, signal } = parts;
  try {
    const request = async () => cancelJob(client, jobUuid, reason, signal);
    return await withRetry(request, { ...parts, shouldRetry });
  } catch (error) {
    // How the service answers the cancel of an ended job is documented nowhere.
    const job = await readJob(client, jobUuid, signal).catch(() => undefined);
    if (error instanceof ServiceError && job !== undefined && isFinal(job.status)) return job;
    throw error;
  }
}
