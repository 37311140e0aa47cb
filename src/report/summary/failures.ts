import { ownName } from '../../jobs/failure.ts';
import { titleOf } from '../../jobs/metrics.ts';
import type { Outcome } from '../../jobs/records.ts';
import { results } from '../../jobs/results.ts';
import { plainLines } from '../container-log.ts';
import { phraseOf } from '../format.ts';
import { describeOutcome } from '../outcome-messages.ts';
import { escapeHtml, escapePreformatted } from '../sanitize.ts';
import { fold, jobNumber, linkConsole, sortByResult } from './table.ts';

// Nobody reads more.
const maxJobs = 50;
// What there is room for beside a title.
const maxReason = 160;

/**
 * For each job that was not successful, the worst first: what happened, what to do, and the end of
 * its log; folded where the step has several jobs.
 * @param maxLines how many lines of a log to show
 * @param isFine whether the step may pass with this outcome
 */
export function renderFailures(
  outcomes: readonly Outcome[],
  maxLines: number,
  isFine: (outcome: Outcome) => boolean,
): string {
  const bad = sortByResult(outcomes.filter((outcome) => !isFine(outcome)));
  const blocks = bad.slice(0, maxJobs).flatMap((outcome) => {
    const { cause, remedy } = describeOutcome(outcome);
    const log = renderLog(outcome.logTail, maxLines);
    const parts = [
      `**Why:** ${linkConsole(cause, maxWords)}`,
      `**How to fix:** ${linkConsole(remedy, maxWords)}`,
      ...(log === '' ? [] : ['The log ends with:', log]),
    ];
    return outcomes.length === 1 ? parts : [fold(titleLine(outcome), parts, bad.length === 1)];
  });
  const left = bad.length - maxJobs;
  const more = `The reasons for ${left} more jobs are in the output \`jobs\`.`;
  return [...blocks, ...(left > 0 ? [more] : [])].join('\n\n');
}

function titleLine(outcome: Outcome): string {
  const { ref, job, error, result } = outcome;
  const title = escapeHtml(titleOf(ref, job), 80);
  // Our own reason comes back with our name, for those who read it elsewhere.
  const reason = (job?.status_reason || error?.message || '').replace(ownName, '');
  const brief = escapeHtml(reason || phraseOf(outcome), maxReason);
  return `${results[result].icon} ${jobNumber(outcome)} <b>${title}</b>: ${brief}`;
}

const maxWords = 1_500;

function renderLog(tail: readonly string[], maxLines: number): string {
  if (maxLines === 0) return '';
  const lines = plainLines(tail.slice(-maxLines)).map((line) => escapePreformatted(line));
  return lines.every((line) => line.trim() === '') ? '' : `<pre>\n${lines.join('\n')}\n</pre>`;
}
