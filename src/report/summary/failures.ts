import { titleOf } from '../../jobs/metrics.ts';
import type { Outcome } from '../../jobs/records.ts';
import { results } from '../../jobs/results.ts';
import { plainLines } from '../container-log.ts';
import { phraseOf } from '../format.ts';
import { describeOutcome } from '../outcome-messages.ts';
import { escapeHtml, escapePreformatted } from '../sanitize.ts';
import { fold, linkConsole, worstFirst, reasonOf, type NumberedOutcome } from './table.ts';

// Nobody reads more.
const maxJobs = 50;
// What there is room for beside a title.
const maxReason = 160;

/**
 * For each job that was not successful, the worst first: what happened, what helps, and the end of
 * its log; folded where there are several.
 * @param maxLines how many lines of a log to show
 * @param isFine whether the step may pass with this outcome
 */
export function renderFailures(
  jobs: readonly NumberedOutcome[],
  maxLines: number,
  isFine: (outcome: Outcome) => boolean,
): string {
  const bad = jobs.filter(({ outcome }) => !isFine(outcome));
  const shown = worstFirst(bad).slice(0, maxJobs);
  const blocks =
    jobs.length === 1
      ? shown.flatMap((job) => partsOf(job, maxLines))
      : shown.map((job) => foldedJob(job, maxLines, bad.length === 1));
  const more = `The reasons for ${bad.length - maxJobs} more jobs are in the output \`jobs\`.`;
  return [...blocks, ...(bad.length > maxJobs ? [more] : [])].join('\n\n');
}

function foldedJob(job: NumberedOutcome, maxLines: number, isOpen: boolean): string {
  const { number, outcome } = job;
  const title = escapeHtml(titleOf(outcome.ref, outcome.job), 80);
  const brief = escapeHtml(reasonOf(outcome) || phraseOf(outcome), maxReason);
  const line = `${results[outcome.result].icon} ${number} <b>${title}</b>: ${brief}`;
  return fold(line, partsOf(job, maxLines), isOpen);
}

function partsOf({ outcome }: NumberedOutcome, maxLines: number): readonly string[] {
  const { cause, remedy } = describeOutcome(outcome);
  const log = logBlock(outcome.logTail, maxLines);
  return [
    `**Why:** ${linkConsole(cause, maxWords)}`,
    `**How to fix:** ${linkConsole(remedy, maxWords)}`,
    ...(log === '' ? [] : ['The log ends with:', log]),
  ];
}

const maxWords = 1_500;

function logBlock(tail: readonly string[], maxLines: number): string {
  if (maxLines === 0) return '';
  const lines = plainLines(tail.slice(-maxLines)).map((line) => escapePreformatted(line));
  return lines.every((line) => line.trim() === '') ? '' : `<pre>\n${lines.join('\n')}\n</pre>`;
}
