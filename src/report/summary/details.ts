import { results } from '../../jobs/results.ts';
import { titleOf } from '../../jobs/metrics.ts';
import { plainLines } from '../container-log.ts';
import { escapeMarkdown, escapePreformatted } from '../sanitize.ts';
import { worstJobs, reasonOf, type NumberedOutcome } from './table.ts';

// Nobody reads more.
const maxJobs = 50;

/**
 * For each job that was not successful: the reason and, folded, the end of its log.
 * @param maxLines how many lines of a log to show
 */
export function renderDetails(jobs: readonly NumberedOutcome[], maxLines: number): string {
  const bad = jobs.filter(({ outcome }) => !results[outcome.result].passes);
  // Of a single job the reason is in its table.
  const blocks = worstJobs(bad, maxJobs).flatMap((job) =>
    jobs.length === 1 ? ofOne(job, maxLines) : ofSeveral(job, maxLines),
  );
  const more = `The reasons for ${bad.length - maxJobs} more jobs are in the output \`jobs\`.`;
  return [...blocks, ...(bad.length > maxJobs ? [more] : [])].join('\n\n');
}

function ofOne({ outcome }: NumberedOutcome, maxLines: number): readonly string[] {
  const log = logBlock(outcome.logTail, maxLines);
  return log === '' ? [] : [fold('Last lines of the log', [log], true)];
}

function ofSeveral({ number, outcome }: NumberedOutcome, maxLines: number): readonly string[] {
  const reason = reasonOf(outcome);
  const log = logBlock(outcome.logTail, maxLines);
  if (reason === '' && log === '') return [];
  const title = escapeMarkdown(titleOf(outcome.ref, outcome.job), 80);
  const brief = reason === '' ? '' : `: ${escapeMarkdown(reason, maxReason)}`;
  const line = `${results[outcome.result].icon} ${number} ${title}${brief}`;
  // Never at the start of a line, where `1.` and `-` begin a list.
  const whole = reason.length > maxReason ? [`Reason: ${escapeMarkdown(reason, 1_000)}`] : [];
  const parts = [...whole, ...(log === '' ? [] : [log])];
  return [parts.length === 0 ? line : fold(line, parts)];
}

// What there is room for beside a title.
const maxReason = 160;

function fold(summary: string, parts: readonly string[], isOpen = false): string {
  const tag = isOpen ? '<details open>' : '<details>';
  return [`${tag}<summary>${summary}</summary>`, ...parts, '</details>'].join('\n\n');
}

function logBlock(tail: readonly string[], maxLines: number): string {
  if (maxLines === 0) return '';
  const lines = plainLines(tail.slice(-maxLines)).map((line) => escapePreformatted(line));
  return lines.every((line) => line.trim() === '') ? '' : `<pre>\n${lines.join('\n')}\n</pre>`;
}
