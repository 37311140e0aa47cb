import { cookRecipe, type CookBody } from '../api/endpoints.ts';
import type { Client } from '../api/client.ts';
import type { Job } from '../api/schemas.ts';
import { InterruptedError, ServiceError } from '../errors.ts';
import { backoffMs, type Clock, type Random } from '../pace.ts';
import type { CookRequest, SubmittedJob } from './records.ts';
import { carries, newestJobs } from './find.ts';

export interface SubmitParts {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
  /** Fires when nothing more may be cooked. */
  readonly signal: AbortSignal;
  /** Fires when a cook under way is no longer waited for. */
  readonly hurry: AbortSignal;
  /** Fires when there is no more time even to look for a job. */
  readonly lastCall: AbortSignal;
  /** Told before each request leaves. */
  readonly onSend: () => void;
  /** Told when it is in doubt whether a job came to be. */
  readonly onDoubt: (error: ServiceError) => void;
}

// A service that cannot be reached is given a quarter of a minute; the workflow's author is
// better served by a clear error than by a step that hangs before it has started anything.
const maxUnreachable = 5;
// A service that answers 429 is there, and says when to come back.
const maxRateLimited = 20;
// After a doubt the job has been looked for for half a minute; a third doubt is no accident.
const maxDoubts = 3;

/**
 * Cooks an order. The request is sent again only when it is certain that the service did not take
 * it. After any doubt, and even after a 429, the job is first looked for by its key.
 * @throws ServiceError where no job is known to have come to be, InterruptedError
 */
export async function submit(
  order: CookRequest,
  body: CookBody,
  parts: SubmitParts,
): Promise<SubmittedJob> {
  const { clock, random, signal } = parts;
  const submittedAtMs = clock.now();
  for (let failures = 1; ; failures += 1) {
    if (signal.aborted) throw new InterruptedError();
    parts.onSend();
    try {
      // Not given the signal: a cook that has left is waited for, since it may start a billed job.
      const job = await cookRecipe(parts.client, order.recipeUuid, body, parts.hurry);
      return { subject: order, origin: 'cooked', job, submittedAtMs };
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      const isWorthwhile = failures < maxTries(error);
      if (error.mayHaveSucceeded) parts.onDoubt(error);
      else if (isWorthwhile)
        await clock.sleep(backoffMs(failures, random, error.retryAfterMs), signal);
      else throw error;
      const job = await lookAfter(error, order, submittedAtMs, parts);
      if (job !== undefined) return { subject: order, origin: 'found', job, submittedAtMs };
      if (!isWorthwhile) throw error;
    }
  }
}

function maxTries(error: ServiceError): number {
  if (error.trouble === 'unreachable') return maxUnreachable;
  if (error.status === 429) return maxRateLimited;
  return error.mayHaveSucceeded ? maxDoubts : 0;
}

// Listings lag behind a cook: so the job is looked for several times, over half a minute.
const looksAfterDoubtMs = [0, 1_000, 2_000, 4_000, 8_000, 15_000];
const noLook: readonly number[] = [];
const oneLook = [0];

async function lookAfter(
  error: ServiceError,
  order: CookRequest,
  sinceMs: number,
  parts: SubmitParts,
): Promise<Job | undefined> {
  try {
    if (error.mayHaveSucceeded) return await look(order, sinceMs, looksAfterDoubtMs, parts);
    return await look(order, sinceMs, error.trouble === 'unreachable' ? noLook : oneLook, parts);
  } catch (trouble) {
    // Without a look nothing may be sent again; what is to be told is the first trouble.
    throw trouble instanceof ServiceError ? error : trouble;
  }
}

async function look(
  order: CookRequest,
  sinceMs: number,
  pausesMs: readonly number[],
  parts: SubmitParts,
): Promise<Job | undefined> {
  for (const pauseMs of pausesMs) {
    await parts.clock.sleep(pauseMs, parts.lastCall);
    for await (const job of newestJobs({ ...parts, signal: parts.lastCall }, sinceMs)) {
      if (carries(job, order.cookKey, order.recipeUuid)) return job;
    }
  }
  return undefined;
}
