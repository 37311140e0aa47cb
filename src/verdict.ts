import type { Ending, Result } from './records.ts';

/** What to do with jobs that have not ended when the time for waiting has. */
export type OnTimeout = 'cancel' | 'fail' | 'detach';

// The service's set of statuses is open; these alone are known to be final.
const finalResults: Readonly<Record<string, Result>> = {
  COMPLETED: 'succeeded',
  FAILED: 'failed',
  CANCELLED: 'cancelled',
};

/** Whether a job with this status will never change again. */
export function isFinal(status: string): boolean {
  return Object.hasOwn(finalResults, status);
}

/** The result of a job that was watched to this ending and had this status then. */
export function resultOf(ending: Ending, status: string, onTimeout: OnTimeout): Result {
  const final = isFinal(status) ? finalResults[status] : undefined;
  switch (ending) {
    case 'final':
      return final ?? 'error';
    case 'running':
      return 'running';
    case 'interrupt':
      return final ?? 'cancelled';
    case 'timeout':
      // A job that our own cancel ended was still running when time was up.
      if (final !== undefined && !(final === 'cancelled' && onTimeout === 'cancel')) return final;
      return onTimeout === 'detach' ? 'detached' : 'timed-out';
  }
}

const worstFirst: readonly Result[] = [
  'error',
  'failed',
  'timed-out',
  'cancelled',
  'detached',
  'running',
  'submitted',
  'succeeded',
  'dry-run',
];

/** Orders results, the worst first. */
export function compareResults(a: Result, b: Result): number {
  return worstFirst.indexOf(a) - worstFirst.indexOf(b);
}

/** Whether the step passes with this result. */
export function passes(result: Result): boolean {
  switch (result) {
    case 'succeeded':
    case 'running':
    case 'submitted':
    case 'dry-run':
    case 'detached':
      return true;
    case 'failed':
    case 'cancelled':
    case 'timed-out':
    case 'error':
      return false;
  }
}
