import { durationsOf, hardwareOf, recipeOf, titleOf, uuidOf } from '../../jobs/metrics.ts';
import { addressOf, nodeUrlsOf } from '../../jobs/node-urls.ts';
import type { Outcome } from '../../jobs/records.ts';
import { results } from '../../jobs/results.ts';
import type { Ceilings } from '../../money/ceilings.ts';
import { hourlyRateOf, pricedCostOf, type Cost } from '../../money/cost.ts';
import type { Json } from '../../service/json.ts';
import { isUuid } from '../../service/schemas.ts';
import { consoleUrl } from '../errors.ts';
import { describeStatus, formatCost, formatDuration, formatEstimate } from '../format.ts';
import { escapeHtml, sanitizeLine } from '../sanitize.ts';

// What summaries are made of. Foreign text is in HTML only, where GitHub reads no Markdown.

export interface Column<T> {
  readonly heading: string;
  /** HTML; empty where there is nothing to say. */
  readonly cell: (row: T) => string;
  /** Whether its cells are kept on one line; of numbers, to the right. */
  readonly keep?: 'left' | 'right';
}

export function numbers<T>(heading: string, cell: (row: T) => string): Column<T> {
  return { heading, cell, keep: 'right' };
}

const maxRows = 200;

/**
 * A table of the first rows, without empty columns. HTML can keep a cell on one line, Markdown cannot.
 * @param elsewhere where the rest of the rows is, such as `the log`
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
  const more = left > 0 ? ['', `${left} more rows are in ${elsewhere}.`] : [];
  const trs = [heads, ...lines].map((cells) => `<tr>${cells.join('')}</tr>`);
  return ['<table>', ...trs, '</table>', ...more].join('\n');
}

const styles = { left: ' nowrap', right: ' align="right" nowrap' };

/** `#3` as the log has it; GitHub would make a link to an issue of it. */
export function formatNumber(index: number): string {
  return `<span>#</span>${index + 1}`;
}

/** A UUID or its beginning, or nothing. Not `<code>`, which GitHub breaks at hyphens. */
export function uuidCell(uuid: string | null, length = 36): string {
  return uuid === null || !isUuid(uuid) ? '' : `<samp>${uuid.slice(0, length)}</samp>`;
}

export const consoleLink = `<a href="${consoleUrl}">the console</a>`;

