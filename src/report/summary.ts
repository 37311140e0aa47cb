import { InputError, ServiceError } from '../errors.ts';
import { isOpen, timesOf, uuidOf } from '../jobs/metrics.ts';
import type { Outcome } from '../jobs/records.ts';
import { results, sortByResult } from '../jobs/results.ts';
import { noCeilings, type Ceilings } from '../money/ceilings.ts';
import type { Runner } from '../runner.ts';
import type { ErrorMessage } from './errors.ts';
import {
  describeTrouble,
  firstThatFit,
  formatCounts,
  formatDuration,
  formatRates,
  formatTotal,
} from './format.ts';
import { describeOutcome, endedWell } from './outcome-messages.ts';
import { writeOutputFile } from './outputs.ts';
import { escapePreformatted, sanitizeLogLine } from './sanitize.ts';
import {
  consoleLink,
  fold,
  formatName,
  formatNumber,
  joinBlocks,
  renderDetails,
  renderJobs,
  renderSentence,
  uuidCell,
} from './summary/tables.ts';
import { renderTimeline } from './summary/timeline.ts';

// GitHub drops a summary of more than 1 MiB as a whole.
const maxBytes = 1_000_000;
// GitHub takes comments of up to 65,536 characters; the workflow may add some.
const maxCommentBytes = 65_000;

/** Writes the step's summary, and a file short enough for a comment. A failure is a warning. */
export async function writeSummary(runner: Runner, render: () => string): Promise<void> {
  try {
    const markdown = render();
    await runner.summarize(cutToFit(markdown, maxBytes));
    const comment = cutToFit(markdown, maxCommentBytes);
    writeOutputFile(runner, 'summary-path', 'summary.md', comment);
  } catch (error) {
    const title = 'The job summary could not be written';
    runner.annotate('warning', title, describeTrouble(runner, error));
  }
}

/** Cuts between lines, of which a table's row is one, and closes what is open there. */
function cutToFit(markdown: string, max: number): string {
  if (Buffer.byteLength(markdown) <= max) return markdown;
  const note = '\n\nThe rest of the summary did not fit. See the log of the step.\n';
  const text = firstThatFit(markdown.split('\n'), max - note.length - 40).join('\n');
  const isCutIn = (tag: string) => text.lastIndexOf(`<${tag}`) > text.lastIndexOf(`</${tag}>`);
  const close = ['pre', 'table', 'ul', 'details'].filter(isCutIn).map((tag) => `\n</${tag}>`);
  return text + close.join('') + note;
}

export interface ReportOptions {
  readonly isFine?: (outcome: Outcome) => boolean;
  /** Whether jobs that are still running are canceled when the workflow's job ends. */
  readonly stopsWithJob?: boolean;
  readonly ceilings?: Ceilings;
}

/** The summary as GitHub-flavored Markdown. */
export function renderSummary(
  outcomes: readonly Outcome[],
  { isFine = endedWell, stopsWithJob = false, ceilings = noCeilings }: ReportOptions = {},
): string {
  const hasJobs = outcomes.length > 1 || outcomes.some((outcome) => uuidOf(outcome) !== null);
  return joinBlocks([
    renderHeading(outcomes),
    ...renderFailures(outcomes, isFine),
    renderRunning(outcomes, stopsWithJob),
    ...(hasJobs ? renderJobs(outcomes) : []),
    renderTimeline(outcomes),
    hasJobs ? renderDetails(outcomes, ceilings) : '',
  ]);
}

/** `### ❌ 1 of 4 jobs failed · 11m 45s · about 0.32 USD` */
function renderHeading(outcomes: readonly Outcome[]): string {
  const worst = sortByResult(outcomes)[0]?.result ?? 'error';
  const counts = formatCounts(outcomes).replace(/, \d+ succeeded$/, '');
  const times = outcomes.map(timesOf).filter(({ createdMs }) => createdMs !== null);
  const startMs = Math.min(...times.map(({ createdMs }) => createdMs ?? Infinity));
  const isOver = times.length > 0 && times.every(({ endedMs }) => endedMs !== null);
  const endMs = Math.max(...times.map(({ endedMs }) => endedMs ?? 0));
  const duration = isOver ? formatDuration(endMs - startMs) : '';
  const parts = [`${results[worst].icon} ${counts}`, duration, formatTotal(outcomes)];
  return `### ${parts.filter((part) => part !== '').join(' · ')}`;
}

const maxListed = 50;
const maxLogs = 20;
const maxLogLines = 40;
// For all logs together, so that a comment has room for the table.
const maxLogBytes = 30_000;

