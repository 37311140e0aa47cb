import { ServiceError } from '../errors.ts';
import { formatReadyCheck } from '../jobs/ready-check.ts';
import { titleOf, uuidOf } from '../jobs/metrics.ts';
import type { Outcome } from '../jobs/records.ts';
import { mayRestart } from '../jobs/restart.ts';
import { results } from '../jobs/results.ts';
import { isFinal } from '../jobs/status.ts';
import { consoleUrl, describeError, type ErrorMessage } from './errors.ts';
import { formatDuration, withStop } from './format.ts';
import { describeOverBudget } from './over-budget.ts';
import { describeFailure, remedyOf, remedyOfCancelled, remedyOfTimeout } from './remedies.ts';
import { describeTry } from './tries.ts';
import { sanitizeLine } from './sanitize.ts';

/** Whether the step may pass with this outcome: an interrupted one is no success. */
export function endedWell({ result, ending }: Outcome): boolean {
  return results[result].passes && !(ending === 'interrupt' && result === 'detached');
}

/** What became of a job that was not successful: what failed, why, what to do. */
export function describeOutcome(outcome: Outcome): ErrorMessage {
  const message = describeLastTry(outcome);
  const tries = outcome.earlierTries.map(describeTry);
  return tries.length === 0
    ? message
    : { ...message, cause: `${message.cause} Tried before: ${tries.join('; ')}.` };
}

function describeLastTry(outcome: Outcome): ErrorMessage {
  const { result, job, ref, error, ending } = outcome;
  if (error !== null) return describeErrorOf(outcome, error);
  const name = sanitizeLine(titleOf(ref, job), 100);
  const uuid = uuidOf(outcome);
  const who = uuid === null ? `The job for recipe ${ref.recipeUuid}` : `Job ${uuid}`;
  if (result === 'timed-out') return describeTimeout(name, who, outcome);
  if (result === 'over-budget') return describeTooDear(name, who, outcome);
  if (ending === 'interrupt' && (result === 'cancelled' || result === 'detached'))
    return describeInterrupt(name, who, outcome);
  if (ending === 'fail-fast' && result === 'cancelled') return describeFailFast(name, who, outcome);
  const reason = job?.status_reason
    ? `. The service says: ${withStop(sanitizeLine(job.status_reason, 1_000))}`
    : '. The service gave no reason.';
  if (result === 'cancelled') {
    return {
      title: `Cancelled: ${name}`,
      cause: `${who} was cancelled${reason}`,
      remedy: remedyOfCancelled(outcome),
    };
  }
  return {
    title: `Failed: ${name}`,
    cause: `${who} ${describeFailure(outcome)}${reason}`,
    remedy: remedyOf(outcome),
    evidence: outcome.logTail,
  };
}

function describeErrorOf(outcome: Outcome, error: Error): ErrorMessage {
  const { ref } = outcome;
  const uuid = uuidOf(outcome);
  if (uuid !== null) {
    const message = describeError(error, attemptOf(error, uuid, outcome));
    return isGone(outcome, error) ? { ...message, remedy: remedyOfGone } : message;
  }
  const message = describeError(error, `cook recipe ${ref.recipeUuid}`);
  const isInvalid = error instanceof ServiceError && [400, 422].includes(error.status ?? 0);
  if (!isInvalid || !ref.namesRegions) return message;
  const hint =
    'The request has allowed-region-codes, which the older host, https://api.compute.x.io, does not support.';
  return { ...message, remedy: `${message.remedy} ${hint}` };
}

// It was there: neither its UUID nor the key can be wrong.
function isGone({ job }: Outcome, error: Error): boolean {
  return job !== null && error instanceof ServiceError && error.status === 404;
}

const remedyOfGone = `The service knew this job before: it may have been deleted. Look for jobs that are still running: ${consoleUrl}`;

function attemptOf(error: Error, uuid: string, { ref }: Outcome): string {
  const request = error instanceof ServiceError ? error.request : '';
  // The job was found after the step had given up.
  if (request.endsWith('/cook')) return `cook recipe ${ref.recipeUuid}`;
  return `${request.endsWith('/cancel') ? 'cancel' : 'watch'} job ${uuid}`;
}

