import { ServiceError, type InputError, type Problem } from '../errors.ts';
import { titleOf, uuidOf } from '../jobs/metrics.ts';
import type { Policy } from '../jobs/policy.ts';
import type { Outcome } from '../jobs/records.ts';
import { isFinal } from '../jobs/status.ts';
import type { Runner } from '../runtime.ts';
import { lastMeaningfulLines } from './container-log.ts';
import { consoleUrl, describeError, type ErrorMessage } from './error-messages.ts';
import { sanitizeLine } from './sanitize.ts';

// GitHub shows ten error annotations a step and drops the rest.
const maxAnnotations = 10;
// It shows 4,096 characters of one; this leaves room for a last line.
const maxLength = 4_000;

/** One error annotation for each job that was not successful: what failed, why, what to do. */
export function annotateOutcomes(runner: Runner, bad: readonly Outcome[], policy: Policy): void {
  const messages = bad.map((outcome) => describeOutcome(outcome, policy));
  annotateAll(runner, messages, (shown) => {
    const rest = bad.slice(shown);
    const names = rest.map(
      (outcome) => uuidOf(outcome) ?? sanitizeLine(titleOf(outcome.subject, outcome.job), 60),
    );
    return {
      title: `${rest.length} more jobs were not successful`,
      cause: sanitizeLine(names.join(', '), 3_000),
      remedy: 'See the job summary or the output jobs for each of them.',
    };
  });
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

function describeOutcome(outcome: Outcome, policy: Policy): ErrorMessage {
  const { result, job, subject, error, ending } = outcome;
  if (error !== null) return describeErrorOf(outcome, error);
  const name = sanitizeLine(titleOf(subject, job), 100);
  const uuid = uuidOf(outcome);
  const who = uuid === null ? `The job for recipe ${subject.recipeUuid}` : `Job ${uuid}`;
  if (result === 'timed-out') return describeTimeout(name, who, outcome, policy);
  if (ending === 'interrupt') return describeInterrupt(name, who, outcome);
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
  const { subject } = outcome;
  const uuid = uuidOf(outcome);
  if (uuid !== null) {
    const isCancel = error instanceof ServiceError && error.request.endsWith('/cancel');
    return describeError(error, `${isCancel ? 'cancel' : 'watch'} job ${uuid}`);
  }
  const message = describeError(error, `cook recipe ${subject.recipeUuid}`);
  const isInvalid = error instanceof ServiceError && [400, 422].includes(error.status ?? 0);
  if (!isInvalid || !subject.namesRegions) return message;
  const hint =
    'The request has allowed-region-codes, which the older host, https://api.compute.x.io, does not support.';
  return { ...message, remedy: `${message.remedy} ${hint}` };
}

function describeInterrupt(name: string, who: string, { job, result }: Outcome): ErrorMessage {
  if (result === 'detached') {
    return {
      title: `Left running: ${name}`,
      cause: `${who} was left running when the workflow was cancelled, because on-workflow-cancel is detach.`,
      remedy: `It is billed while it runs: ${consoleUrl}`,
    };
  }
  return {
    title: `Cancelled with the workflow: ${name}`,
    cause: `${who} was ${job === null ? 'not cooked' : 'cancelled'}, because the workflow was cancelled or reached a time limit.`,
    remedy: 'If nobody cancelled the workflow, check its timeout-minutes.',
  };
}

function describeFailFast(name: string, who: string, { job }: Outcome): ErrorMessage {
  return {
    title: `Cancelled by fail-fast: ${name}`,
    cause: `${who} was ${job === null ? 'not cooked' : 'cancelled'}, because another job of this step was not successful.`,
    remedy: 'Check the job that failed first. Without fail-fast, the other jobs keep running.',
  };
}

function describeTimeout(
  name: string,
  who: string,
  outcome: Outcome,
  { onTimeout }: Policy,
): ErrorMessage {
  return {
    title: `Timed out: ${name}`,
    cause:
      outcome.job === null
        ? `${who} was not cooked before the timeout.`
        : `${who} was still ${lastOpenStatus(outcome)} at the timeout, ${onTimeout === 'cancel' ? 'so it was cancelled.' : `and was left running. It is billed while it runs: ${consoleUrl}`}`,
    remedy: 'Increase the input timeout, or set on-timeout to choose what happens then.',
    evidence: outcome.logTail,
  };
}

// Our own cancel may have ended it since.
function lastOpenStatus({ timeline }: Outcome): string {
  const last = timeline.findLast(({ status }) => !isFinal(status));
  return sanitizeLine(last?.status ?? 'not finished', 60);
}