/** A sentence of ours with foreign text in it: the console's address becomes a link, and `x` code. */
export function renderSentence(text: string): string {
  const parts = sanitizeLine(text, 1_500).split(consoleUrl);
  const link = `<a href="${consoleUrl}">${consoleUrl.slice('https://'.length)}</a>`;
  const html = parts.map((part) => escapeHtml(part, part.length)).join(` ${link}`);
  return html.replaceAll(/(?<![^ (])`([^`<>]+)`(?=[ .,;:!?)]|$)/g, '<code>$1</code>');
}

export function fold(summary: string, blocks: readonly string[], isOpen = false): string {
  const tag = isOpen ? '<details open>' : '<details>';
  return [`${tag}<summary>${summary}</summary>`, ...blocks, '</details>'].join('\n\n');
}

/** The blocks of a summary that have any text. */
export function joinBlocks(blocks: readonly string[]): string {
  return `${blocks.filter((block) => block !== '').join('\n\n')}\n`;
}

// More columns than these do not fit beside the others, and more rows push the rest out of sight.
const maxResults = 4;
const maxUnfolded = 20;
const inJobsPath = 'the output `jobs-path`';

/** The table of the jobs; where many succeeded, these are in a second one, folded. */
export function renderJobs(outcomes: readonly Outcome[]): readonly string[] {
  const columns: readonly Column<Outcome>[] = [
    statusColumn,
    titleColumn(outcomes.length > 1),
    numbers('Cost (USD)', (outcome) => costCell(pricedCostOf(outcome))),
    ...resultColumns(outcomes),
    numbers('Waited', (outcome) => durationCell(durationsOf(outcome).queueSeconds)),
    ranColumn,
    { heading: 'Address', cell: addressCell },
    { heading: 'UUID', cell: (outcome) => uuidCell(uuidOf(outcome), 8) },
  ];
  const good = outcomes.filter(({ result }) => result === 'succeeded');
  if (good.length <= maxUnfolded) return [renderTable(columns, outcomes, inJobsPath)];
  const rest = outcomes.filter((outcome) => !good.includes(outcome));
  return [
    rest.length === 0 ? '' : renderTable(columns, rest, inJobsPath),
    fold(`${good.length} jobs succeeded`, [renderTable(columns, good, inJobsPath)]),
  ];
}

export function renderDetails(outcomes: readonly Outcome[], ceilings: Ceilings): string {
  const offers = outcomes.map((outcome) => outcome.offers);
  const estimate = formatEstimate(offers, ceilings);
  const number: Column<Outcome> = { heading: '', cell: ({ ref }) => formatNumber(ref.index) };
  const columns = outcomes.length > 1 ? [number, ...detailColumns] : detailColumns;
  return fold(`Details: UUIDs, hardware${estimate && ', price estimate'}`, [
    renderTable(columns, outcomes, inJobsPath),
    `<p>${escapeHtml(estimate)}${estimate && '. '}All jobs are in ${consoleLink}.</p>`,
  ]);
}

export const statusColumn: Column<Outcome> = {
  heading: '',
  keep: 'left',
  cell: (outcome) => `${results[outcome.result].icon} ${escapeHtml(describeStatus(outcome), 40)}`,
};

// As wide as a phone has room for beside status and cost: a title would be a word a line there.
const titleHeading = `Job${'\u00a0'.repeat(11)}`;

/** @param isNumbered whether the step has several jobs, which the log gives by number */
export function titleColumn(isNumbered: boolean): Column<Outcome> {
  return { heading: titleHeading, cell: (outcome) => formatName(outcome, isNumbered) };
}

/** `#3 Train`, as HTML. */
export function formatName({ ref, job }: Outcome, isNumbered: boolean): string {
  const number = isNumbered ? `${formatNumber(ref.index)} ` : '';
  return `${number}${escapeHtml(titleOf(ref, job), 120)}`;
}

export const ranColumn = numbers('Ran', (outcome: Outcome) =>
  durationCell(durationsOf(outcome).runSeconds),
);

export const rateColumn = numbers('USD an\u00a0hour', (outcome: Outcome) => {
  const usd = hourlyRateOf(outcome);
  return costCell(usd === null ? null : { usd, is: 'billed' });
});

function addressCell(outcome: Outcome): string {
  const addresses = nodeUrlsOf(outcome).map((url) => `<code>${addressOf(url)}</code>`);
  return addresses.join('<br>');
}

const origins = { cooked: '', given: '', found: 'found by its mark', attached: 'earlier attempt' };

const detailColumns: readonly Column<Outcome>[] = [
  { heading: 'Job UUID', keep: 'left', cell: (outcome) => uuidCell(uuidOf(outcome)) },
  { heading: 'Recipe UUID', keep: 'left', cell: (outcome) => uuidCell(recipeOf(outcome)) },
  { heading: 'Hardware', cell: ({ job }) => escapeHtml(hardwareOf(job), 120) },
  rateColumn,
  { heading: 'Origin', cell: ({ origin }) => origins[origin ?? 'cooked'] },
];

function resultColumns(outcomes: readonly Outcome[]): readonly Column<Outcome>[] {
  const keys = new Set(outcomes.flatMap((outcome) => Object.keys(outcome.results ?? {})));
  return [...keys].slice(0, maxResults).map((key) => ({
    heading: escapeHtml(key, 40),
    // A key may have the name of what every object inherits.
    cell: ({ results: own }) => (own && Object.hasOwn(own, key) ? resultCell(own[key]) : ''),
  }));
}

function resultCell(value: Json | undefined): string {
  if (typeof value === 'string') return escapeHtml(value, 120);
  const isFraction = typeof value === 'number' && !Number.isInteger(value);
  return escapeHtml(JSON.stringify(isFraction ? Number(value.toPrecision(6)) : value) ?? '', 120);
}

export function costCell(cost: Cost | null): string {
  return cost === null ? '' : formatCost(cost).replace(' USD', '').replace('under', '&lt;');
}

function durationCell(seconds: number | null): string {
  return seconds === null ? '' : formatDuration(seconds * 1000);
}
