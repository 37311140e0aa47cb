import { passes } from '../../verdict.ts';
import { titleOf } from '../facts.ts';
import { plainLines } from '../log-tail.ts';
import { safeMarkdown, safePreformatted } from '../safe.ts';
import { pick, type Numbered } from './pick.ts';
import { marks, reasonOf } from './words.ts';

// Nobody opens more.
const mostJobs = 50;

/**
 * Why each job that did not end well did not: the reason and the last lines of its log, folded away.
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
  const brief = reason === '' ? '' : `: ${safeMarkdown(reason, 160)}`;
  // The whole reason, where the line above does not hold it.
  const whole = reason.length > 160 || log === '' ? [safeMarkdown(reason, 1_000)] : [];
  const parts = [...whole, log].filter((part) => part !== '');
  return [fold(`${marks[outcome.result]} ${number} ${title}${brief}`, parts)];
}

function fold(summary: string, parts: readonly string[], isOpen = false): string {
  const tag = isOpen ? '<details open>' : '<details>';
  return [`${tag}<summary>${summary}</summary>`, ...parts, '</details>'].join('\n\n');
}

function logBlock(tail: readonly string[], mostLines: number): string {
  const lines = plainLines(tail)
    .slice(-mostLines)
    .map((line) => safePreformatted(line));
  return lines.every((line) => line.trim() === '') || mostLines === 0
    ? ''
    : `<pre>\n${lines.join('\n')}\n</pre>`;
}
