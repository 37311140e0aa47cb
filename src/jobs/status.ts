import type { Result } from './results.ts';

// The service's job statuses, and what each means to this action. The set is open: the guide names
// more than the reference, so a status that is not here is shown as it is and watched on.

/** What is known of one status. */
interface StatusMeaning {
  /** The job is on a machine that is made ready. */
  readonly isStarting?: true;
  /** The job is being ended, though it has not ended yet. */
  readonly isEnding?: true;
  /** The job will never change again, and this is what became of it. */
  readonly result?: Result;
}

const meanings: ReadonlyMap<string, StatusMeaning> = new Map([
  ['PENDING', {}],
  ['ASSIGNED', { isStarting: true }],
  ['PREPARING', { isStarting: true }],
  ['RUNNING', {}],
  ['CANCELLING', { isEnding: true }],
  ['FAILING', { isEnding: true }],
  ['COMPLETED', { result: 'succeeded' }],
  ['FAILED', { result: 'failed' }],
  ['CANCELLED', { result: 'cancelled' }],
]);

/** What became of a job with this status; null while it may change. */
export function finalResultOf(status: string): Result | null {
  return meanings.get(status)?.result ?? null;
}

/** Whether it is a status that is documented, or was seen. */
export function isKnown(status: string): boolean {
  return meanings.has(status);
}

/** Whether a job with this status will never change again. */
export function isFinal(status: string): boolean {
  return finalResultOf(status) !== null;
}

/** A status as a word in a sentence, such as `running`; one that is not known, as it is. */
export function formatStatus(status: string): string {
  return isKnown(status) ? status.toLowerCase().replace('cancell', 'cancel') : status;
}

export function isStarting(status: string): boolean {
  return meanings.get(status)?.isStarting ?? false;
}

export function isEnding(status: string): boolean {
  return meanings.get(status)?.isEnding ?? false;
}
