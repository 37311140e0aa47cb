import type { RunRef } from '../inputs/context.ts';
import type { CheckedJob, CheckResult } from '../jobs/checked.ts';
import { hourlyRateOf } from '../jobs/cost.ts';
import { durationsOf, titleOf } from '../jobs/metrics.ts';
import { isOfRepository } from '../jobs/mark.ts';
import { formatDuration, formatEstimatedUsd, formatUsd } from './format.ts';
import { escapeMarkdown } from './sanitize.ts';
import { durationCell, renderTable, statusCell, uuidCode, withoutBreaks } from './summary/table.ts';

// What a check shows in the job summary. Every text of a job is foreign.

/** Most rows of a table; the outputs have the rest. */
const maxRows = 100;

/** The summary of a check as GitHub-flavoured Markdown. */
export function renderCheck(result: CheckResult, here: RunRef): string {
  const { running, ended, orphans, sinceMs, nowMs } = result;
  const parts = [
    headlineOf(result),
    `Cooked since ${timeOf(sinceMs)}. ${costLine([...running, ...ended])}`,
    section('Orphans', orphans, renderOrphans(orphans, here)),
    section('Running', running, renderRunning(running, here, nowMs)),
    section('Ended', ended, renderEnded(ended, here)),
    renderSpend([...running, ...ended]),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

function headlineOf({ running, ended, orphans }: CheckResult): string {
  const rate = rateOf(running);
  const hourly = rate === null ? '' : ` at ${formatUsd(rate)} an hour`;
  const lost = orphans.length === 0 ? '' : `, ${orphans.length} orphans`;
  return `### 🔎 Dispersed: ${running.length} running${hourly}, ${ended.length} ended${lost}`;
}

function section(title: string, jobs: readonly CheckedJob[], table: string): string {
  if (jobs.length === 0) return '';
  const more = jobs.length > maxRows ? `\n\n${jobs.length - maxRows} more are in the outputs.` : '';
  return `#### ${title}\n\n${table}${more}`;
}

function costLine(jobs: readonly CheckedJob[]): string {
  const sum = sumOf(jobs);
  if (sum === null) return '';
  const known = jobs.filter(({ costUsd }) => costUsd !== null).length;
  const of = known === jobs.length ? '' : `, of ${known} of ${jobs.length} jobs`;
  return `Cost since then: **${formatEstimatedUsd(sum)}**${of}.`;
}

/** What jobs have cost together as far as it is known, in US dollars; null where nothing is. */
export function sumOf(jobs: readonly CheckedJob[]): number | null {
  const known = jobs.flatMap(({ costUsd }) => (costUsd === null ? [] : [costUsd]));
  if (known.length === 0) return null;
  return Math.round(known.reduce((sum, cost) => sum + cost, 0) * 10_000) / 10_000;
}

/** What jobs cost an hour together as far as it is known, in US dollars; null where nothing is. */
export function rateOf(jobs: readonly CheckedJob[]): number | null {
  const rates = jobs.map(({ outcome }) => hourlyRateOf(outcome)).filter((rate) => rate !== null);
  return rates.length === 0 ? null : rates.reduce((sum, rate) => sum + rate, 0);
}

function renderRunning(jobs: readonly CheckedJob[], here: RunRef, nowMs: number): string {
  const headings = ['Status', 'Job', 'Since', 'So far', 'An hour', 'From'];
  return renderRows(headings, jobs, (each) => [
    statusCell(each.outcome),
    nameCell(each),
    sinceCell(each, nowMs),
    costCell(each.costUsd),
    usdCell(hourlyRateOf(each.outcome)),
    fromCell(each, here),
  ]);
}

function renderEnded(jobs: readonly CheckedJob[], here: RunRef): string {
  return renderRows(['Status', 'Job', 'Ran', 'Cost', 'From'], jobs, (each) => [
    statusCell(each.outcome),
    nameCell(each),
    durationCell(durationsOf(each.outcome).runSeconds),
    costCell(each.costUsd),
    fromCell(each, here),
  ]);
}

function renderOrphans(jobs: readonly CheckedJob[], here: RunRef): string {
  const note =
    'They lived on though the run that cooked them was over, and were not to outlive it.';
  const rows = renderRows(['Status', 'Job', 'Cost', 'From'], jobs, (each) => [
    statusCell(each.outcome),
    nameCell(each),
    costCell(each.costUsd),
    fromCell(each, here),
  ]);
  return `${note}\n\n${rows}`;
}

function renderRows(
  headings: readonly string[],
  jobs: readonly CheckedJob[],
  rowOf: (job: CheckedJob) => readonly string[],
): string {
  const columns = headings.map((heading) => ({ heading }));
  return renderTable(columns, jobs.slice(0, maxRows).map(rowOf));
}

function nameCell({ outcome, job }: CheckedJob): string {
  return `${escapeMarkdown(titleOf(outcome.ref, job), 120)}<br>${uuidCode(job.uuid)}`;
}

function sinceCell({ job }: CheckedJob, nowMs: number): string {
  const at = job.started_at ?? job.created_at;
  if (at === null) return '';
  if (at.length === 10) return at;
  return withoutBreaks(`${timeOf(Date.parse(at))} (${formatDuration(nowMs - Date.parse(at))})`);
}

/** The workflow, the commit, and a link to the run: the mark is checked, and its host is our own. */
function fromCell({ mark }: CheckedJob, here: RunRef): string {
  const name = escapeMarkdown(mark.workflow || 'a workflow', 60);
  const commit = mark.sha === '' ? '' : ` \`${mark.sha.slice(0, 7)}\``;
  if (!isOfRepository(mark, here)) return name + commit;
  const url = `https://${here.server}/${here.repository}/actions/runs/${mark.runId}`;
  return `[${name}](${url}/attempts/${mark.runAttempt})${commit}`;
}

function costCell(cost: number | null): string {
  return cost === null ? '' : withoutBreaks(formatEstimatedUsd(cost, '≈'));
}

function usdCell(amount: number | null): string {
  return amount === null ? '' : withoutBreaks(formatUsd(amount));
}

function timeOf(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 'yyyy-mm-ddThh:mm'.length).replace('T', ' ')} UTC`;
}

const maxWorkflows = 20;
const barLength = 20;

/** What each workflow has spent, the most first, with a bar of text. */
function renderSpend(jobs: readonly CheckedJob[]): string {
  const spend = new Map<string, { readonly cost: number; readonly count: number }>();
  for (const { mark, costUsd } of jobs) {
    if (costUsd === null) continue;
    const { cost, count } = spend.get(mark.workflow) ?? { cost: 0, count: 0 };
    spend.set(mark.workflow, { cost: cost + costUsd, count: count + 1 });
  }
  const sorted = [...spend].toSorted(([, a], [, b]) => b.cost - a.cost).slice(0, maxWorkflows);
  const most = sorted[0]?.[1].cost ?? 0;
  if (most === 0) return '';
  const rows = sorted.map(([workflow, { cost, count }]) => [
    escapeMarkdown(workflow || 'a workflow', 60),
    String(count),
    costCell(cost),
    '█'.repeat(Math.max(1, Math.round((cost / most) * barLength))),
  ]);
  const columns = ['Workflow', 'Jobs', 'Spent', 'Share'].map((heading) => ({ heading }));
  return `#### Spend by workflow\n\n${renderTable(columns, rows)}`;
}
