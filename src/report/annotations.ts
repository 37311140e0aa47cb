import { ServiceError, type InputError, type Problem } from '../errors.ts';
import { titleOf, uuidOf } from '../jobs/metrics.ts';
import type { Outcome } from '../jobs/records.ts';
import { compareResults } from '../jobs/results.ts';
import { isFinal } from '../jobs/status.ts';
import type { Runner } from '../runtime.ts';
import { lastMeaningfulLines } from './container-log.ts';
import { consoleUrl, describeError, type ErrorMessage } from './error-messages.ts';
import { sanitizeLine } from './sanitize.ts';

// GitHub shows ten error annotations a step and drops the rest.
const maxAnnotations = 10;
// It shows 4,096 characters of one; this leaves room for a last line.
const maxLength = 4_000;

/**
 * One error annotation for each job that was not successful: what failed, why, what to do. Those
 * that failed come before those that were cancelled because of them.
 */
export function annotateOutcomes(runner: Runner, unordered: readonly Outcome[]): void {
  const bad = unordered.toSorted((a, b) => compareResults(a.result, b.result));
  annotateAll(runner, bad.map(describeOutcome), (shown) => {
    const rest = bad.slice(shown);
    const names = rest.map(shortNameOf);
    return {
      title: `${rest.length} more jobs were not successful`,
      cause: sanitizeLine(names.join(', '), 3_000),
      remedy: `${rest.some(({ unansweredMark }) => unansweredMark !== null) ? `Jobs whose cook had no response may have been created: ${consoleUrl}. ` : ''}See the job summary or the output jobs for each of them.`,
    };
  });
}

function shortNameOf(outcome: Outcome): string {
  const uuid = uuidOf(outcome);
  if (uuid !== null) return uuid;
  const title = sanitizeLine(titleOf(outcome.ref, outcome.job), 60);
  return outcome.unansweredMark === null ? title : `${title} (may have been created)`;
}

/** An error annotation for each message; if there are too many, the last one stands for the rest. */
export function annotateAll(
  runner: Runner,
  messages: readonly ErrorMessage[],
  describeRest: (shown: number) => ErrorMessage,
): void {
  const shown = messages.length > maxAnnotations ? maxAnnotations - 1 : messages.length;
  for (const message of messages.slice(0, shown)) annotate(runner, message);
  if (shown < messages.length) annotate(runner, describeRest(shown));
}

/** One error annotation that lists the problems of the inputs, as many as fit. */
export function annotateInputs(runner: Runner, { problems }: InputError): void {
  const lines = problems.map(formatProblem);
  const title =
    lines.length === 1 ? 'An input is invalid' : `${lines.length} problems in the inputs`;
  runner.annotate('error', `${title}; nothing was cooked`, joinLines(lines));
}

function joinLines(lines: readonly string[]): string {
  let text = '';
  for (const [index, line] of lines.entries()) {
    if (text.length + line.length > maxLength) {
      return `${text}and ${lines.length - index} more; see the job summary`;
    }
    text += `${line}\n`;
  }
  return text.trimEnd();
}

/** A problem in one line. */
export function formatProblem({ input, message }: Problem): string {
  return `${sanitizeLine(input, 100)}: ${sanitizeLine(message)}`;
}

/** One error annotation. */
export function annotate(runner: Runner, message: ErrorMessage): void {
  runner.annotate('error', sanitizeLine(message.title, 250), formatMessage(message));
}

const maxEvidence = 15;

// The cause comes first and the remedy last; of the evidence between them the last lines that fit.
function formatMessage({ cause, remedy, evidence = [] }: ErrorMessage): string {
  const lines = lastMeaningfulLines(evidence, maxEvidence).map(
    (line) => `| ${sanitizeLine(line, 300)}`,
  );
  const join = (shown: readonly string[]) =>
    [cause, ...(shown.length === 0 ? [] : ['The log ends with:', ...shown]), remedy].join('\n');
  while (lines.length > 0 && join(lines).length > maxLength) lines.shift();
  return join(lines).slice(0, maxLength);
}

function describeOutcome(outcome: Outcome): ErrorMessage {
  const { result, job, ref, error, ending } = outcome;
  if (error !== null) return describeErrorOf(outcome, error);
  const name = sanitizeLine(titleOf(ref, job), 100);
  const uuid = uuidOf(outcome);
  const who = uuid === null ? `The job for recipe ${ref.recipeUuid}` : `Job ${uuid}`;
  if (result === 'timed-out') return describeTimeout(name, who, outcome);
  if (ending === 'interrupt' && (result === 'cancelled' || result === 'detached'))
    return describeInterrupt(name, who, outcome);
  if (ending === 'fail-fast' && result === 'cancelled') return describeFailFast(name, who, outcome);
  const reason = job?.status_reason
    ? `: ${sanitizeLine(job.status_reason, 1000)}.`
    : '. The service gave no reason.';
  if (result === 'cancelled') {
    return {
      title: `Cancelled: ${name}`,
      cause: `${who} was cancelled${reason}`,
      remedy:
        'If you did not cancel it, the service did, or someone else with access to this account.',
    };
  }
  return {
    title: `Failed: ${name}`,
    cause: `${who} failed${reason}`,
    remedy: `Fix the recipe or its parameters, then run the workflow again. The full log is in the console: ${consoleUrl}`,
    evidence: outcome.logTail,
  };
}

function describeErrorOf(outcome: Outcome, error: Error): ErrorMessage {
  const { ref } = outcome;
  const uuid = uuidOf(outcome);
  if (uuid !== null) {
    return describeError(error, attemptOf(error, uuid, outcome));
  }
  const message = describeError(error, `cook recipe ${ref.recipeUuid}`);
  const isInvalid = error instanceof ServiceError && [400, 422].includes(error.status ?? 0);
  if (!isInvalid || !ref.namesRegions) return message;
  const hint =
    'The request has allowed-region-codes, which the older host, https://api.compute.x.io, does not support.';
  return { ...message, remedy: `${message.remedy} ${hint}` };
}

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
    cause: `The timeout was reached. ${status}${who} ${whatBecame(outcome)}`,
    remedy: 'Increase the input timeout, or set on-timeout to choose what happens then.',
    evidence: outcome.logTail,
  };
}

function cancelTitle({ job, cancel }: Outcome): string {
  if (job === null) return 'Stopped';
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
  if (isFinal(job.status) && cancel !== null) return 'had ended when it was to be cancelled.';
  switch (cancel) {
    case 'accepted':
      return `is being cancelled, and is still ${sanitizeLine(job.status, 60)}.`;
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
