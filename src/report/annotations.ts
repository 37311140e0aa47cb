import type { Outcome } from '../jobs/records.ts';
import { sortByResult } from '../jobs/results.ts';
import type { Runner } from '../runner.ts';
import { cut } from '../text.ts';
import { plainLines } from './container-log.ts';
import type { ErrorMessage } from './errors.ts';
import { firstThatFit } from './format.ts';
import { describeOutcome } from './outcome-messages.ts';
import { maxMessage } from './outputs.ts';
import { sanitizeLine, sanitizeLogLine } from './sanitize.ts';

// GitHub shows ten error annotations a step and drops the rest.
const maxAnnotations = 10;
// It shows 4,096 characters of one; this leaves room for a last line.
const maxLength = 4_000;
const maxTitle = 250;
const maxEvidence = 15;

/** One error annotation. */
export function annotate(runner: Runner, message: ErrorMessage): void {
  const { cause, remedy, evidence = [] } = message;
  // An error of Node or a library may quote anything.
  const before = runner.redactor.redact(cause);
  const lines = lastOfLog(evidence).map((line) => `| ${cut(sanitizeLogLine(line), 300)}`);
  const heading = 'The log ends with:';
  // Of the evidence the last lines that fit.
  const room = maxLength - before.length - heading.length - remedy.length - 3;
  const shown = firstThatFit(lines.toReversed(), room).toReversed();
  const parts = [before, remedy, ...(shown.length > 0 ? [heading, ...shown] : [])];
  const text = parts.filter((part) => part !== '').join('\n');
  runner.annotate('error', sanitizeLine(message.title, maxTitle), cut(text, maxLength));
}

// What the end of a log says: no blank lines, rules, bars or repeats, and nothing before a traceback.
function lastOfLog(evidence: readonly string[]): readonly string[] {
  const lines = plainLines(evidence)
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

/** An error annotation for each message; if there are too many, the last one names the rest. */
export function annotateAll(runner: Runner, messages: readonly ErrorMessage[]): void {
  const shown = messages.length > maxAnnotations ? maxAnnotations - 1 : messages.length;
  for (const message of messages.slice(0, shown)) annotate(runner, message);
  const rest = messages.slice(shown);
  if (rest.length === 0) return;
  annotate(runner, {
    title: `${rest.length} more errors`,
    cause: sanitizeLine(rest.map(({ title }) => title).join(', '), 3_000),
    remedy: 'The job summary has all of them.',
  });
}

/**
 * One error annotation for each job that was not successful: what failed, why, what to do. Those
 * that failed come before those that were canceled because of them.
 */
export function annotateOutcomes(runner: Runner, bad: readonly Outcome[]): void {
  // What keeps all of them from being cooked is one error.
  const causes = new Map(bad.map((outcome) => [outcome.error ?? outcome, outcome]));
  annotateAll(runner, sortByResult([...causes.values()]).map(describeOutcome));
}

/** What an annotation says, as the output `message`: the title, and the cause and the remedy. */
export function formatMessage(
  runner: Runner,
  message: ErrorMessage,
  title = message.title,
): string {
  const first = sanitizeLine(title, maxTitle);
  const cause = runner.redactor.redact(message.cause).replaceAll('\n', '; ');
  const room = maxMessage - first.length - message.remedy.length - 2;
  return `${first}\n${cut(cause, room)} ${message.remedy}`.trimEnd();
}
