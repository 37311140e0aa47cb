import type { Clock, Random } from '../clock.ts';
import { InterruptedError, ServiceError } from '../errors.ts';

// A cook has rules of its own in `cooking/submit.ts`.

/** How a kind of request is repeated. */
export interface RetryRule {
  /** Most times it is sent in all. */
  readonly maxTries: number;
  /** How many answers of 404 it takes to believe them: one right after a cook may be lag. */
  readonly maxNotFound: number;
}

export const retryRules = {
  // Nothing runs yet: a clear error after half a minute is better than a step that hangs.
  plan: { maxTries: 6, maxNotFound: 1 },
  bill: { maxTries: 2, maxNotFound: 1 },
  // What is not canceled is billed: main tries for about a minute, and post as long as it can.
  cancel: { maxTries: 8, maxNotFound: 2 },
  lastCancel: { maxTries: Infinity, maxNotFound: 2 },
  // A job that this step has cooked is there, and may show half a minute late.
  lastOwnCancel: { maxTries: Infinity, maxNotFound: 7 },
  // A page of a look-up; the whole look-up is repeated as well.
  lookUp: { maxTries: 3, maxNotFound: 2 },
  once: { maxTries: 1, maxNotFound: 1 },
  // Logs and runs: trouble with them never changes the verdict.
  run: { maxTries: 4, maxNotFound: 2 },
} as const satisfies Record<string, RetryRule>;

const firstBackoffMs = 500;
// Long enough to leave a struggling service alone, short enough to notice that it is back.
const maxBackoffMs = 30_000;
/** No pause is longer, whatever `Retry-After` says. */
export const maxPauseMs = 60_000;
/** How long the service may take to show everywhere what it has just made. */
export const lagMs = 3_000;

/**
 * How long to wait before the next try, in ms: exponential with full jitter, and not shorter than
 * what the service asked for, up to {@link maxPauseMs}.
 * @param failures how many tries have failed in a row, from 1
 */
export function backoffMs(failures: number, random: Random, retryAfterMs = 0): number {
  const ceiling = Math.min(maxBackoffMs, firstBackoffMs * 2 ** Math.min(failures - 1, 16));
  // Not from 0: a retry at once would meet the same trouble.
  const jittered = ceiling / 2 + (random() * ceiling) / 2;
  return Math.min(maxPauseMs, Math.max(jittered, retryAfterMs));
}

/** `Retry-After` in ms from now: seconds or an HTTP date; undefined where there is none to read. */
export function parseRetryAfter(header: string | undefined, nowMs: number): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d+$/.test(header.trim())) return Number(header) * 1000;
  const at = Date.parse(header);
  return Number.isNaN(at) ? undefined : Math.max(0, at - nowMs);
}

export interface RetryOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly signal: AbortSignal;
}

/**
 * Sends a request again while its rule says so, with growing pauses, until the signal fires.
 * @throws ServiceError when no retry is left, InterruptedError when the signal fires
 */
export async function withRetry<T>(
  request: () => Promise<T>,
  rule: RetryRule,
  { clock, random, signal }: RetryOptions,
): Promise<T> {
  let notFound = 0;
  for (let failures = 1; ; failures += 1) {
    if (signal.aborted) throw new InterruptedError();
    try {
      return await request();
    } catch (error) {
      if (signal.aborted) throw new InterruptedError(undefined, { cause: error });
      if (!(error instanceof ServiceError) || failures >= rule.maxTries) throw error;
      if (error.status === 404) notFound += 1;
      if (!error.retryable && !(error.status === 404 && notFound < rule.maxNotFound)) throw error;
      const minMs = error.status === 404 ? lagMs : 0;
      const pauseMs = backoffMs(failures, random, Math.max(minMs, error.retryAfterMs ?? 0));
      await clock.sleep(pauseMs, signal);
    }
  }
}
