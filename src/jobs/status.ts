import type { Result } from './results.ts';

// The service's job statuses, and what each means to this action. The set is open: the guide names
// more than the reference, so a status that is not here is shown as it is and watched on.

const finalResults: ReadonlyMap<string, Result> = new Map([
  ['COMPLETED', 'succeeded'],
  ['FAILED', 'failed'],
  ['CANCELLED', 'cancelled'],
]);
const starting = new Set(['ASSIGNED', 'PREPARING']);
const ending = new Set(['CANCELLING', 'FAILING']);
const known = new Set(['PENDING', ...starting, 'RUNNING', ...ending, ...finalResults.keys()]);

/** The result of a job with this status; null while it may change. */
export function finalResultOf(status: string): Result | null {
  return finalResults.get(status) ?? null;
}

/** Whether the status is documented, or was seen. */
export function isKnown(status: string): boolean {
  return known.has(status);
}

/** Whether a job with this status will never change again. */
export function isFinal(status: string): boolean {
  return finalResults.has(status);
}

/** Whether a canceled job with this status ends, or has ended. */
export function isLeaving(status: string): boolean {
  return status === 'CANCELLING' || status === 'FAILED';
}

/** A status as a word in a sentence, such as `running`; in American spelling. */
export function formatStatus(status: string): string {
  return status === 'PENDING' ? 'queued' : status.toLowerCase().replace('cancell', 'cancel');
}

export function isStarting(status: string): boolean {
  return starting.has(status);
}

export function isEnding(status: string): boolean {
  return ending.has(status);
}
