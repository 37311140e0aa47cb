import type { RunRef } from '../inputs/context.ts';
import type { CheckedJob, CheckResult } from './checked-job.ts';
import { hourlyRateOf, sumOfCosts, type Cost } from '../money/cost.ts';
import { durationsOf, titleOf } from '../jobs/metrics.ts';
import { formatCost, formatDuration, formatUsd } from '../report/format.ts';
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

// What a check shows in the job summary. Every text of a job is foreign.

/** Most rows of a table; the outputs have the rest. */
const maxRows = 100;

/** The summary of a check as GitHub-flavoured Markdown. */
export function renderCheck(result: CheckResult, here: RunRef): string {
  const { running, ended, orphans, sinceMs, nowMs } = result;
  const parts = [
    checkHeading(result),
    `Cooked since ${timeOf(sinceMs)}. ${costLine([...running, ...ended])}`,
    section('Orphans', orphans, renderOrphans(orphans, here)),
    section('Running', running, renderRunningJobs(running, here, nowMs)),
    section('Ended', ended, renderEnded(ended, here)),
    renderSpend([...running, ...ended]),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

function checkHeading({ running, ended, orphans }: CheckResult): string {
  const rate = rateOf(running);
  const hourly = rate === null ? '' : ` at ${formatUsd(rate)} an hour`;
  const lost =
    orphans.length === 0
      ? ''
      : `, ${orphans.length} ${orphans.length === 1 ? 'orphan' : 'orphans'}`;
  return `### 🔎 Dispersed: ${running.length} running${hourly}, ${ended.length} ended${lost}`;
}

function section(title: string, jobs: readonly CheckedJob[], table: string): string {
  if (jobs.length === 0) return '';
  return `#### ${title}\n\n${table}`;
}

function costLine(jobs: readonly CheckedJob[]): string {
  const sum = sumOfCosts(jobs.map(({ cost }) => cost));
  if (sum === null) return '';
  const known = jobs.filter(({ cost }) => cost !== null).length;
  const of = known === jobs.length ? '' : `, of ${known} of ${jobs.length} jobs`;
  const estimate = sum.is === 'estimated' ? ' ≈ is an estimate: what was not billed yet.' : '';
  return `Cost since then: **${formatCost(sum)}**${of}.${estimate}`;
}

/** What jobs cost an hour together as far as it is known, in US dollars; null where nothing is. */
export function rateOf(jobs: readonly CheckedJob[]): number | null {
  const rates = jobs.map(({ outcome }) => hourlyRateOf(outcome)).filter((rate) => rate !== null);
  return rates.length === 0 ? null : rates.reduce((sum, rate) => sum + rate, 0);
}

type CheckColumn = Column<CheckedJob>;

function statusColumns(): readonly CheckColumn[] {
  return [
    { heading: 'Status', cell: ({ outcome }) => statusCell(outcome) },
    { heading: 'Title', cell: ({ outcome, job }) => escapeHtml(titleOf(outcome.ref, job), 120) },
    { heading: 'Job', keep: true, cell: ({ job }) => uuidCode(job.uuid) },
  ];
}

function costColumn(heading: string): CheckColumn {
  return { heading, align: 'right', cell: ({ cost }) => costCell(cost) };
}

function fromColumn(here: RunRef): CheckColumn {
  return { heading: 'From', cell: (job) => fromCell(job, here) };
}

function renderRunningJobs(jobs: readonly CheckedJob[], here: RunRef, nowMs: number): string {
  const since: CheckColumn = { heading: 'Since', cell: (job) => sinceCell(job, nowMs) };
  const rate: CheckColumn = {
    heading: 'An hour',
    align: 'right',
    cell: ({ outcome }) => usdCell(hourlyRateOf(outcome)),
  };
  const columns = [...statusColumns(), since, costColumn('So far'), rate, fromColumn(here)];
  return renderCheckTable(columns, jobs);
}

function renderEnded(jobs: readonly CheckedJob[], here: RunRef): string {
  const ran: CheckColumn = {
    heading: 'Ran',
    align: 'right',
    cell: ({ outcome }) => durationCell(durationsOf(outcome).runSeconds),
  };
  const columns = [...statusColumns(), ran, costColumn('Cost'), fromColumn(here)];
  return renderCheckTable(columns, jobs);
}

function renderOrphans(jobs: readonly CheckedJob[], here: RunRef): string {
  const note =
    'They lived on though the run that cooked them was over, and were not to outlive it.';
  const columns = [...statusColumns(), costColumn('Cost'), fromColumn(here)];
  return `${note}\n\n${renderCheckTable(columns, jobs)}`;
}

function renderCheckTable(columns: readonly CheckColumn[], jobs: readonly CheckedJob[]): string {
  return renderTable(columns, jobs, maxRows, 'the outputs');
}

function sinceCell({ job }: CheckedJob, nowMs: number): string {
  const at = job.started_at ?? job.created_at;
  if (at === null) return '';
  if (at.length === 10) return at;
  return withoutBreaks(`${timeOf(Date.parse(at))} (${formatDuration(nowMs - Date.parse(at))})`);
}

/** The workflow with a link to the run, and the commit. The mark was checked, and the host is ours. */
function fromCell({ mark }: CheckedJob, here: RunRef): string {
  const run = `/actions/runs/${mark.runId}/attempts/${mark.runAttempt}`;
  const url = `https://${here.server}/${here.repository}${run}`;
  const commit = mark.sha === '' ? '' : ` <samp>${mark.sha.slice(0, 7)}</samp>`;
  return `<a href="${url}">${escapeHtml(mark.workflow || 'a workflow', 60)}</a>${commit}`;
}

function usdCell(amount: number | null): string {
  return amount === null ? '' : withoutBreaks(formatUsd(amount));
}

function timeOf(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 'yyyy-mm-ddThh:mm'.length).replace('T', ' ')} UTC`;
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
  const priced = jobs.filter(({ cost }) => cost !== null);
  const spend = [...Map.groupBy(priced, ({ mark }) => mark.workflow)].flatMap(([workflow, own]) => {
    const cost = sumOfCosts(own.map((job) => job.cost));
    return cost === null ? [] : [{ workflow, cost, count: own.length }];
  });
  const sorted = spend.toSorted((a, b) => b.cost.usd - a.cost.usd).slice(0, maxWorkflows);
  const most = sorted[0]?.cost.usd ?? 0;
  if (most === 0) return '';
  const share = (usd: number) => Math.max(1, Math.round((usd / most) * barLength));
  const columns: readonly Column<Spend>[] = [
    { heading: 'Workflow', cell: ({ workflow }) => escapeHtml(workflow || 'a workflow', 60) },
    { heading: 'Jobs', align: 'right', cell: ({ count }) => String(count) },
    { heading: 'Spent', align: 'right', cell: ({ cost }) => costCell(cost) },
    { heading: 'Share', cell: ({ cost }) => '█'.repeat(share(cost.usd)) },
  ];
  return `#### Spend by workflow\n\n${renderTable(columns, sorted)}`;
}
