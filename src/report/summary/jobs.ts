import type { Outcome } from '../../jobs/records.ts';
import { hourlyRateOf, pricedCostOf, totalCostOf } from '../../money/cost.ts';
import { durationsOf, hardwareOf, recipeOf, titleOf, uuidOf } from '../../jobs/metrics.ts';
import { addressOf, nodeUrlsOf, type NodeUrl } from '../../jobs/node-urls.ts';
import { describeOffers, formatCost, formatTimes, formatUsd } from '../format.ts';
import { results } from '../../jobs/results.ts';
import { consoleUrl } from '../errors.ts';
import { escapeHtml, escapeMarkdown } from '../sanitize.ts';
import { fold } from './failures.ts';
import {
  uuidCode,
  originWords,
  worstJobs,
  reasonOf,
  renderTable,
  durationCell,
  statusCell,
  costCell,
  type Column,
  type NumberedOutcome,
} from './table.ts';

/** What there is to know of a single job, a line a row. */
export function renderJob(outcome: Outcome): string {
  const uuid = uuidCode(uuidOf(outcome));
  const lines: readonly (readonly [string, string])[] = [
    ['Job', uuid === '' ? '' : `${uuid} · ${consoleAnchor}`],
    ['Recipe', uuidCode(recipeOf(outcome))],
    ['Origin', originWords[outcome.origin ?? 'cooked']],
    ['Hardware', hardware(outcome)],
    ['Time', formatTimes(outcome)],
    ['Cost', costInWords(outcome)],
    ['Offers', offersInWords(outcome)],
    ['Reason', results[outcome.result].passes ? escapeHtml(reasonOf(outcome), 1_000) : ''],
  ];
  const rows = lines.filter(([, value]) => value !== '');
  return renderTable([{ heading: 'Status' }, { heading: statusCell(outcome) }], rows);
}

const consoleAnchor = `<a href="${consoleUrl}">console</a>`;

function costInWords(outcome: Outcome): string {
  const cost = pricedCostOf(outcome);
  const rate = hourlyRateOf(outcome);
  const hourly = rate === null ? '' : `${formatUsd(rate)} an hour`;
  if (cost === null) return hourly;
  const amount = `${formatCost(cost)} (${cost.is === 'billed' ? 'billed' : 'estimate'})`;
  return hourly === '' ? amount : `${amount}, at ${hourly}`;
}

function offersInWords({ offers }: Outcome): string {
  return offers === null ? '' : escapeHtml(describeOffers(offers), 200);
}

/** What was on offer before the jobs were cooked, where that is known. */
export function renderOffers(jobs: readonly NumberedOutcome[]): string {
  if (jobs.length === 1) return '';
  const texts = new Set(jobs.map(({ outcome }) => offersInWords(outcome)));
  return [...texts]
    .filter((text) => text !== '')
    .slice(0, maxOfferLines)
    .map((text) => `Price estimate: ${text}.`)
    .join('\n\n');
}

// One for each kind of machine that was asked for.
const maxOfferLines = 5;

interface JobColumn extends Column {
  /** A cell's HTML; empty where there is nothing to say. */
  readonly cell: (job: NumberedOutcome) => string;
}

const jobColumns: readonly JobColumn[] = [
  { heading: '#', align: 'right', cell: ({ number }) => String(number) },
  { heading: 'Status', cell: ({ outcome }) => statusCell(outcome) },
  { heading: 'Title', cell: ({ outcome }) => title(outcome) },
  { heading: 'Job', keep: true, cell: ({ outcome }) => uuidCode(uuidOf(outcome)) },
  { heading: 'Recipe', keep: true, cell: ({ outcome }) => uuidCode(recipeOf(outcome)) },
  { heading: 'Hardware', cell: ({ outcome }) => hardware(outcome) },
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
  const common = commonOf(jobs);
  const shown = worstJobs(jobs, maxRows);
  const well = shown.filter(({ outcome }) => outcome.result === 'succeeded');
  const rest = shown.filter(({ outcome }) => outcome.result !== 'succeeded');
  const table = (part: readonly NumberedOutcome[]) => renderRows(part, common);
  const tables =
    well.length > maxUnfolded
      ? [
          ...(rest.length > 0 ? [table(rest)] : []),
          fold(`${results.succeeded.icon} ${well.length} jobs succeeded`, [table(well)]),
        ]
      : [table(shown)];
  const more = `${jobs.length - shown.length} more jobs are in the output \`jobs\`.`;
  return [
    [...common.values(), `[Jobs in the console](${consoleUrl})`].join(' · '),
    ...tables,
    ...(shown.length < jobs.length ? [more] : []),
  ].join('\n\n');
}

function renderRows(jobs: readonly NumberedOutcome[], common: ReadonlyMap<string, string>): string {
  const columns = jobColumns.filter(({ heading }) => !common.has(heading));
  return renderTable(
    columns,
    jobs.map((job) => columns.map(({ cell }) => cell(job))),
  );
}

// What is wide and the same for all jobs is said once, above the table.
function commonOf(jobs: readonly NumberedOutcome[]): ReadonlyMap<string, string> {
  const common = new Map<string, string>();
  const recipes = new Set(jobs.map(({ outcome }) => uuidCode(recipeOf(outcome))));
  const machines = new Set(jobs.map(({ outcome }) => hardware(outcome, escapeMarkdown)));
  const [recipe = ''] = recipes;
  const [machine = ''] = machines;
  if (recipes.size === 1 && recipe !== '') common.set('Recipe', `Recipe ${recipe}`);
  if (machines.size === 1 && machine !== '') common.set('Hardware', `${machine} each`);
  return common;
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

function hardware({ job }: Outcome, escape = escapeHtml): string {
  return escape(hardwareOf(job), 120);
}

function title(outcome: Outcome): string {
  return escapeHtml(titleOf(outcome.ref, outcome.job), 120);
}

const maxNodes = 100;

/** Where the jobs that run can be reached. */
export function renderNodes(jobs: readonly NumberedOutcome[]): string {
  const rows = jobs.flatMap(({ number, outcome }) =>
    nodeUrlsOf(outcome).map((node) => [
      jobs.length === 1 ? '' : `${number} ${escapeHtml(titleOf(outcome.ref, outcome.job), 60)}`,
      portName(node),
      `<code>${addressOf(node)}</code>`,
    ]),
  );
  if (rows.length === 0) return '';
  const columns = ['Job', 'Port', 'Address'].map((heading) => ({ heading }));
  const more =
    rows.length > maxNodes
      ? ['', `${rows.length - maxNodes} more are in the output \`node-urls\`.`]
      : [];
  return [renderTable(columns, rows.slice(0, maxNodes)), ...more].join('\n');
}

function portName({ description }: NodeUrl): string {
  return escapeHtml(description ?? '', 60);
}
