import { passes } from '../../verdict.ts';
import { titleOf } from '../facts.ts';
import { plainLines } from '../log-tail.ts';
import { safeMarkdown, safePreformatted } from '../safe.ts';
import { pick, type Numbered } from './pick.ts';
import { marks, reasonOf } from './words.ts';

// Nobody opens more.
const mostJobs = 50;

/**
 * Why each job that did not end well did not: the reason and, folded away, the end of its log.
 * @param mostLines how many lines of a log to show
 */
export function renderDetails(jobs: readonly Numbered[], mostLines: number): string {
  const told = jobs.filter(({ outcome }) => !passes(outcome.result));
  // Of a single job the reason is in its table.
  const blocks = pick(told, mostJobs).flatMap((job) =>
    jobs.length === 1 ? ofOne(job, mostLines) : ofSeveral(job, mostLines),
  );
  const more = `The reasons of ${told.length - mostJobs} more are in the output \`jobs\`.`;
  return [...blocks, ...(told.length > mostJobs ? [more] : [])].join('\n\n');
}

function ofOne({ outcome }: Numbered, mostLines: number): readonly string[] {
  const log = logBlock(outcome.logTail, mostLines);
  return log === '' ? [] : [fold('Last lines of the log', [log], true)];
}

function ofSeveral({ number, outcome }: Numbered, mostLines: number): readonly string[] {
  const reason = reasonOf(outcome);
  const log = logBlock(outcome.logTail, mostLines);
  if (reason === '' && log === '') return [];
  const title = safeMarkdown(titleOf(outcome.subject, outcome.job), 80);
  const brief = reason === '' ? '' : `: ${safeMarkdown(reason, mostOfReason)}`;
  const line = `${marks[outcome.result]} ${number} ${title}${brief}`;
  // Never at the start of a line, where `1.` and `-` begin a list.
  const whole = reason.length > mostOfReason ? [`Reason: ${safeMarkdown(reason, 1_000)}`] : [];
  const parts = [...whole, ...(log === '' ? [] : [log])];
  return [parts.length === 0 ? line : fold(line, parts)];
}

// What there is room for beside a title.
const mostOfReason = 160;

function fold(summary: string, parts: readonly string[], isOpen = false): string {
  const tag = isOpen ? '<details open>' : '<details>';
  return [`${tag}<summary>${summary}</summary>`, ...parts, '</details>'].join('\n\n');
}

function logBlock(tail: readonly string[], mostLines: number): string {
  if (mostLines === 0) return '';
  const lines = plainLines(tail.slice(-mostLines)).map((line) => safePreformatted(line));
  return lines.every((line) => line.trim() === '') ? '' : `<pre>\n${lines.join('\n')}\n</pre>`;
}