function describeInterrupt(name: string, who: string, outcome: Outcome): ErrorMessage {
  if (outcome.result === 'detached') {
    return {
      title: `Left running: ${name}`,
      cause: `${who} was left running, because on-workflow-cancel is detach.`,
      remedy: `It is billed while it runs: ${consoleUrl}`,
    };
  }
  return {
    title: `${cancelTitle(outcome)} with the workflow: ${name}`,
    cause: `The workflow was cancelled or reached a time limit. ${who} ${whatBecame(outcome)}`,
    remedy: 'If nobody cancelled the workflow, check its timeout-minutes.',
  };
}

function describeTooDear(name: string, who: string, outcome: Outcome): ErrorMessage {
  const { overBudget, logTail: evidence } = outcome;
  const title = `Over budget: ${name}`;
  const fate = `${who} ${whatBecame(outcome)}`;
  if (overBudget === null) return { title, cause: fate, remedy: '', evidence };
  const { cause, remedy } = describeOverBudget(overBudget);
  // The service ended it.
  if (overBudget.kind === 'share') return { title, cause: `${who}: ${cause}`, remedy, evidence };
  return { title, cause: `${cause} ${fate}`, remedy, evidence };
}

function describeFailFast(name: string, who: string, outcome: Outcome): ErrorMessage {
  return {
    title: `${cancelTitle(outcome)} by fail-fast: ${name}`,
    cause: `Another job of this step was not successful. ${who} ${whatBecame(outcome)}`,
    remedy: 'Check the job that failed first. Without fail-fast, the other jobs keep running.',
  };
}

function describeTimeout(name: string, who: string, outcome: Outcome): ErrorMessage {
  const status = outcome.job === null ? '' : `It was ${lastOpenStatus(outcome)} then. `;
  return {
    title: `Timed out: ${name}`,
    cause: `The timeout was reached. ${status}${describeReadiness(outcome)}${who} ${whatBecame(outcome)}`,
    remedy: remedyOfTimeout(outcome),
    evidence: outcome.logTail,
  };
}

function describeReadiness({ readyCheck, readiness }: Outcome): string {
  if (readyCheck === null || readiness === null) return '';
  const answer = sanitizeLine(readiness.answer, 300);
  return `The ready-check ${formatReadyCheck(readyCheck)} answered last: ${answer} for ${formatDuration(readiness.forMs)}. `;
}

function cancelTitle({ job, cancel }: Outcome): string {
  if (job === null || (isFinal(job.status) && job.status !== 'CANCELLED')) return 'Stopped';
  return cancel === 'accepted' ? 'Cancelled' : 'Not cancelled';
}

// No more than is known: a job is said to be cancelled where the service says so, and what may run
// on is said to.
function whatBecame({ job, cancel, isKept, unansweredMark }: Outcome): string {
  if (job === null) {
    return unansweredMark === null
      ? 'was not cooked.'
      : `may have been created, because the service did not respond to the cook. The post step looks for it again. To look for it yourself, search for ${unansweredMark} in the job descriptions: ${consoleUrl}`;
  }
  if (job.status === 'CANCELLED') return 'was cancelled.';
  if (isFinal(job.status) && cancel !== null && !(cancel === 'accepted' && mayRestart(job))) {
    return 'had ended when it was to be cancelled.';
  }
  switch (cancel) {
    case 'accepted':
      return mayRestart(job)
        ? 'had failed. It is being cancelled, in case the service starts it once more.'
        : `is being cancelled, and is still ${sanitizeLine(job.status, 60)}.`;
    case 'failed':
      return `could not be cancelled. It may still be running, and billed. The post step tries again: ${consoleUrl}`;
    case null:
      return isKept
        ? `was left running, as the inputs ask. It is billed while it runs: ${consoleUrl}`
        : `may still be running, and billed. The post step cancels it: ${consoleUrl}`;
  }
}

// Our own cancel may have ended it since.
function lastOpenStatus({ timeline }: Outcome): string {
  const last = timeline.findLast(({ status }) => !isFinal(status));
  return sanitizeLine(last?.status ?? 'not finished', 60);
}
