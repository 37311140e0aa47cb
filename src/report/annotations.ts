import type { InputError, Problem } from '../errors.ts';
import { titleOf, uuidOf } from '../jobs/metrics.ts';
import type { Outcome } from '../jobs/records.ts';
import { compareResults } from '../jobs/results.ts';
import type { Runner } from '../runner.ts';
import { lastMeaningfulLines } from './container-log.ts';
import { consoleUrl, type ErrorMessage } from './errors.ts';
import { describeOutcome } from './outcome-messages.ts';
import { cut } from '../text.ts';
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
  runner.annotate('error', `${title}; nothing was sent`, joinLines(lines));
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
  // What an error of Node or a library says, nobody has looked at before.
  const cause = runner.redactor.redact(message.cause);
  runner.annotate('error', sanitizeLine(message.title, 250), formatMessage({ ...message, cause }));
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
  return cut(join(lines), maxLength);
}
