import type { Outcome } from '../../jobs/records.ts';
import { hourlyRateOf, pricedCostOf, totalCostOf } from '../../money/cost.ts';
import { durationsOf, hardwareOf, recipeOf, titleOf, uuidOf } from '../../jobs/metrics.ts';
import { addressOf, nodeUrlsOf, type NodeUrl } from '../../jobs/node-urls.ts';
import { describeOffers, formatCost, formatTimes, formatUsd } from '../format.ts';
import { results } from '../../jobs/results.ts';
import { consoleUrl } from '../errors.ts';
import { escapeHtml } from '../sanitize.ts';
import {
  costCell,
  durationCell,
  fold,
  originWords,
  reasonOf,
  renderTable,
  statusCell,
  uuidCode,
  worstJobs,
  type Column,
  type NumberedOutcome,
} from './table.ts';

/** What there is to know of a single job, a line a row. */
export function renderJob(outcome: Outcome): string {
  const uuid = uuidCode(uuidOf(outcome));
  const lines: readonly (readonly [string, string])[] = [
    ['Job', uuid && `${uuid} · <a href="${consoleUrl}">console</a>`],
    ['Recipe', uuidCode(recipeOf(outcome))],
    ['Origin', originWords[outcome.origin ?? 'cooked']],
    ['Hardware', hardwareCell(outcome)],
    ['Time', formatTimes(outcome)],
    ['Cost', costInWords(outcome)],
    ['Offers', offersCell(outcome)],
    ['Reason', results[outcome.result].passes ? escapeHtml(reasonOf(outcome), 1_000) : ''],
  ];
  const columns: readonly Column<readonly [string, string]>[] = [
    { heading: 'Status', cell: ([name]) => name },
    { heading: statusCell(outcome), cell: ([, value]) => value },
  ];
  return renderTable(
    columns,
    lines.filter(([, value]) => value !== ''),
  );
}

function costInWords(outcome: Outcome): string {
  const cost = pricedCostOf(outcome);
  const rate = hourlyRateOf(outcome);
  const hourly = rate === null ? '' : `${formatUsd(rate)} an hour`;
  if (cost === null) return hourly;
  const amount = `${formatCost(cost)} (${cost.is === 'billed' ? 'billed' : 'estimate'})`;
  return hourly === '' ? amount : `${amount}, at ${hourly}`;
}

const jobColumns: readonly Column<NumberedOutcome>[] = [
  { heading: '#', align: 'right', cell: ({ number }) => String(number) },
  { heading: 'Status', cell: ({ outcome }) => statusCell(outcome) },
  { heading: 'Title', cell: ({ outcome }) => escapeHtml(titleOf(outcome.ref, outcome.job), 120) },
  { heading: 'Job', keep: true, cell: ({ outcome }) => uuidCode(uuidOf(outcome)) },
  { heading: 'Recipe', keep: true, cell: ({ outcome }) => uuidCode(recipeOf(outcome)) },
  { heading: 'Hardware', cell: ({ outcome }) => hardwareCell(outcome) },
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
  { heading: 'Origin', cell: ({ outcome }) => originWords[outcome.origin ?? 'cooked'] },
];

// More than these push the rest out of sight.
const maxUnfolded = 20;

/**
 * Tables of the jobs: those that ended well are folded where there are many.
 * @param maxRows how many to show: the worst ones
 */
export function renderJobs(jobs: readonly NumberedOutcome[], maxRows: number): string {
  const shown = worstJobs(jobs, maxRows);
  const common = commonCells(jobs);
  const columns = jobColumns.filter(({ heading }) => !common.has(heading));
  const good = shown.filter(({ outcome }) => outcome.result === 'succeeded');
  const rest = shown.filter(({ outcome }) => outcome.result !== 'succeeded');
  const tables =
    good.length > maxUnfolded
      ? [
          ...(rest.length > 0 ? [renderTable(columns, rest)] : []),
          fold(`${results.succeeded.icon} ${good.length} jobs succeeded`, [
            renderTable(columns, good),
          ]),
        ]
      : [renderTable(columns, shown)];
  const more = `${jobs.length - shown.length} more jobs are in the output \`jobs\`.`;
  return [
    `<p>${[...common.values(), `<a href="${consoleUrl}">Jobs in the console</a>`].join(' · ')}</p>`,
    ...tables,
    ...(shown.length < jobs.length ? [more] : []),
  ].join('\n\n');
}

// What is wide and the same for all jobs is shown once, above the table.
function commonCells(jobs: readonly NumberedOutcome[]): ReadonlyMap<string, string> {
  const shared = jobColumns.flatMap(({ heading, cell }) => {
    const [value = '', ...others] = new Set(jobs.map(cell));
    const isShared = ['Recipe', 'Hardware'].includes(heading) && others.length === 0;
    return isShared && value !== '' ? [[heading, `${heading}: ${value}`] as const] : [];
  });
  return new Map(shared);
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

// One for each kind of machine that was asked for.
const maxOfferLines = 5;

/** What was on offer before the jobs were cooked, where that is known. */
export function renderOffers(jobs: readonly NumberedOutcome[]): string {
  if (jobs.length === 1) return '';
  const texts = new Set(jobs.map(({ outcome }) => offersCell(outcome)));
  return [...texts]
    .filter((text) => text !== '')
    .slice(0, maxOfferLines)
    .map((text) => `Price estimate: ${text}.`)
    .join('\n\n');
}

function offersCell({ offers }: Outcome): string {
  return offers === null ? '' : escapeHtml(describeOffers(offers), 200);
}

function hardwareCell({ job }: Outcome): string {
  return escapeHtml(hardwareOf(job), 120);
}

const maxNodes = 100;

interface Node extends NumberedOutcome {
  readonly node: NodeUrl;
}

/** Where the jobs that run can be reached. */
export function renderNodes(jobs: readonly NumberedOutcome[]): string {
  const nodes = jobs.flatMap((job) => nodeUrlsOf(job.outcome).map((node) => ({ ...job, node })));
  if (nodes.length === 0) return '';
  const name = ({ number, outcome: { ref, job } }: Node) =>
    `${number} ${escapeHtml(titleOf(ref, job), 60)}`;
  const columns: readonly Column<Node>[] = [
    ...(jobs.length === 1 ? [] : [{ heading: 'Job', cell: name }]),
    { heading: 'Port', cell: ({ node }) => escapeHtml(node.description ?? '', 60) },
    { heading: 'Address', cell: ({ node }) => `<code>${addressOf(node)}</code>` },
  ];
  return renderTable(columns, nodes, maxNodes, 'the output `node-urls`');
}
