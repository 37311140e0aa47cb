import { ServiceError } from '../errors.ts';
import { titleOf, uuidOf } from '../jobs/metrics.ts';
import type { Outcome } from '../jobs/records.ts';
import { mayRestart } from '../jobs/restart.ts';
import { passes } from '../jobs/results.ts';
import { formatStatus, isFinal } from '../jobs/status.ts';
import { checkConsole, consoleUrl, describeError, type ErrorMessage } from './errors.ts';
import { formatDuration, withStop } from './format.ts';
import { describeOverBudget } from './over-budget.ts';
import {
  describeFailure,
  describeTry,
  formatModel,
  getCancelRemedy,
  getRemedy,
  getTimeoutRemedy,
} from './remedies.ts';
import { sanitizeLine } from './sanitize.ts';

/** Whether the step may pass with this outcome: an interrupted one is no success. */
export function endedWell({ result, ending }: Outcome): boolean {
  return passes(result) && !(ending === 'interrupt' && result === 'detached');
}

/** Describes a job that did not succeed: what failed, why, how to fix it. */
export function describeOutcome(outcome: Outcome): ErrorMessage {
  const { earlierTries, job, error } = outcome;
  const message = error === null ? describeEnd(outcome) : describeErrorOfJob(outcome, error);
  if (earlierTries.length === 0) return message;
  const tries = earlierTries.map(describeTry).join('; ');
  const last = job?.gpu_name ? ` This job asked for ${formatModel(job.gpu_name)}.` : '';
  return { ...message, cause: `${message.cause}${last} Tried before: ${tries}.` };
}

function describeErrorOfJob(outcome: Outcome, error: Error): ErrorMessage {
  const { ref, job } = outcome;
  const uuid = uuidOf(outcome);
  const request = error instanceof ServiceError ? error.request : '';
  if (uuid === null || request.endsWith('/cook'))
    return describeError(error, `cook recipe ${ref.recipeUuid}`);
  const attempt = `${request.endsWith('/cancel') ? 'cancel' : 'watch'} job ${uuid}`;
  const message = describeError(error, attempt);
  // A job that was seen: its UUID cannot be wrong.
  const isGone = job !== null && error instanceof ServiceError && error.status === 404;
  if (!isGone) return message;
  const remedy = `The service knew this job before, so it may have been deleted. ${checkConsole}`;
  return { ...message, title: `Could not ${attempt}: it is no longer there`, remedy };
}

function describeEnd(outcome: Outcome): ErrorMessage {
  const { result, ref, job, logTail } = outcome;
  const uuid = uuidOf(outcome);
  const who = uuid === null ? `The job for recipe ${ref.recipeUuid}` : `Job ${uuid}`;
  const [heading, cause, remedy] = explain(outcome, who);
  const title = `${heading}: ${sanitizeLine(titleOf(ref, job), 100)}`;
  const evidence = ['failed', 'timed-out', 'over-budget'].includes(result) ? logTail : [];
  return { title, cause, remedy, evidence };
}

/** @returns what to call it, why, and how to fix it */
function explain(outcome: Outcome, who: string): readonly [string, string, string] {
  const { result, job, ending, overBudget } = outcome;
  const fate = `${who} ${describeFate(outcome)}`;
  const canceled =
    job !== null && !isFinal(job.status) && outcome.cancel !== 'accepted'
      ? 'Not canceled'
      : 'Canceled';
  if (result === 'timed-out') {
    const status = job === null ? '' : ` while the job was ${lastOpenStatus(outcome)}`;
    const cause = `The timeout was reached${status}.${describeReadiness(outcome)} ${fate}`;
    return ['Timed out', cause, getTimeoutRemedy(outcome)];
  }
  if (result === 'over-budget' && overBudget !== null) {
    const { cause, remedy } = describeOverBudget(overBudget);
    // At its share the service ends it.
    const isShare = overBudget.kind === 'share';
    return ['Over budget', isShare ? `${who}: ${cause}` : `${cause} ${fate}`, remedy];
  }
  if (ending === 'interrupt' && result === 'detached') {
    const cause = `${who} was left running, because on-workflow-cancel is detach.`;
    return ['Left running', cause, `It is billed while it runs: ${consoleUrl}`];
  }
  if (ending === 'interrupt' && result === 'cancelled') {
    const cause = `The workflow was canceled or reached a time limit. ${fate}`;
    const remedy = 'If you did not cancel the workflow, check its timeout-minutes.';
    return [`${canceled} with the workflow`, cause, remedy];
  }
  if (ending === 'fail-fast' && result === 'cancelled') {
    const remedy =
      'Check the job that failed first. To keep the other jobs running, set fail-fast to false.';
    return [
      `${canceled} by fail-fast`,
      `Another job of this step did not succeed. ${fate}`,
      remedy,
    ];
  }
  if (result === 'cancelled') {
    const reason = job?.status_reason ? `: ${withStop(sanitizeLine(job.status_reason))}` : '.';
    return ['Canceled', `${who} was canceled${reason}`, getCancelRemedy(outcome)];
  }
  return ['Failed', `${who} ${describeFailure(outcome)}`, getRemedy(outcome)];
}

// Our own cancel may have ended it since.
function lastOpenStatus({ timeline }: Outcome): string {
  const last = timeline.findLast(({ status }) => !isFinal(status));
  return sanitizeLine(formatStatus(last?.status ?? 'not finished'), 60);
}

function describeReadiness({ readiness }: Outcome): string {
  if (readiness === null) return '';
  const answer = sanitizeLine(readiness.answer, 300);
  return ` The last response to the ${readiness.check}, for ${formatDuration(readiness.forMs)}: ${answer}.`;
}

// No more than is known: a job is said to be canceled only where the service says so, and what may
// still be running is said to.
function describeFate({ ref, job, cancel, isKept, unansweredMark }: Outcome): string {
  if (job === null && ref.jobUuid !== null)
    return `could not be read. It may still be running, and billed: ${consoleUrl}`;
  if (job === null)
    return unansweredMark === null
      ? 'was not cooked.'
      : `may have been created, because the service did not respond to the cook. The post step looks for it again. To find it yourself, search for ${unansweredMark} in the job descriptions: ${consoleUrl}`;
  if (job.status === 'CANCELLED') return 'was canceled.';
  const isOpen = !isFinal(job.status);
  const mayReturn = cancel === 'accepted' && mayRestart(job);
  if (mayReturn) return 'failed. It is being canceled, in case the service starts it again.';
  if (cancel !== null && !isOpen) return 'ended before it could be canceled.';
  if (cancel === 'accepted')
    return `is being canceled, and is still ${sanitizeLine(formatStatus(job.status), 60)}.`;
  if (cancel === 'failed')
    return `could not be canceled. It may still be running, and billed. The post step tries again: ${consoleUrl}`;
  return isKept
    ? `was left running, as the inputs ask. It is billed while it runs: ${consoleUrl}`
    : `may still be running, and billed. The post step cancels it: ${consoleUrl}`;
}