/** The jobs that were not successful, the worst first, in groups with the same cause and remedy. */
function renderFailures(
  outcomes: readonly Outcome[],
  isFine: (outcome: Outcome) => boolean,
): readonly string[] {
  const bad = sortByResult(outcomes.filter((outcome) => !isFine(outcome)));
  const isSeveral = outcomes.length > 1;
  const shown = bad.slice(0, maxListed);
  const withLog = bad.slice(0, maxLogs);
  const groups = Map.groupBy(shown, describeFailure);
  const blocks = [...groups].flatMap(([text, group]) => {
    const names = group.map((outcome) => formatName(outcome, isSeveral)).join(', ');
    const icon = group.map(({ result }) => results[result].icon)[0];
    const who = group.length > 1 ? text.replaceAll('The job ', 'Each ') : text;
    const hasName = isSeveral || group.some(({ job }) => job !== null);
    const line = `${hasName ? `<b>${names}</b>: ` : ''}${who}`.replace('</b>: The job ', '</b> ');
    const logs = group
      .filter((outcome) => withLog.includes(outcome))
      .flatMap((outcome) => renderLog(outcome, isSeveral, maxLogBytes / withLog.length));
    const folded = logs.length === 0 ? [] : [fold('Last lines of the log', logs)];
    return [`<p>${icon} ${line}</p>`, ...folded];
  });
  const left = bad.length - shown.length;
  return left > 0 ? [...blocks, `${left} more jobs are in the output \`jobs-path\`.`] : blocks;
}

// Without the UUID, so that what happened to several jobs is one text.
function describeFailure(outcome: Outcome): string {
  const { error } = outcome;
  const { title, cause, remedy } = describeOutcome(outcome);
  const uuid = uuidOf(outcome);
  const unnamed = (text: string) =>
    text.replaceAll(`Job ${uuid}`, 'The job').replaceAll(`job ${uuid}`, 'the job');
  const whole = error instanceof InputError ? `\n${error.message}` : cause;
  const message = { title: unnamed(title), cause: unnamed(whole), remedy };
  return renderMessage(message, error !== null);
}

/** @param isTitled whether the title says more than what is shown beside it */
export function renderMessage({ title, cause, remedy }: ErrorMessage, isTitled = true): string {
  const lines = (isTitled ? `${title}. ${cause}` : cause).split('\n');
  const fix = remedy === '' ? [] : [`<b>How to fix:</b> ${renderSentence(remedy)}`];
  return [...lines.map((line) => renderSentence(line)), ...fix].join('<br>');
}

function renderLog({ ref, logTail }: Outcome, isSeveral: boolean, maxSize: number) {
  const lines = logTail
    .slice(-maxLogLines)
    .map((line) => escapePreformatted(sanitizeLogLine(line)));
  const shown = firstThatFit(lines.toReversed(), maxSize).toReversed();
  if (shown.every((line) => line.trim() === '')) return [];
  const whose = isSeveral ? [`<b>${formatNumber(ref.index)}</b>`] : [];
  return [...whose, `<pre>\n${shown.join('\n')}\n</pre>`];
}

function renderRunning(outcomes: readonly Outcome[], stopsWithJob: boolean): string {
  const open = outcomes.filter((outcome) => isOpen(outcome) && outcome.cancel !== 'accepted');
  if (open.length === 0) return '';
  const isUncertain = open.some(
    ({ job, ending, cancel, unread }) =>
      // The last status is not known, the cancel did not work, or it has run, and no longer does.
      ending === 'lost' || unread || cancel || (job?.status !== 'RUNNING' && job?.started_at),
  );
  const names = open.slice(0, maxListed).map((outcome) => formatName(outcome, outcomes.length > 1));
  const rate = formatRates(open);
  const hasServer = open.some(({ job }) => job?.task === 'PERSISTENT');
  const waiting = `Not running yet, ${hasServer ? 'but already billed' : 'and billed once running'}`;
  const isRunning = open.some(({ job }) => job?.status === 'RUNNING');
  const known = isRunning ? 'Still running, and billed' : waiting;
  const title = isUncertain ? 'May still be running, and billed' : known;
  const billed = `<b>${title}</b>${rate && `, ${rate}`}: ${names.join(', ')}`;
  if (stopsWithJob) return `<p>🟢 ${billed}<br>Stops when the workflow's job ends.</p>`;
  // The key is no longer accepted: it cannot cancel or wait either.
  if (open.some(({ error }) => error instanceof ServiceError && error.status === 401))
    return `<p>🟢 ${billed}<br><b>How to stop:</b> use ${consoleLink}.</p>`;
  const [only = null] = open.length === 1 ? open.map(uuidOf) : [];
  const uuid = uuidCell(only) || 'the output <code>job-uuids</code> of this step';
  const action = '<code>dispersed-cook/dispersed-cook';
  const isUnwatched = open.some(({ result }) => result === 'submitted' || result === 'detached');
  return [
    `<p>🟢 ${billed}`,
    `<br><b>How to stop:</b> use ${action}/cancel</code> with <code>job-uuids</code> set to ${uuid}, or use ${consoleLink}.`,
    isUnwatched ? ` <b>How to wait:</b> use ${action}/wait</code>.` : '',
    '</p>',
  ].join('');
}

export function renderInputProblems(title: string, { problems }: InputError): string {
  const items = problems.map(
    ({ input, message }) =>
      `<li><code>${escapePreformatted(input, 100)}</code>: ${renderSentence(message)}</li>`,
  );
  return joinBlocks([`### ${results.error.icon} ${title}`, ['<ul>', ...items, '</ul>'].join('\n')]);
}
