import { ServiceError } from '../errors.ts';
import { titleOf, uuidOf } from '../jobs/metrics.ts';
import type { Outcome } from '../jobs/records.ts';
import { mayRestart } from '../jobs/restart.ts';
import { passes } from '../jobs/results.ts';
import { isFinal } from '../jobs/status.ts';
import { consoleUrl, describeError, type ErrorMessage } from './errors.ts';
import {
  describeFailure,
  describeTry,
  formatModel,
  getCancelRemedy,
  getRemedy,
  getTimeoutRemedy,
} from './remedies.ts';
import { formatDuration, withStop } from './format.ts';
import { describeOverBudget } from './over-budget.ts';
import { sanitizeLine } from './sanitize.ts';

/** Whether the step may pass with this outcome: an interrupted one is no success. */
export function endedWell({ result, ending }: Outcome): boolean {
  return passes(result) && !(ending === 'interrupt' && result === 'detached');
}

/** What became of a job that was not successful: what failed, why, what to do. */
export function describeOutcome(outcome: Outcome): ErrorMessage {
  const { earlierTries, job } = outcome;
  const message = describeLastTry(outcome);
  if (earlierTries.length === 0) return message;
  const tries = earlierTries.map(describeTry).join('; ');
  const last = job?.gpu_name ? ` This job asked for ${formatModel(job.gpu_name)}.` : '';
  return { ...message, cause: `${message.cause}${last} Tried before: ${tries}.` };
}

function describeLastTry(outcome: Outcome): ErrorMessage {
  const { result, job, ref, error, ending, logTail: evidence } = outcome;
  if (error !== null) return describeErrorOfJob(outcome, error);
  const name = sanitizeLine(titleOf(ref, job), 100);
  const uuid = uuidOf(outcome);
  const who = uuid === null ? `The job for recipe ${ref.recipeUuid}` : `Job ${uuid}`;
  const fate = `${who} ${describeFate(outcome)}`;
  if (result === 'timed-out') {
    const status = job === null ? '' : ` It was ${lastOpenStatus(outcome)} then.`;
    const cause = `The timeout was reached.${status}${describeReadiness(outcome)} ${fate}`;
    return { title: `Timed out: ${name}`, cause, remedy: getTimeoutRemedy(outcome), evidence };
  }
  if (result === 'over-budget') {
    const { cause, remedy } = describeBudget(outcome, who, fate);
    return { title: `Over budget: ${name}`, cause, remedy, evidence };
  }
  if (ending === 'interrupt' && result === 'detached') {
    return {
      title: `Left running: ${name}`,
      cause: `${who} was left running, because on-workflow-cancel is detach.`,
      remedy: `It is billed while it runs: ${consoleUrl}`,
    };
  }
  if (ending === 'interrupt' && result === 'cancelled') {
    return {
      title: `${cancelTitle(outcome)} with the workflow: ${name}`,
      cause: `The workflow was cancelled or reached a time limit. ${fate}`,
      remedy: 'If nobody cancelled the workflow, check its timeout-minutes.',
    };
  }
  if (ending === 'fail-fast' && result === 'cancelled') {
    return {
      title: `${cancelTitle(outcome)} by fail-fast: ${name}`,
      cause: `Another job of this step was not successful. ${fate}`,
      remedy: 'Check the job that failed first. Without fail-fast, the other jobs keep running.',
    };
  }
  if (result === 'cancelled') {
    const reason = job?.status_reason ? `: ${withStop(sanitizeLine(job.status_reason))}` : '.';
    const cause = `${who} was cancelled${reason}`;
    return { title: `Cancelled: ${name}`, cause, remedy: getCancelRemedy(outcome) };
  }
  const cause = `${who} ${describeFailure(outcome)}`;
  return { title: `Failed: ${name}`, cause, remedy: getRemedy(outcome), evidence };
}

function describeErrorOfJob(outcome: Outcome, error: Error): ErrorMessage {
  const { ref, job } = outcome;
  const uuid = uuidOf(outcome);
  const request = error instanceof ServiceError ? error.request : '';
  const status = error instanceof ServiceError ? (error.status ?? 0) : 0;
  if (uuid === null || request.endsWith('/cook')) {
    const message = describeError(error, `cook recipe ${ref.recipeUuid}`);
    if (![400, 422].includes(status) || !ref.namesRegions) return message;
    const hint =
      'The request has allowed-region-codes, which the older host, https://api.compute.x.io, does not support.';
    return { ...message, remedy: `${message.remedy} ${hint}` };
  }
  const verb = request.endsWith('/cancel') ? 'cancel' : 'watch';
  const message = describeError(error, `${verb} job ${uuid}`);
  // A job that was seen: its UUID cannot be wrong.
  if (job === null || status !== 404) return message;
  const remedy = `The service knew this job before: it may have been deleted. Look for jobs that are still running: ${consoleUrl}`;
  return { ...message, title: `Could not ${verb} job ${uuid}: it is no longer there`, remedy };
}

function describeBudget({ overBudget }: Outcome, who: string, fate: string) {
  if (overBudget === null) return { cause: fate, remedy: '' };
  const { cause, remedy } = describeOverBudget(overBudget);
  // At its share the service ends it.
  return { cause: overBudget.kind === 'share' ? `${who}: ${cause}` : `${cause} ${fate}`, remedy };
}

function describeReadiness({ readiness }: Outcome): string {
  if (readiness === null) return '';
  const answer = sanitizeLine(readiness.answer, 300);
  return ` The last answer to the ${readiness.check}, for ${formatDuration(readiness.forMs)}: ${answer}.`;
}

function cancelTitle({ job, cancel }: Outcome): string {
  if (job === null || (isFinal(job.status) && job.status !== 'CANCELLED')) return 'Stopped';
  return cancel === 'accepted' ? 'Cancelled' : 'Not cancelled';
}

// No more than is known: a job is said to be cancelled only where the service says so, and what may
// still be running is said to.
function describeFate({ job, cancel, isKept, unansweredMark }: Outcome): string {
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
