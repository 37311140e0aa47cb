import { ServiceError, type InputError, type Problem } from '../errors.ts';
import type { Outcome } from '../jobs/records.ts';
import type { Runner } from '../runtime.ts';
import { isFinal } from '../jobs/status.ts';
import { type Policy } from '../jobs/policy.ts';
import { describeError, consoleUrl, type ErrorMessage } from './error-messages.ts';
import { titleOf, uuidOf } from '../jobs/metrics.ts';
import { lastMeaningfulLines } from './container-log.ts';
import { sanitizeLine } from './sanitize.ts';

// GitHub shows ten error annotations a step and drops the rest.
const maxAnnotations = 10;
// It shows 4,096 characters of one; this leaves room for a last line.
const maxList = 4_000;

/** One error annotation for each job that did not end well: what failed, why, what to do. */
export function annotateOutcomes(runner: Runner, bad: readonly Outcome[], policy: Policy): void {
  const advices = bad.map((outcome) => adviseOnOutcome(outcome, policy));
  annotateAll(runner, advices, (shown) => {
    const rest = bad.slice(shown);
    const uuids = rest.map(
      (outcome) => uuidOf(outcome) ?? sanitizeLine(titleOf(outcome.subject, outcome.job), 60),
    );
    return {
      title: `${rest.length} more jobs did not end well`,
      cause: sanitizeLine(uuids.join(', '), 3_000),
      remedy: 'The job summary and the output jobs tell each one’s story.',
    };
  });
}

/** An error annotation for each advice; where that is too many, the last stands for the rest. */
export function annotateAll(
  runner: Runner,
  advices: readonly ErrorMessage[],
  adviseOnRest: (shown: number) => ErrorMessage,
): void {
  const shown = advices.length > maxAnnotations ? maxAnnotations - 1 : advices.length;
  for (const advice of advices.slice(0, shown)) annotate(runner, advice);
  if (shown < advices.length) annotate(runner, adviseOnRest(shown));
}

/** One error annotation that lists every problem of the inputs, as far as it holds them. */
export function annotateInputs(runner: Runner, { problems }: InputError): void {
  const lines = problems.map(sayProblem);
  const title =
    lines.length === 1 ? 'An input is not usable' : `${lines.length} problems with inputs`;
  runner.annotate('error', `${title}; nothing was cooked`, join(lines));
}

function join(lines: readonly string[]): string {
  let text = '';
  for (const [index, line] of lines.entries()) {
    if (text.length + line.length > maxList) {
      return `${text}and ${lines.length - index} more; the job summary has them`;
    }
    text += `${line}\n`;
  }
  return text.trimEnd();
}

/** A problem in one line. */
export function sayProblem({ input, message }: Problem): string {
  return `${sanitizeLine(input, 100)}: ${sanitizeLine(message)}`;
}

/** One error annotation. */
export function annotate(runner: Runner, advice: ErrorMessage): void {
  runner.annotate('error', sanitizeLine(advice.title, 250), messageOf(advice));
}

const maxEvidence = 15;

// The cause comes first and the remedy last; of the evidence between them the last lines that fit.
function messageOf({ cause, remedy, evidence = [] }: ErrorMessage): string {
  const lines = lastMeaningfulLines(evidence, maxEvidence).map(
    (line) => `| ${sanitizeLine(line, 300)}`,
  );
  const build = (shown: readonly string[]) =>
    [cause, ...(shown.length === 0 ? [] : ['Its log ends with', ...shown]), remedy].join('\n');
  while (lines.length > 0 && build(lines).length > maxList) lines.shift();
  return build(lines).slice(0, maxList);
}

function adviseOnOutcome(outcome: Outcome, policy: Policy): ErrorMessage {
  const { result, job, subject, error, ending } = outcome;
  if (error !== null) return adviseOnError(error, outcome);
  const name = sanitizeLine(titleOf(subject, job), 100);
  const uuid = uuidOf(outcome);
  const who = uuid === null ? `The job for recipe ${subject.recipeUuid}` : `Job ${uuid}`;
  if (result === 'timed-out') return adviseOnTimeout(name, who, outcome, policy);
  if (ending === 'interrupt') return adviseOnInterrupt(name, who, outcome);
  if (ending === 'fail-fast' && result === 'cancelled') return adviseOnFailFast(name, who, outcome);
  const reason = job?.status_reason
    ? `: ${sanitizeLine(job.status_reason, 1000)}`
    : ', and the service gave no reason';
  if (result === 'cancelled') {
    return {
      title: `Cancelled: ${name}`,
      cause: `${who} was cancelled${reason}.`,
      remedy: 'If you did not, somebody else with access to this account, or the service, did.',
    };
  }
  return {
    title: `Failed: ${name}`,
    cause: `${who} failed${reason}.`,
    remedy: `The whole log is at ${consoleUrl}. Mend the recipe or its parameters, then run the workflow again.`,
    evidence: outcome.logTail,
  };
}

function adviseOnError(error: Error, outcome: Outcome): ErrorMessage {
  const { subject } = outcome;
  const uuid = uuidOf(outcome);
  if (uuid !== null) {
    const isCancel = error instanceof ServiceError && error.request.endsWith('/cancel');
    return describeError(error, `${isCancel ? 'cancel' : 'follow'} job ${uuid}`);
  }
  const advice = describeError(error, `cook recipe ${subject.recipeUuid}`);
  const isRefusal = error instanceof ServiceError && [400, 422].includes(error.status ?? 0);
  if (!isRefusal || !subject.namesRegions) return advice;
  const hint =
    'The order names allowed-region-codes, which the older host, https://api.compute.x.io, does not know.';
  return { ...advice, remedy: `${advice.remedy} ${hint}` };
}

function adviseOnInterrupt(name: string, who: string, { job, result }: Outcome): ErrorMessage {
  if (result === 'detached') {
    return {
      title: `Left alive: ${name}`,
      cause: `${who} was left as it is when the workflow was cancelled, as on-workflow-cancel asks.`,
      remedy: `It is billed while it runs: see ${consoleUrl}.`,
    };
  }
  return {
    title: `Cancelled with the workflow: ${name}`,
    cause:
      job === null
        ? `${who} was not cooked any more: the workflow was cancelled, or a time limit of it was reached.`
        : `${who} was cancelled: the workflow was, or a time limit of it was reached.`,
    remedy: 'If nobody cancelled the workflow, look at its timeout-minutes.',
  };
}

function adviseOnFailFast(name: string, who: string, { job }: Outcome): ErrorMessage {
  return {
    title: `Cancelled with another job: ${name}`,
    cause: `${who} was ${job === null ? 'not cooked' : 'cancelled'}: another job of the step did not end well.`,
    remedy: 'Look at that one; without fail-fast, each job runs to its own end.',
  };
}

function adviseOnTimeout(
  name: string,
  who: string,
  outcome: Outcome,
  policy: Policy,
): ErrorMessage {
  const alive = outcome.timeline.findLast(({ status }) => !isFinal(status));
  const status = alive === undefined ? 'not cooked yet' : sanitizeLine(alive.status, 60);
  const left =
    policy.onTimeout === 'cancel'
      ? 'so it was cancelled'
      : `and was left as it is, which is billed: see ${consoleUrl}`;
  return {
    title: `Timed out: ${name}`,
    cause: `${who} was still ${status} when the time for waiting was over${outcome.job === null ? '' : `, ${left}`}.`,
    remedy: 'Raise the input timeout, or choose with on-timeout what happens then.',
    evidence: outcome.logTail,
  };
}
