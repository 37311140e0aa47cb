import type { Outcome } from '../../jobs/records.ts';
import { hourlyRateOf, pricedCostOf, totalCostOf } from '../../money/cost.ts';
import { durationsOf, hardwareOf, recipeOf, titleOf, uuidOf } from '../../jobs/metrics.ts';
import { addressOf, nodeUrlsOf, type NodeUrl } from '../../jobs/node-urls.ts';
import { describeOffers, formatNumber, formatUsd } from '../format.ts';
import { passes, results } from '../../jobs/results.ts';
import { escapeHtml } from '../sanitize.ts';
import {
  consoleLink,
  costCell,
  durationCell,
  fold,
  reasonOf,
  renderTable,
  statusCell,
  uuidCode,
  withoutBreaks,
  worstJobs,
  type Column,
  type NumberedOutcome,
} from './table.ts';

type JobColumn = Column<NumberedOutcome>;

const numberColumn: JobColumn = {
  heading: '#',
  align: 'right',
  cell: ({ number }) => String(number),
};

// More columns than these do not fit beside the others, and more rows push the rest out of sight.
const maxResults = 4;
const maxUnfolded = 20;

/**
 * The table of the jobs: those that ended well are folded where there are many, and what is rarely
 * needed is in a second one.
 * @param maxRows how many to show: the worst ones
 */
export function renderJobs(jobs: readonly NumberedOutcome[], maxRows: number): string {
  const shown = worstJobs(jobs, maxRows);
  const numbers = jobs.length === 1 ? [] : [numberColumn];
  const columns = [...numbers, ...statusColumns, ...resultColumns(jobs), ...costColumns];
  const good = shown.filter(({ outcome }) => outcome.result === 'succeeded');
  const rest = shown.filter(({ outcome }) => outcome.result !== 'succeeded');
  const isFolded = good.length > maxUnfolded;
  const title = `${results.succeeded.icon} ${good.length} jobs succeeded`;
  const left = jobs.length - shown.length;
  return [
    ...(isFolded && rest.length === 0 ? [] : [renderTable(columns, isFolded ? rest : shown)]),
    ...(isFolded ? [fold(title, [renderTable(columns, good)])] : []),
    ...(left > 0 ? [`${left} more jobs are in the file of the output \`jobs-path\`.`] : []),
    fold('UUIDs, recipes and hardware', [
      renderTable([...numbers, ...detailColumns], shown),
      `All jobs are in ${consoleLink}.`,
    ]),
  ].join('\n\n');
}

const statusColumns: readonly JobColumn[] = [
  { heading: 'Status', cell: ({ outcome }) => statusCell(outcome) },
  { heading: 'Title', cell: ({ outcome }) => titleCell(outcome, 120) },
];

const costColumns: readonly JobColumn[] = [
  {
    heading: 'Waited',
    align: 'right',
    cell: ({ outcome }) => durationCell(durationsOf(outcome).queueSeconds),
  },
  {
    heading: 'Ran',
    align: 'right',
    cell: ({ outcome }) => durationCell(durationsOf(outcome).runSeconds),
  },
  { heading: 'Cost', align: 'right', cell: ({ outcome }) => costCell(pricedCostOf(outcome)) },
];

const originWords = {
  cooked: '',
  given: '',
  found: 'found by its mark',
  attached: 'earlier attempt',
};

const detailColumns: readonly JobColumn[] = [
  { heading: 'Job', keep: true, cell: ({ outcome }) => uuidCode(uuidOf(outcome)) },
  { heading: 'Recipe', keep: true, cell: ({ outcome }) => uuidCode(recipeOf(outcome)) },
  { heading: 'Hardware', cell: ({ outcome: { job } }) => escapeHtml(hardwareOf(job), 120) },
  { heading: 'An hour', align: 'right', cell: ({ outcome }) => rateCell(hourlyRateOf(outcome)) },
  { heading: 'Price estimate', cell: ({ outcome }) => offersCell(outcome) },
  { heading: 'Origin', cell: ({ outcome }) => originWords[outcome.origin ?? 'cooked'] },
  // The reason of a job that did not end well is above the tables.
  {
    heading: 'Reason',
    cell: ({ outcome }) => (passes(outcome.result) ? escapeHtml(reasonOf(outcome), 1_000) : ''),
  },
];

/** What a job or a machine costs an hour, in a cell; empty where that is not known. */
function rateCell(usd: number | null): string {
  return usd === null ? '' : withoutBreaks(formatUsd(usd));
}

function titleCell({ ref, job }: Outcome, maxLength: number): string {
  return escapeHtml(titleOf(ref, job), maxLength);
}

function offersCell({ offers }: Outcome): string {
  return offers === null ? '' : escapeHtml(describeOffers(offers), 200);
}

// What the containers reported: a key a column.
function resultColumns(jobs: readonly NumberedOutcome[]): readonly JobColumn[] {
  const keys = new Set(jobs.flatMap(({ outcome }) => Object.keys(outcome.results ?? {})));
  return [...keys].slice(0, maxResults).map((key) => ({
    heading: escapeHtml(key, 40),
    cell: ({ outcome }) => resultCell(outcome, key),
  }));
}

// A key may have the name of what every object inherits.
function resultCell({ results: all }: Outcome, key: string): string {
  const value = all !== null && Object.hasOwn(all, key) ? all[key] : undefined;
  if (value === undefined) return '';
  if (typeof value === 'number') return escapeHtml(formatNumber(value));
  return escapeHtml(typeof value === 'string' ? value : JSON.stringify(value), 120);
}

/** What all jobs have cost together; empty where nothing is known of it. */
export function renderTotal(jobs: readonly NumberedOutcome[]): string {
  const outcomes = jobs.map(({ outcome }) => outcome);
  const known = outcomes.filter((outcome) => pricedCostOf(outcome) !== null).length;
  const total = totalCostOf(outcomes);
  if (jobs.length === 1 || total === null) return '';
  const count = known === jobs.length ? `all ${jobs.length}` : `${known} of the ${jobs.length}`;
  const sum = `**${formatUsd(total.usd)}**`;
  return total.is === 'billed'
    ? `Billed for ${count} jobs: ${sum}.`
    : `Estimated cost of ${count} jobs: ≈ ${sum} (rate × time).`;
}

const maxNodes = 100;

interface Node extends NumberedOutcome {
  readonly node: NodeUrl;
}

/** Where the jobs that run can be reached. */
export function renderNodes(jobs: readonly NumberedOutcome[]): string {
  const nodes = jobs.flatMap((job) => nodeUrlsOf(job.outcome).map((node) => ({ ...job, node })));
  if (nodes.length === 0) return '';
  const columns: readonly Column<Node>[] = [
    ...(jobs.length === 1 ? [] : [numberColumn]),
    { heading: 'Port', cell: ({ node }) => escapeHtml(node.description ?? '', 60) },
    { heading: 'Address', cell: ({ node }) => `<code>${addressOf(node)}</code>` },
  ];
  return renderTable(columns, nodes, maxNodes, 'the output `node-urls`');
}
