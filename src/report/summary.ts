import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { asError, type InputError } from '../errors.ts';
import { tempFolder } from '../inputs/context.ts';
import type { Outcome } from '../jobs/records.ts';
import { compareResults, results } from '../jobs/results.ts';
import type { Runner } from '../runner.ts';
import { formatHeadline } from './format.ts';
import { writeSummaryPath } from './outputs.ts';
import { codeSpan, escapeMarkdown, sanitizeLine } from './sanitize.ts';
import { renderContainerResults } from './summary/container-results.ts';
import { renderFailures } from './summary/failures.ts';
import { renderRunning } from './summary/running.ts';
import { renderTimeline } from './summary/timeline.ts';
import { renderJob, renderJobs, renderNodes, renderOffers, renderTotal } from './summary/jobs.ts';
import { numberJobs } from './summary/table.ts';

// GitHub drops a summary of more than 1 MiB as a whole.
const maxBytes = 1_000_000;

/** Whether GitHub takes this as a summary. */
export function fitsSummary(markdown: string): boolean {
  return Buffer.byteLength(markdown) <= maxBytes;
}

// GitHub takes no comment of more than 65,536 characters; whoever posts it may add some.
const maxCommentCharacters = 65_000;

function fitsComment(markdown: string): boolean {
  return markdown.length <= maxCommentCharacters;
}

/** Whether a text is short enough for where it goes. */
export type Fits = (markdown: string) => boolean;

/**
 * Writes the step's summary, and as a file, short enough for a comment. A failure is a warning: it
 * never changes the verdict.
 */
export async function writeSummary(runner: Runner, make: (fits: Fits) => string): Promise<void> {
  try {
    await runner.summarize(cutToFit(make(fitsSummary), fitsSummary));
    keepSummary(runner, make);
  } catch (error) {
    const { message } = asError(error);
    runner.annotate(
      'warning',
      'The job summary could not be written',
      sanitizeLine(runner.redactor.redact(message)),
    );
  }
}

// Whoever wants the file notices that its output is empty.
function keepSummary(runner: Runner, make: (fits: Fits) => string): void {
  try {
    const path = join(mkdtempSync(join(tempFolder(runner), 'dispersed-summary-')), 'summary.md');
    writeFileSync(path, cutToFit(make(fitsComment), fitsComment));
    writeSummaryPath(runner, path);
  } catch (error) {
    const { message } = asError(error);
    const words = sanitizeLine(runner.redactor.redact(message), 200);
    runner.print(`The job summary is not kept as a file: ${words}`);
  }
}

const cutNote = '\n\nThe rest did not fit.\n';

// Cut between lines: a table's row and a list's item are a line each.
function cutToFit(markdown: string, fits: Fits): string {
  if (fits(markdown)) return markdown;
  const lines = markdown.split('\n');
  let [kept, tooMany] = [0, lines.length];
  while (tooMany - kept > 1) {
    const middle = Math.floor((kept + tooMany) / 2);
    if (fits(lines.slice(0, middle).join('\n') + cutNote)) kept = middle;
    else tooMany = middle;
  }
  return lines.slice(0, kept).join('\n') + cutNote;
}

/** How much is shown. */
interface Extent {
  readonly rows: number;
  readonly logLines: number;
  /** Whether the timeline and the containers' results are shown. */
  readonly extras: boolean;
}

const full: Extent = { rows: Infinity, logLines: 40, extras: true };
const compact: Extent = { rows: 50, logLines: 0, extras: false };

/**
 * The summary as GitHub-flavoured Markdown: in full, or compact if that is too long.
 * @param isFine whether the step may pass with this outcome
 */
export function renderSummary(
  outcomes: readonly Outcome[],
  fits: Fits = fitsSummary,
  isFine = passes,
): string {
  const markdown = render(outcomes, full, isFine);
  return fits(markdown) ? markdown : render(outcomes, compact, isFine);
}

function passes({ result }: Outcome): boolean {
  return results[result].passes;
}

function render(outcomes: readonly Outcome[], extent: Extent, isFine: typeof passes): string {
  const jobs = numberJobs(outcomes);
  const [only] = outcomes;
  const parts = [
    heading(outcomes),
    renderFailures(jobs, extent.logLines, isFine),
    renderRunning(jobs),
    only !== undefined && outcomes.length === 1 ? renderJob(only) : renderJobs(jobs, extent.rows),
    renderNodes(jobs),
    extent.extras ? renderContainerResults(jobs) : '',
    renderTotal(jobs),
    renderOffers(jobs),
    extent.extras ? renderTimeline(jobs) : '',
    extent.extras
      ? ''
      : 'GitHub limits the size of a summary: logs, timeline and results are left out.',
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

function heading(outcomes: readonly Outcome[]): string {
  const worst = outcomes.map(({ result }) => result).toSorted(compareResults)[0] ?? 'error';
  return `### ${results[worst].icon} Dispersed: ${escapeMarkdown(formatHeadline(outcomes), 200)}`;
}

/** The summary of a step whose inputs are not valid. */
export function renderInputProblems({ problems }: InputError): string {
  const items = problems.map(
    ({ input, message }) => `- ${codeSpan(input, 100)}: ${escapeMarkdown(message)}`,
  );
  return [`### ${results.error.icon} Dispersed: nothing was sent`, '', ...items, ''].join('\n');
}
