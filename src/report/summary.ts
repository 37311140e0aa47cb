import { isUuid } from '../dispersed/schemas.ts';
import type { InputError } from '../errors.ts';
import type { Origin, Outcome, Result } from '../records.ts';
import { compareResults, isFinal } from '../verdict.ts';
import { formatDuration } from './durations.ts';
import { hardwareOf, recipeOf, resultWords, spansOf, titleOf, uuidOf } from './facts.ts';
import { safeMarkdown } from './safe.ts';
import { verdictLine } from './verdict-line.ts';

const marks: Readonly<Record<Result, string>> = {
  succeeded: '✅',
  running: '🟢',
  submitted: '🚀',
  'dry-run': '🧪',
  detached: '⏳',
  failed: '❌',
  cancelled: '🚫',
  'timed-out': '⌛',
  error: '⚠️',
};

/** The summary as GitHub-flavoured Markdown. */
export function renderSummary(outcomes: readonly Outcome[]): string {
  const worst = outcomes.map(({ result }) => result).toSorted(compareResults)[0] ?? 'error';
  const heading = `### ${marks[worst]} Dispersed: ${verdictLine(outcomes)}`;
  return [heading, '', renderTable(outcomes), ''].join('\n');
}

/** The summary of a step whose inputs could not be used. */
export function renderInputProblems({ problems }: InputError): string {
  const items = problems.map(
    ({ input, message }) => `- <code>${safeMarkdown(input, 100)}</code>: ${safeMarkdown(message)}`,
  );
  return [`### ${marks.error} Dispersed: nothing was cooked`, '', ...items, ''].join('\n');
}

// What goes without saying is not said.
const origins: Readonly<Record<Origin, string>> = {
  cooked: '',
  given: '',
  found: 'found by its key',
  attached: 'earlier attempt',
};

interface Column {
  readonly heading: string;
  readonly alignRight?: true;
  /** A cell's Markdown; empty where there is nothing to say. */
  readonly cell: (outcome: Outcome) => string;
}

const columns: readonly Column[] = [
  {
    heading: 'Status',
    cell: ({ result, job }) => `${marks[result]} ${statusWords(result, job?.status)}`,
  },
  { heading: 'Title', cell: ({ subject, job }) => safeMarkdown(titleOf(subject, job), 120) },
  { heading: 'Job', cell: (outcome) => code(uuidOf(outcome)) },
  { heading: 'Recipe', cell: (outcome) => code(recipeOf(outcome)) },
  { heading: 'Hardware', cell: ({ job }) => safeMarkdown(hardwareOf(job), 120) },
  { heading: 'Queued', alignRight: true, cell: (outcome) => span(spansOf(outcome).queueSeconds) },
  { heading: 'Ran', alignRight: true, cell: (outcome) => span(spansOf(outcome).runSeconds) },
  { heading: 'Origin', cell: ({ origin }) => origins[origin ?? 'cooked'] },
  {
    heading: 'Reason',
    cell: ({ job, error }) => safeMarkdown(job?.status_reason ?? error?.message ?? '', 300),
  },
];

/** A table of the jobs; a column that would be empty is left out. */
function renderTable(outcomes: readonly Outcome[]): string {
  const rows = outcomes.map((outcome) => columns.map(({ cell }) => cell(outcome)));
  const used = columns.map((_, column) => rows.some((row) => row[column] !== ''));
  const keep = (cells: readonly string[]) =>
    `| ${cells.filter((_, column) => used[column]).join(' | ')} |`;
  return [
    keep(columns.map(({ heading }) => heading)),
    keep(columns.map(({ alignRight }) => (alignRight ? '--:' : '---'))),
    ...rows.map(keep),
  ].join('\n');
}

function statusWords(result: Result, status: string | undefined): string {
  const words = resultWords[result];
  if (status === undefined) return words;
  const shown = safeMarkdown(status, 60);
  // Where the service's word says it all, ours would only repeat it.
  return isFinal(status) || result === 'running' ? shown : `${shown}, ${words}`;
}

function span(seconds: number | null): string {
  return seconds === null ? '' : formatDuration(seconds * 1000);
}

function code(uuid: string | null): string {
  return uuid === null || !isUuid(uuid) ? '' : `\`${uuid}\``;
}
