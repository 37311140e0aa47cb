import type { StopReason } from './records.ts';
import type { Result } from './results.ts';
import { isFinal } from './status.ts';

/** What was asked to be done with jobs that have not ended when the step does. */
export interface Policy {
  readonly onTimeout: 'cancel' | 'fail' | 'detach';
  readonly onWorkflowCancel: 'cancel' | 'detach';
}

// The service's set of statuses is open; these alone are known to be final.
const finalResults: Readonly<Record<string, Result>> = {
  COMPLETED: 'succeeded',
  FAILED: 'failed',
  CANCELLED: 'cancelled',
};

/** Whether a job that is no longer watched is to be cancelled. */
export function mustStop(ending: StopReason, { onTimeout, onWorkflowCancel }: Policy): boolean {
  switch (ending) {
    case 'final':
    case 'running':
      return false;
    case 'interrupt':
      return onWorkflowCancel === 'cancel';
    case 'fail-fast':
      return true;
    // Nobody watches a lost job any more: it is treated like one whose time is over.
    case 'lost':
    case 'timeout':
      return onTimeout === 'cancel';
  }
}

/** The result of a job that was watched to this ending, and has this status now. */
export function resultOf(ending: StopReason, status: string, policy: Policy): Result {
  const final = isFinal(status) ? finalResults[status] : undefined;
  switch (ending) {
    case 'final':
      return final ?? 'error';
    case 'running':
      return 'running';
    case 'lost':
      return 'error';
    case 'fail-fast':
      return final ?? 'cancelled';
    case 'interrupt':
      return final ?? (policy.onWorkflowCancel === 'detach' ? 'detached' : 'cancelled');
    case 'timeout':
      // A job that our own cancel ended was still running when time was up.
      if (final !== undefined && !(final === 'cancelled' && mustStop(ending, policy))) return final;
      return policy.onTimeout === 'detach' ? 'detached' : 'timed-out';
  }
}
