import type { Outcome } from '../../jobs/records.ts';
import { hourlyRateOf, pricedCostOf } from '../../money/cost.ts';
import { durationsOf, hardwareOf, recipeOf, titleOf, uuidOf } from '../../jobs/metrics.ts';
import { addressOf, nodeUrlsOf } from '../../jobs/node-urls.ts';
import type { Json } from '../../service/json.ts';
import { results } from '../../jobs/results.ts';
import { escapeHtml } from '../sanitize.ts';
import {
  consoleLink,
  costCell,
  durationCell,
  fold,
  jobNumber,
  rateCell,
  renderTable,
  selectWorst,
  statusCell,
  uuidCode,
  type Column,
} from './table.ts';

type JobColumn = Column<Outcome>;

// More columns than these do not fit beside the others, and more rows push the rest out of sight.
const maxResults = 4;
const maxUnfolded = 20;

/**
 * The table of the jobs: those that ended well are folded where there are many, and what is rarely
 * needed is in a second one.
 * @param maxRows how many to show: the worst ones
 */
export function renderJobs(outcomes: readonly Outcome[], maxRows: number): string {
  const shown = selectWorst(outcomes, maxRows);
  const numbers = outcomes.length === 1 ? [] : [numberColumn];
  const columns = [...numbers, ...statusColumns, ...resultColumns(outcomes), ...costColumns];
  const good = shown.filter(({ result }) => result === 'succeeded');
  const rest =
    good.length > maxUnfolded ? shown.filter((outcome) => !good.includes(outcome)) : shown;
  const title = `${results.succeeded.icon} ${good.length} jobs succeeded`;
  const left = outcomes.length - shown.length;
  return [
    ...(rest.length > 0 ? [renderTable(columns, rest)] : []),
    ...(rest === shown ? [] : [fold(title, [renderTable(columns, good)])]),
    ...(left > 0 ? [`${left} more jobs are in the file of the output \`jobs-path\`.`] : []),
    fold('UUIDs, recipes and hardware', [
      renderTable([...numbers, ...detailColumns], shown),
      `All jobs are in ${consoleLink}.`,
    ]),
  ].join('\n\n');
}

const numberColumn: JobColumn = {
  heading: '#',
  align: 'right',
  cell: (outcome) => String(jobNumber(outcome)),
};

const statusColumns: readonly JobColumn[] = [
  { heading: 'Status', cell: statusCell },
  { heading: 'Title', cell: ({ ref, job }) => escapeHtml(titleOf(ref, job), 120) },
];

const costColumns: readonly JobColumn[] = [
  {
    heading: 'Waited',
    align: 'right',
    cell: (outcome) => durationCell(durationsOf(outcome).queueSeconds),
  },
  {
    heading: 'Ran',
    align: 'right',
    cell: (outcome) => durationCell(durationsOf(outcome).runSeconds),
  },
  { heading: 'Cost', align: 'right', cell: (outcome) => costCell(pricedCostOf(outcome)) },
];

const origins = { cooked: '', given: '', found: 'found by its mark', attached: 'earlier attempt' };

const detailColumns: readonly JobColumn[] = [
  { heading: 'Job', keep: true, cell: (outcome) => uuidCode(uuidOf(outcome)) },
  { heading: 'Recipe', keep: true, cell: (outcome) => uuidCode(recipeOf(outcome)) },
  { heading: 'Hardware', cell: ({ job }) => escapeHtml(hardwareOf(job), 120) },
  { heading: 'An hour', align: 'right', cell: (outcome) => rateCell(hourlyRateOf(outcome)) },
  { heading: 'Origin', cell: ({ origin }) => origins[origin ?? 'cooked'] },
];

// What the containers reported: a key a column.
function resultColumns(outcomes: readonly Outcome[]): readonly JobColumn[] {
  const keys = new Set(outcomes.flatMap((outcome) => Object.keys(outcome.results ?? {})));
  return [...keys].slice(0, maxResults).map((key) => ({
    heading: escapeHtml(key, 40),
    // A key may have the name of what every object inherits.
    cell: ({ results: own }) => (own && Object.hasOwn(own, key) ? resultCell(own[key]) : ''),
  }));
}

function resultCell(value: Json | undefined): string {
  // As many digits as anyone compares.
  if (typeof value === 'number' && !Number.isInteger(value))
    return String(Number(value.toPrecision(6)));
  return escapeHtml(typeof value === 'string' ? value : (JSON.stringify(value) ?? ''), 120);
}

const maxNodes = 100;

/** Where the jobs that run can be reached. */
export function renderNodes(outcomes: readonly Outcome[]): string {
  const nodes = outcomes.flatMap((outcome) =>
    nodeUrlsOf(outcome).map((url) => ({ url, number: String(jobNumber(outcome)) })),
  );
  if (nodes.length === 0) return '';
  const columns: readonly Column<(typeof nodes)[number]>[] = [
    { heading: '#', align: 'right', cell: ({ number }) => (outcomes.length === 1 ? '' : number) },
    { heading: 'Port', cell: ({ url }) => escapeHtml(url.description ?? '', 60) },
    { heading: 'Address', cell: ({ url }) => `<code>${addressOf(url)}</code>` },
  ];
  return renderTable(columns, nodes, maxNodes, 'the output `node-urls`');
}
