import { isUuid } from '../../service/schemas.ts';
import { consoleUrl } from '../errors.ts';
import { escapeHtml, sanitizeLine } from '../sanitize.ts';

// What summaries are made of. Foreign text stands in HTML alone, where Markdown is not read.

/** A column of a table: its head, and what it shows of a row. */
export interface Column<T> {
  readonly heading: string;
  /** HTML; empty where there is nothing to say. */
  readonly cell: (row: T) => string;
  /** Whether its cells are kept on one line; of numbers, to the right. */
  readonly keep?: 'left' | 'right';
}

/** A column of numbers. */
export function numbers<T>(heading: string, cell: (row: T) => string): Column<T> {
  return { heading, cell, keep: 'right' };
}

// More push the rest out of sight.
const maxRows = 200;

/**
 * A table of the first rows; a column without any text is left out. It is HTML, for a cell of
 * Markdown's tables cannot be kept on one line.
 * @param elsewhere the output that has the rest of the rows
 */
export function renderTable<T>(
  columns: readonly Column<T>[],
  all: readonly T[],
  elsewhere: string,
): string {
  const rows = all.slice(0, maxRows);
  const shown = columns.filter(({ cell }) => rows.some((row) => cell(row) !== ''));
  const heads = shown.map(({ heading, keep = 'left' }) => `<th align="${keep}">${heading}</th>`);
  const lines = rows.map((row) =>
    shown.map(({ cell, keep }) => `<td${keep ? styles[keep] : ''}>${cell(row)}</td>`),
  );
  const left = all.length - maxRows;
  const more = left > 0 ? ['', `${left} more are in the output \`${elsewhere}\`.`] : [];
  const trs = [heads, ...lines].map((cells) => `<tr>${cells.join('')}</tr>`);
  return ['<table>', ...trs, '</table>', ...more].join('\n');
}

const styles = { left: ' nowrap', right: ' align="right" nowrap' };

/** `#3` as the log has it; GitHub would make a link to an issue of it. */
export function formatNumber(index: number): string {
  return `<span>#</span>${index + 1}`;
}

/** A UUID to copy, or so much of its beginning; empty where there is none. Not `<code>`, which GitHub breaks at every hyphen. */
export function uuidCell(uuid: string | null, length = 36): string {
  return uuid === null || !isUuid(uuid) ? '' : `<samp>${uuid.slice(0, length)}</samp>`;
}

/** The console, where every job can be seen and canceled. */
export const consoleLink = `<a href="${consoleUrl}">the console</a>`;

/** A sentence of ours with foreign text in it, in which the console's address is a link. */
export function renderSentence(text: string, maxLength = 1_500): string {
  const parts = sanitizeLine(text, maxLength).split(consoleUrl);
  const link = `<a href="${consoleUrl}">${consoleUrl.slice('https://'.length)}</a>`;
  return parts.map((part) => escapeHtml(part, maxLength)).join(` ${link}`);
}

/** Blocks under a line that unfolds them. */
export function fold(summary: string, blocks: readonly string[], isOpen = false): string {
  const tag = isOpen ? '<details open>' : '<details>';
  return [`${tag}<summary>${summary}</summary>`, ...blocks, '</details>'].join('\n\n');
}

/** The blocks of a summary that have any text. */
export function joinBlocks(blocks: readonly string[]): string {
  return `${blocks.filter((block) => block !== '').join('\n\n')}\n`;
}
