import type { Outcome } from '../../jobs/records.ts';
import { costOf, formatUsd, hourlyRateOf, roughlyUsd } from '../../jobs/cost.ts';
import { hardwareOf, recipeOf, spansOf, titleOf, uuidOf } from '../../jobs/metrics.ts';
import { safeMarkdown } from '../sanitize.ts';
import { timesInWords } from '../headline.ts';
import { pick, type Numbered } from './pick.ts';
import { renderTable, type Column } from './table.ts';
import { code, origins, reasonOf, span, statusWords, unbroken } from './words.ts';

/** What there is to know of a single job, a fact a row. */
export function renderJob(outcome: Outcome): string {
  const facts: readonly (readonly [string, string])[] = [
    ['Job', code(uuidOf(outcome))],
    ['Recipe', code(recipeOf(outcome))],
    ['Origin', origins[outcome.origin ?? 'cooked']],
    ['Hardware', hardware(outcome)],
    ['Time', timesInWords(outcome)],
    ['Cost', costInWords(outcome)],
    ['Reason', safeMarkdown(reasonOf(outcome), 1_000)],
  ];
  const rows = facts.filter(([, value]) => value !== '');
  return renderTable([{ heading: 'Status' }, { heading: statusWords(outcome) }], rows);
}

function costInWords(outcome: Outcome): string {
  const cost = costOf(outcome);
  if (cost !== null) return `${roughlyUsd(cost)} (estimate)`;
  const rate = hourlyRateOf(outcome);
  return rate === null ? '' : `${formatUsd(rate)} an hour`;
}

interface JobColumn extends Column {
  /** A cell's Markdown; empty where there is nothing to say. */
  readonly cell: (job: Numbered) => string;
}

const columns: readonly JobColumn[] = [
  { heading: '#', align: 'right', cell: ({ number }) => String(number) },
  { heading: 'Status', cell: ({ outcome }) => statusWords(outcome) },
  { heading: 'Job', cell: ({ outcome }) => titleAndUuid(outcome) },
  { heading: 'Recipe', cell: ({ outcome }) => code(recipeOf(outcome)) },
  { heading: 'Hardware', cell: ({ outcome }) => hardware(outcome) },
  { heading: 'Queued', align: 'right', cell: ({ outcome }) => span(spansOf(outcome).queueSeconds) },
  { heading: 'Ran', align: 'right', cell: ({ outcome }) => span(spansOf(outcome).runSeconds) },
  { heading: 'Cost', align: 'right', cell: ({ outcome }) => costCell(costOf(outcome)) },
  { heading: 'Origin', cell: ({ outcome }) => origins[outcome.origin ?? 'cooked'] },
];

/**
 * A table of the jobs.
 * @param most how many rows to show: the worst ones
 */
export function renderJobs(jobs: readonly Numbered[], most: number): string {
  const common = commonOf(jobs);
  const told = columns.filter(({ heading }) => !common.has(heading));
  const shown = pick(jobs, most);
  const rows = shown.map((job) => told.map(({ cell }) => cell(job)));
  const more = `${jobs.length - shown.length} more jobs are in the output \`jobs\`.`;
  return [
    ...(common.size === 0 ? [] : [[...common.values()].join(' · '), '']),
    renderTable(told, rows),
    ...(shown.length < jobs.length ? ['', more] : []),
  ].join('\n');
}

// What is wide and the same for all jobs is said once, above the table.
function commonOf(jobs: readonly Numbered[]): ReadonlyMap<string, string> {
  const common = new Map<string, string>();
  const recipes = new Set(jobs.map(({ outcome }) => code(recipeOf(outcome))));
  const machines = new Set(jobs.map(({ outcome }) => hardware(outcome)));
  const [recipe = ''] = recipes;
  const [machine = ''] = machines;
  if (recipes.size === 1 && recipe !== '') common.set('Recipe', `Recipe ${recipe}`);
  if (machines.size === 1 && machine !== '') common.set('Hardware', `${machine} each`);
  return common;
}

/** What all jobs have cost together; empty where nothing is known of it. */
export function renderTotal(jobs: readonly Numbered[]): string {
  const costs = jobs.map(({ outcome }) => costOf(outcome)).filter((cost) => cost !== null);
  if (jobs.length === 1 || costs.length === 0) return '';
  const sum = roughlyUsd(costs.reduce((total, cost) => total + cost, 0));
  const whose =
    costs.length === jobs.length ? 'all jobs' : `the ${costs.length} jobs with a known cost`;
  return `Together, ${whose} cost **${sum}**: rate × time, an estimate.`;
}

function hardware({ job }: Outcome): string {
  return safeMarkdown(hardwareOf(job), 120);
}

function titleAndUuid(outcome: Outcome): string {
  const title = safeMarkdown(titleOf(outcome.subject, outcome.job), 120);
  const uuid = code(uuidOf(outcome));
  return uuid === '' ? title : `${title}<br>${uuid}`;
}

function costCell(cost: number | null): string {
  return cost === null ? '' : unbroken(roughlyUsd(cost, '≈'));
}
