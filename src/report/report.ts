import { InputError } from '../errors.ts';
import type { Outcome } from '../jobs/records.ts';
import { sortByResult } from '../jobs/results.ts';
import type { Runner } from '../runner.ts';
import { cut } from '../text.ts';
import { describeError, describeInputError, type ErrorMessage } from './errors.ts';
import { formatClosing } from './format.ts';
import { describeOutcome, endedWell } from './outcome-messages.ts';
import { maxMessage, writeOutputs, writeVerdict } from './outputs.ts';
import { sanitizeLine, sanitizeLogLine } from './sanitize.ts';
import { renderInputProblems, renderSummary, writeSummary, type ReportOptions } from './summary.ts';

/** Reports what happened to each job, the worst first, and sets the step's verdict. */
export async function reportOutcomes(
  runner: Runner,
  outcomes: readonly Outcome[],
  options: ReportOptions = {},
): Promise<void> {
  const { isFine = endedWell } = options;
  const bad = outcomes.filter((outcome) => !isFine(outcome));
  if (bad.length > 0) runner.fail();
  const groups = Map.groupBy(sortByResult(bad), (outcome) => outcome.error ?? outcome);
  const messages = [...groups.values()].flatMap((group) => group.slice(0, 1).map(describeOutcome));
  annotateAll(runner, messages);
  const closing = formatClosing(outcomes);
  const title = outcomes.length === 1 ? undefined : closing;
  const [worst] = messages;
  writeOutputs(runner, outcomes, worst ? formatMessage(runner, worst, title) : closing);
  await writeSummary(runner, () => renderSummary(outcomes, options));
}

/** Reports why nothing could be done, and fails the step: bad input, or an error of no job. */
export async function reportFailure(runner: Runner, error: unknown): Promise<void> {
  const message = await annotateFailure(runner, error, 'run this step');
  try {
    writeVerdict(runner, 'error', formatMessage(runner, message));
  } catch {
    // The runner's files cannot be written: most likely that is what was annotated.
  }
}

/** Annotates why nothing could be done, and fails the step. @param attempt see describeError */
export async function annotateFailure(
  runner: Runner,
  error: unknown,
  attempt: string,
): Promise<ErrorMessage> {
  runner.fail();
  const isInput = error instanceof InputError;
  const message = isInput ? describeInputError(error) : describeError(error, attempt);
  annotate(runner, message);
  if (isInput) await writeSummary(runner, () => renderInputProblems(message.title, error));
  return message;
}

// GitHub shows ten error annotations a step and drops the rest.
const maxAnnotations = 10;

/** An error annotation for each message; if there are too many, the last one names the rest. */
export function annotateAll(runner: Runner, messages: readonly ErrorMessage[]): void {
  const shown = messages.length > maxAnnotations ? maxAnnotations - 1 : messages.length;
  for (const message of messages.slice(0, shown)) annotate(runner, message);
  const rest = messages.slice(shown);
  if (rest.length === 0) return;
  annotate(runner, {
    title: `${rest.length} more errors`,
    cause: sanitizeLine(rest.map(({ title }) => title).join(', '), 3_000),
    remedy: 'For the details, see the job summary.',
  });
}

// GitHub shows 4,096 characters of an annotation.
const maxLength = 4_000;
const maxTitle = 250;
// Together with a cause and a remedy of 1,000 characters, these fit.
const maxEvidence = 15;
const maxEvidenceLine = 180;

function annotate(runner: Runner, { title, cause, remedy, evidence = [] }: ErrorMessage): void {
  const lines = lastOfLog(evidence).map((line) => `| ${cut(line, maxEvidenceLine)}`);
  const log = lines.length > 0 ? ['The log ends with:', ...lines] : [];
  // An error of Node or a library may quote anything.
  const parts = [runner.redactor.redact(cause), remedy, ...log].filter((part) => part !== '');
  runner.annotate('error', sanitizeLine(title, maxTitle), cut(parts.join('\n'), maxLength));
}

// What the end of a log says: no blank lines, rules, bars or repeats, and nothing before a traceback.
function lastOfLog(evidence: readonly string[]): readonly string[] {
  const lines = evidence
    .map(sanitizeLogLine)
    .filter((line) => !noise.some((pattern) => pattern.test(line)))
    .filter((line, index, all) => line !== all[index - 1]);
  const start = lines.findLastIndex((line) => /^\s*Traceback \(most recent call last\)/.test(line));
  return lines.slice(Math.max(0, start)).slice(-maxEvidence);
}

// Nothing but signs; bars that fill up; results, which are shown elsewhere.
const noise = [
  /^[^\p{L}\p{N}]*$/u,
  /\d ?% ?\|/,
  /\[[#=>.\s-]{5,}\]/,
  /[█▉▊▋▌▍▎▏━]{3}/,
  /^\s*dispersed-output:/,
];

/** What an annotation says, as the output `message`: the title, and the cause and the remedy. */
export function formatMessage(
  runner: Runner,
  { title: ownTitle, cause, remedy }: ErrorMessage,
  title = ownTitle,
): string {
  const first = sanitizeLine(title, maxTitle);
  const text = runner.redactor.redact(cause).replaceAll('\n', '; ');
  const room = maxMessage - first.length - remedy.length - 2;
  return `${first}\n${cut(text, room)} ${remedy}`.trimEnd();
}
