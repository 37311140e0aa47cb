import type { InputError } from '../errors.ts';
import type { Outcome } from '../jobs/records.ts';
import { results } from '../jobs/results.ts';
import { noCeilings, type Ceilings } from '../money/ceilings.ts';
import type { Runner } from '../runner.ts';
import { firstThatFit, formatCostSuffix, formatEstimate, formatHeadline } from './format.ts';
import { describeTrouble, writeOutputFile } from './outputs.ts';
import { endedWell } from './outcome-messages.ts';
import { codeSpan, escapeMarkdown } from './sanitize.ts';
import { renderFailures } from './summary/failures.ts';
import { renderRunning } from './summary/running.ts';
import { renderTimeline } from './summary/timeline.ts';
import { sortByResult } from './summary/table.ts';
import { renderJobs, renderNodes } from './summary/jobs.ts';

/** How much a summary shows: all there is, or what matters most where that is too long. */
export type Tier = 'full' | 'compact';

// GitHub drops a summary of more than 1 MiB as a whole.
const maxBytes = 1_000_000;
// GitHub takes no comment of more than 65,536 characters; whoever posts it may add some.
const maxCommentBytes = 65_000;

/**
 * Writes the step's summary, and as a file, short enough for a comment. A failure is a warning: it
 * never changes the verdict.
 */
export async function writeSummary(runner: Runner, render: (tier: Tier) => string): Promise<void> {
  try {
    const full = render('full');
    const compact = fits(full, maxCommentBytes) ? full : render('compact');
    const fitted = (max: number) => (fits(full, max) ? full : cutToFit(compact, max));
    await runner.summarize(fitted(maxBytes));
    writeOutputFile(runner, 'summary-path', 'summary.md', fitted(maxCommentBytes));
  } catch (error) {
    const title = 'The job summary could not be written';
    runner.annotate('warning', title, describeTrouble(runner, error));
  }
}

function fits(markdown: string, max: number): boolean {
  return Buffer.byteLength(markdown) <= max;
}

const cutNote = '\n\nThe rest did not fit.\n';

// Cut between lines: a table's row and a list's item are a line each.
function cutToFit(markdown: string, max: number): string {
  if (fits(markdown, max)) return markdown;
  const lines = firstThatFit(markdown.split('\n'), max - cutNote.length);
  return lines.join('\n') + cutNote;
}

// What a compact summary has.
const compactRows = 50;
const maxLogLines = 40;

/** How the outcomes are judged, where that is not as everywhere. */
export interface ReportOptions {
  /** Whether the step may pass with this outcome. */
  readonly isFine?: (outcome: Outcome) => boolean;
  /** Whether jobs that are still running are cancelled when the workflow's job ends. */
  readonly stopsWithJob?: boolean;
  /** What the jobs may cost. */
  readonly ceilings?: Ceilings;
}

/** The summary as GitHub-flavoured Markdown. */
export function renderSummary(
  outcomes: readonly Outcome[],
  tier: Tier = 'full',
  { isFine = endedWell, stopsWithJob = false, ceilings = noCeilings }: ReportOptions = {},
): string {
  const isFull = tier === 'full';
  const isNothing = outcomes.length === 1 && outcomes.every(({ job }) => job === null);
  const parts = [
    heading(outcomes),
    renderFailures(outcomes, isFull ? maxLogLines : 0, isFine),
    renderRunning(outcomes, stopsWithJob),
    isNothing ? '' : renderJobs(outcomes, isFull ? Infinity : compactRows),
    formatEstimate(
      outcomes.map(({ offers }) => offers),
      ceilings,
    ),
    renderNodes(outcomes),
    isFull
      ? renderTimeline(outcomes)
      : 'GitHub limits the size of a summary: logs and the timeline are left out.',
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

function heading(outcomes: readonly Outcome[]): string {
  const worst = sortByResult(outcomes)[0]?.result ?? 'error';
  const headline = escapeMarkdown(formatHeadline(outcomes), 200);
  // The table has the cost of a single job.
  const cost = outcomes.length === 1 ? '' : formatCostSuffix(outcomes);
  return `### ${results[worst].icon} Dispersed: ${headline}${cost}`;
}

/** The summary of a step whose inputs are not valid. */
export function renderInputProblems({ problems }: InputError): string {
  const items = problems.map(
    ({ input, message }) => `- ${codeSpan(input, 100)}: ${escapeMarkdown(message)}`,
  );
  return [`### ${results.error.icon} Dispersed: nothing was sent`, '', ...items, ''].join('\n');
}
