import { runUrl, type RunRef } from '../inputs/context.ts';
import { hourlyRateOf, sumOfCosts, type Cost } from '../money/cost.ts';
import { durationsOf, instantMs, titleOf } from '../jobs/metrics.ts';
import { formatCost, formatDuration, formatTime, formatUsd } from '../report/format.ts';
import { escapeHtml } from '../report/sanitize.ts';
import {
  costCell,
  durationCell,
  renderTable,
  statusCell,
  uuidCode,
  withoutBreaks,
  type Column,
} from '../report/summary/table.ts';
import type { CheckedJob, CheckResult } from './checked-job.ts';

// What a check shows in the job summary. Every text of a job is foreign.

/** The summary of a check as GitHub-flavored Markdown. */
export function renderCheck(result: CheckResult, here: RunRef): string {
  const { running, ended, orphans, sinceMs, nowMs } = result;
  const all = [...running, ...ended];
  const from: CheckColumn = { heading: 'From', cell: ({ mark }) => fromCell(mark, here) };
  const since: CheckColumn = { heading: 'Since', cell: (checked) => sinceCell(checked, nowMs) };
  const note =
    'They lived on though the run that cooked them was over, and were not to outlive it.\n\n';
  const parts = [
    renderHeading(result),
    `Cooked since ${formatTime(sinceMs)}. ${formatTotal(all)}`,
    renderJobs('Orphans', orphans, [...named, cost('Cost'), from], note),
    renderJobs('Running', running, [...named, since, cost('So far'), rate, from]),
    renderJobs('Ended', ended, [...named, ran, cost('Cost'), from]),
    renderSpend(all),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

function renderHeading({ running, ended, orphans }: CheckResult): string {
  const hourly = getRate(running);
  const price = hourly === null ? '' : ` at ${formatUsd(hourly)} an hour`;
  const { length: count } = orphans;
  const lost = count === 0 ? '' : `, ${count} ${count === 1 ? 'orphan' : 'orphans'}`;
  return `### 🔎 Dispersed: ${running.length} running${price}, ${ended.length} ended${lost}`;
}

/** What jobs cost an hour together as far as it is known, in US dollars; null where nothing is. */
export function getRate(jobs: readonly CheckedJob[]): number | null {
  const rates = jobs.map(({ outcome }) => hourlyRateOf(outcome)).filter((usd) => usd !== null);
  return rates.length === 0 ? null : rates.reduce((sum, usd) => sum + usd, 0);
}

function formatTotal(jobs: readonly CheckedJob[]): string {
  const sum = sumOfCosts(jobs.map((job) => job.cost));
  if (sum === null) return '';
  const known = jobs.filter((job) => job.cost !== null).length;
  const of = known === jobs.length ? '' : `, of ${known} of ${jobs.length} jobs`;
  const estimate = sum.is === 'estimated' ? ' ≈ is an estimate: what was not billed yet.' : '';
  return `Cost since then: **${formatCost(sum)}**${of}.${estimate}`;
}

type CheckColumn = Column<CheckedJob>;

const named: readonly CheckColumn[] = [
  { heading: 'Status', cell: ({ outcome }) => statusCell(outcome) },
  { heading: 'Title', cell: ({ outcome, job }) => escapeHtml(titleOf(outcome.ref, job), 120) },
  { heading: 'Job', keep: true, cell: ({ job }) => uuidCode(job.uuid) },
];

const cost = (heading: string): CheckColumn => ({
  heading,
  align: 'right',
  cell: (job) => costCell(job.cost),
});

const rate: CheckColumn = {
  heading: 'An hour',
  align: 'right',
  cell: ({ outcome }) => {
    const usd = hourlyRateOf(outcome);
    return usd === null ? '' : withoutBreaks(formatUsd(usd));
  },
};

const ran: CheckColumn = {
  heading: 'Ran',
  align: 'right',
  cell: ({ outcome }) => durationCell(durationsOf(outcome).runSeconds),
};

// The outputs have the rest.
const maxRows = 100;

function renderJobs(
  title: string,
  jobs: readonly CheckedJob[],
  columns: readonly CheckColumn[],
  note = '',
): string {
  if (jobs.length === 0) return '';
  return `#### ${title}\n\n${note}${renderTable(columns, jobs, maxRows, 'the outputs')}`;
}

function sinceCell({ job }: CheckedJob, nowMs: number): string {
  const at = job.started_at ?? job.created_at;
  const ms = instantMs(at);
  // The older host tells days only.
  if (ms === null) return at ?? '';
  return withoutBreaks(`${formatTime(ms)} (${formatDuration(nowMs - ms)})`);
}

/** The workflow with a link to the run, and the commit. The mark was checked, and the host is ours. */
function fromCell(mark: CheckedJob['mark'], { server, repository }: RunRef): string {
  const url = `${runUrl({ ...mark, server, repository })}/attempts/${mark.runAttempt}`;
  const commit = mark.sha === '' ? '' : ` <samp>${mark.sha.slice(0, 7)}</samp>`;
  return `<a href="${url}">${escapeHtml(mark.workflow || 'a workflow', 60)}</a>${commit}`;
}

const maxWorkflows = 20;
const barLength = 20;

interface Spend {
  readonly workflow: string;
  readonly cost: Cost;
  readonly count: number;
}

/** What each workflow has spent, the most first, with a bar of text. */
function renderSpend(jobs: readonly CheckedJob[]): string {
  const priced = jobs.filter((job) => job.cost !== null);
  const spend = [...Map.groupBy(priced, ({ mark }) => mark.workflow)].flatMap(([workflow, own]) => {
    const sum = sumOfCosts(own.map((job) => job.cost));
    return sum === null ? [] : [{ workflow, cost: sum, count: own.length }];
  });
  const sorted = spend.toSorted((a, b) => b.cost.usd - a.cost.usd).slice(0, maxWorkflows);
  const most = sorted[0]?.cost.usd ?? 0;
  if (most === 0) return '';
  const share = (usd: number) => Math.max(1, Math.round((usd / most) * barLength));
  const columns: readonly Column<Spend>[] = [
    { heading: 'Workflow', cell: ({ workflow }) => escapeHtml(workflow || 'a workflow', 60) },
    { heading: 'Jobs', align: 'right', cell: ({ count }) => String(count) },
    { heading: 'Spent', align: 'right', cell: (row) => costCell(row.cost) },
    { heading: 'Share', cell: (row) => '█'.repeat(share(row.cost.usd)) },
  ];
  return `#### Spend by workflow\n\n${renderTable(columns, sorted)}`;
}
