import { isUuid } from '../../service/schemas.ts';
import type { Outcome } from '../../jobs/records.ts';
import type { Cost } from '../../money/cost.ts';
import { compareResults, results } from '../../jobs/results.ts';
import { finalResultOf } from '../../jobs/status.ts';
import { consoleUrl } from '../errors.ts';
import { formatCost, formatDuration, formatUsd, phraseOf } from '../format.ts';
import { escapeHtml, escapeMarkdown, sanitizeLine } from '../sanitize.ts';

/** A column of a table: its head, and what it shows of a row. */
export interface Column<T> {
  readonly heading: string;
  /** Left, if nothing is said. */
  readonly align?: 'right';
  /** Whether its cells are kept on one line. */
  readonly keep?: true;
  /** HTML; empty where there is nothing to say. */
  readonly cell: (row: T) => string;
}

/**
 * A table of the first rows; a column without any text is left out. Not one of Markdown's: there, a
 * UUID could not be kept from breaking at its hyphens.
 * @param max how many rows to show
 * @param elsewhere what has the rest of them, in Markdown
 */
export function renderTable<T>(
  columns: readonly Column<T>[],
  all: readonly T[],
  max = Infinity,
  elsewhere = '',
): string {
  const rows = all.slice(0, max).map((row) => columns.map(({ cell }) => cell(row)));
  const used = columns.map((_, column) => rows.some((row) => row[column] !== ''));
  const line = (tag: 'th' | 'td', cells: readonly string[]) => {
    const shown = cells.map((cell, index) => `<${tag}${styleOf(columns[index])}>${cell}</${tag}>`);
    return `<tr>${shown.filter((_, index) => used[index]).join('')}</tr>`;
  };
  const heads = line(
    'th',
    columns.map(({ heading }) => heading),
  );
  const more = all.length > max ? ['', `${all.length - max} more are in ${elsewhere}.`] : [];
  return ['<table>', heads, ...rows.map((row) => line('td', row)), '</table>', ...more].join('\n');
}

function styleOf(column: { readonly align?: 'right'; readonly keep?: true } = {}): string {
  return ` align="${column.align ?? 'left'}"${column.keep ? ' nowrap' : ''}`;
}

/** The number of a job among those of the step, from 1, as the log gives it. */
export function jobNumber({ ref }: Outcome): number {
  return ref.index + 1;
}

/** The worst jobs first; those with the same result in their old order. */
export function sortByResult(outcomes: readonly Outcome[]): readonly Outcome[] {
  return outcomes.toSorted((a, b) => compareResults(a.result, b.result));
}

/** The worst jobs, in their old order. */
export function selectWorst(outcomes: readonly Outcome[], max: number): readonly Outcome[] {
  const worst = new Set(sortByResult(outcomes).slice(0, max));
  return outcomes.filter((outcome) => worst.has(outcome));
}

/** The service's status, and our result where it says more. */
export function statusCell(outcome: Outcome): string {
  const { result, job } = outcome;
  const { icon, words } = results[result];
  if (job === null) return `${icon} ${words}`;
  const shown = `${icon}\u00a0${escapeHtml(job.status, 60)}`;
  if (result === 'running' || result === finalResultOf(job.status)) return shown;
  return `${shown}, ${result === 'cancelled' ? phraseOf(outcome) : words}`;
}

/** What something has cost; empty where that is not known. */
export function costCell(cost: Cost | null): string {
  return cost === null ? '' : withoutBreaks(formatCost(cost));
}

/** What something costs an hour; empty where that is not known. */
export function rateCell(usd: number | null): string {
  return usd === null ? '' : withoutBreaks(formatUsd(usd));
}

/** A duration on one line; empty if it is not known. */
export function durationCell(seconds: number | null): string {
  return seconds === null ? '' : withoutBreaks(formatDuration(seconds * 1000));
}

/** A short text of ours that a narrow column does not break. */
export function withoutBreaks(text: string): string {
  return text.replaceAll(' ', '\u00a0');
}

/** A UUID to copy; empty where there is none. Not `<code>`, which GitHub breaks at every hyphen. */
export function uuidCode(uuid: string | null): string {
  return uuid === null || !isUuid(uuid) ? '' : `<samp>${uuid}</samp>`;
}

/** The console, where every job can be seen and cancelled. */
export const consoleLink = `[the console](${consoleUrl})`;

/** A sentence of ours in Markdown, in which the console's address is a link. */
export function linkConsole(text: string, maxLength: number): string {
  const parts = sanitizeLine(text, maxLength).split(consoleUrl);
  const link = ` [${consoleUrl.slice('https://'.length)}](${consoleUrl})`;
  return parts.map((part) => escapeMarkdown(part, maxLength)).join(link);
}

/** Markdown under a line that unfolds it. */
export function fold(summary: string, parts: readonly string[], isOpen = false): string {
  const tag = isOpen ? '<details open>' : '<details>';
  return [`${tag}<summary>${summary}</summary>`, ...parts, '</details>'].join('\n\n');
}
