import { runUrl, type RunRef } from '../inputs/context.ts';
import { instantMs } from '../jobs/metrics.ts';
import { isFinal } from '../jobs/status.ts';
import { sumOfCosts } from '../money/cost.ts';
import { annotateAll } from '../report/report.ts';
import type { ErrorMessage } from '../report/errors.ts';
import { formatCost, formatDuration, formatRates, formatTime } from '../report/format.ts';
import { describeJob, writeJobList } from '../report/outputs.ts';
import { escapeHtml } from '../report/sanitize.ts';
import { renderMessage, writeSummary } from '../report/summary.ts';
import {
  costCell,
  joinBlocks,
  numbers,
  ranColumn,
  rateColumn,
  renderTable,
  statusColumn,
  titleColumn,
  uuidCell,
  type Column,
} from '../report/summary/tables.ts';
import type { Runner } from '../runner.ts';
import type { CheckedJob, CheckedJobs, CheckResult } from './jobs.ts';

/** Reports what a check has seen and done, and fails the step where something went wrong. */
export async function reportCheck(
  runner: Runner,
  here: RunRef,
  result: CheckResult,
  problems: readonly ErrorMessage[],
): Promise<void> {
  runner.print(formatCounts(result));
  const distinct = [...new Map(problems.map((problem) => [problem.title, problem])).values()];
  annotateAll(runner, distinct);
  if (problems.length > 0) runner.fail();
  writeCheckOutputs(runner, result);
  const cost = costOf([...result.running, ...result.ended]);
  if (cost !== null) runner.output('cost-usd', String(cost.usd));
  await writeSummary(runner, () => renderCheck(result, here, distinct));
}

/** Sets the outputs that are JSON. */
export function writeCheckOutputs(runner: Runner, { running, ended, orphans }: CheckedJobs): void {
  writeJobList(runner, 'running', running.map(describeChecked));
  writeJobList(runner, 'ended', ended.map(describeChecked));
  writeJobList(runner, 'orphans', orphans.map(describeChecked));
}

function describeChecked({ outcome, cost }: CheckedJob) {
  return { ...describeJob(outcome), cost_usd: cost?.usd ?? null, cost_is: cost?.is ?? null };
}

/** The summary of a check as GitHub-flavored Markdown. Every text of a job is foreign. */
export function renderCheck(
  result: CheckResult,
  here: RunRef,
  problems: readonly ErrorMessage[] = [],
): string {
  const { running, ended, orphans, sinceMs, nowMs } = result;
  const all = [...running, ...ended];
  const cost = costOf(all);
  const columns: readonly Column<CheckedJob>[] = [
    ofJob(statusColumn),
    ofJob(titleColumn(false)),
    numbers('Cost (USD)', (checked) => costCell(checked.cost)),
    ofJob(rateColumn),
    { heading: 'Since', keep: 'left', cell: (checked) => sinceCell(checked, nowMs) },
    ofJob(ranColumn),
    { heading: 'From', cell: ({ mark }) => fromCell(mark, here) },
    { heading: 'Job UUID', keep: 'left', cell: ({ job }) => uuidCell(job.uuid) },
  ];
  const section = (title: string, output: string, jobs: readonly CheckedJob[]) =>
    jobs.length === 0
      ? []
      : [`#### ${title}`, renderTable(columns, jobs, `the output \`${output}\``)];
  const isOther = (job: CheckedJob) => !orphans.includes(job);
  return joinBlocks([
    `### 🔎 ${formatCounts(result)}`,
    `Jobs cooked since ${formatTime(sinceMs)}${cost === null ? '' : `: ${formatCost(cost, 'about')}`}`,
    ...problems.map((problem) => `<p>⚠️ ${renderMessage(problem)}</p>`),
    ...section('Orphans: jobs that should have ended with their workflow run', 'orphans', orphans),
    ...section('Running', 'running', running.filter(isOther)),
    ...section('Ended', 'ended', ended.filter(isOther)),
    ...renderSpend(all),
  ]);
}

/** `3 running (2.07 USD an hour) · 5 ended · 1 orphan` */
function formatCounts({ running, ended, orphans }: CheckResult): string {
  const rate = formatRates(running.map(({ outcome }) => outcome));
  const { length: count } = orphans;
  const lost = count === 0 ? '' : ` · ${count} ${count === 1 ? 'orphan' : 'orphans'}`;
  return `${running.length} running${rate && ` (${rate})`} · ${ended.length} ended${lost}`;
}

function costOf(jobs: readonly CheckedJob[]) {
  return sumOfCosts(jobs.map(({ cost }) => cost));
}

function ofJob({ cell, ...column }: typeof statusColumn): Column<CheckedJob> {
  return { ...column, cell: ({ outcome }) => cell(outcome) };
}

function sinceCell({ job }: CheckedJob, nowMs: number): string {
  if (isFinal(job.status)) return '';
  const at = job.started_at ?? job.created_at;
  const ms = instantMs(at);
  if (ms === null) return at ?? '';
  return `${formatTime(ms)} (${formatDuration(nowMs - ms)})`;
}

// The mark was checked, and the host is ours.
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
    const cost = costOf(own);
    return cost === null ? [] : [{ workflow, count: own.length, cost }];
  });
  if (spend.length === 0) return [];
  const columns: readonly Column<(typeof spend)[number]>[] = [
    { heading: 'Workflow', cell: ({ workflow }) => workflowCell(workflow) },
    numbers('Jobs', ({ count }) => String(count)),
    numbers('Cost (USD)', ({ cost }) => costCell(cost)),
  ];
  const sorted = spend.toSorted((a, b) => b.cost.usd - a.cost.usd);
  return [
    '#### Spend by workflow',
    renderTable(columns, sorted, 'the outputs `running` and `ended`'),
  ];
}
