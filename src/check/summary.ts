import { runUrl, type RunRef } from '../inputs/context.ts';
import { instantMs } from '../jobs/metrics.ts';
import { isFinal } from '../jobs/status.ts';
import { sumOfCosts } from '../money/cost.ts';
import { formatCost, formatDuration, formatRates, formatTime } from '../report/format.ts';
import { escapeHtml } from '../report/sanitize.ts';
import {
  costCell,
  ranColumn,
  rateColumn,
  statusColumn,
  titleColumn,
  type JobColumn,
} from '../report/summary/jobs.ts';
import {
  joinBlocks,
  numbers,
  renderTable,
  uuidCell,
  type Column,
} from '../report/summary/table.ts';
import type { CheckedJob, CheckResult } from './jobs.ts';

// What a check shows in the job summary. Every text of a job is foreign.

/** The summary of a check as GitHub-flavored Markdown. */
export function renderCheck(result: CheckResult, here: RunRef): string {
  const { running, ended, orphans, sinceMs, nowMs } = result;
  const all = [...running, ...ended];
  const cost = sumOfCosts(all.map((job) => job.cost));
  const columns: readonly CheckColumn[] = [
    ofJob(statusColumn),
    ofJob(titleColumn(false)),
    numbers('Cost (USD)', (checked) => costCell(checked.cost)),
    ofJob(rateColumn),
    { heading: 'Since', keep: 'left', cell: (checked) => sinceCell(checked, nowMs) },
    ofJob(ranColumn),
    { heading: 'From', cell: ({ mark }) => fromCell(mark, here) },
    { heading: 'Job UUID', keep: 'left', cell: ({ job }) => uuidCell(job.uuid) },
  ];
  const section = (title: string, jobs: readonly CheckedJob[]) =>
    jobs.length === 0 ? [] : [`#### ${title}`, renderTable(columns, jobs, 'ended')];
  const isOther = (job: CheckedJob) => !orphans.includes(job);
  return joinBlocks([
    renderHeading(result),
    `Cooked since ${formatTime(sinceMs)}${cost === null ? '' : `, for ${formatCost(cost, 'about')}`}.`,
    ...section('Orphans: their workflow run ended, and they were not to outlive it', orphans),
    ...section('Running', running.filter(isOther)),
    ...section('Ended', ended.filter(isOther)),
    ...renderSpend(all),
  ]);
}

function renderHeading({ running, ended, orphans }: CheckResult): string {
  const rate = formatRates(running.map(({ outcome }) => outcome));
  const price = rate && ` for ${rate}`;
  const { length: count } = orphans;
  const lost = count === 0 ? '' : ` · ${count} ${count === 1 ? 'orphan' : 'orphans'}`;
  return `### 🔎 ${running.length} running${price} · ${ended.length} ended${lost}`;
}

type CheckColumn = Column<CheckedJob>;

const ofJob = ({ cell, ...column }: JobColumn): CheckColumn => ({
  ...column,
  cell: ({ outcome }) => cell(outcome),
});

/** Since when a job that has not ended runs, or waits. */
function sinceCell({ job }: CheckedJob, nowMs: number): string {
  if (isFinal(job.status)) return '';
  const at = job.started_at ?? job.created_at;
  const ms = instantMs(at);
  // The older host tells days only.
  if (ms === null) return at ?? '';
  return `${formatTime(ms)} (${formatDuration(nowMs - ms)})`;
}

/** The workflow with a link to the run, and the commit. The mark was checked, and the host is ours. */
function fromCell(mark: CheckedJob['mark'], { server, repository }: RunRef): string {
  const url = `${runUrl({ ...mark, server, repository })}/attempts/${mark.runAttempt}`;
  const commit = mark.sha === '' ? '' : ` <samp>${mark.sha.slice(0, 7)}</samp>`;
  return `<a href="${url}">${workflowCell(mark.workflow)}</a>${commit}`;
}

function workflowCell(workflow: string): string {
  return escapeHtml(workflow || 'a workflow', 60);
}

/** What each workflow has spent, the most first. */
function renderSpend(jobs: readonly CheckedJob[]): readonly string[] {
  const byWorkflow = [...Map.groupBy(jobs, ({ mark }) => mark.workflow)];
  const spend = byWorkflow.flatMap(([workflow, own]) => {
    const cost = sumOfCosts(own.map((job) => job.cost));
    return cost === null ? [] : [{ workflow, count: own.length, cost }];
  });
  if (spend.length === 0) return [];
  const columns: readonly Column<(typeof spend)[number]>[] = [
    { heading: 'Workflow', cell: ({ workflow }) => workflowCell(workflow) },
    numbers('Jobs', ({ count }) => String(count)),
    numbers('Cost (USD)', ({ cost }) => costCell(cost)),
  ];
  const sorted = spend.toSorted((a, b) => b.cost.usd - a.cost.usd);
  return ['#### Spend by workflow', renderTable(columns, sorted, 'ended')];
}
