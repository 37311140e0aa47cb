import { InterruptedError, ServiceError } from '../errors.ts';
import { backoffMs, type Clock, type Random } from '../pace.ts';

export interface RetryOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Ends the patience: an interrupt, or the end of the time for waiting. */
  readonly signal: AbortSignal;
  /** Whether one more try may help; `failures` counts from 1. */
  readonly shouldRetry: (error: ServiceError, failures: number) => boolean;
  /** Told before each pause. */
  readonly onFailure?: (error: ServiceError, failures: number, pauseMs: number) => void;
}

// How long the service may take to show everywhere what it has just made.
const lagMs = 3_000;

function minPauseMs({ status, retryAfterMs = 0 }: ServiceError): number {
  return status === 404 ? Math.max(lagMs, retryAfterMs) : retryAfterMs;
}

/**
 * Repeats a request while that is shouldRetry, with growing pauses. Only for requests that may be
 * repeated: reads, cancels, and a cook that is certain not to have been taken.
 * @throws ServiceError when it is no longer shouldRetry, InterruptedError when the signal fires
 */
export async function withRetry<T>(request: () => Promise<T>, parts: RetryOptions): Promise<T> {
  const { clock, random, signal, shouldRetry, onFailure } = parts;
  for (let failures = 1; ; failures += 1) {
    if (signal.aborted) throw new InterruptedError();
    try {
      return await request();
    } catch (error) {
      if (signal.aborted) throw new InterruptedError(undefined, { cause: error });
      if (!(error instanceof ServiceError) || !shouldRetry(error, failures)) throw error;
      const pauseMs = backoffMs(failures, random, minPauseMs(error));
      onFailure?.(error, failures, pauseMs);
      await clock.sleep(pauseMs, signal);
    }
  }
}
