import { runUrl, type RunRef } from '../inputs/context.ts';
import { instantMs } from '../jobs/metrics.ts';
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
import { joinBlocks, renderTable, uuidCell, type Column } from '../report/summary/table.ts';
import type { CheckedJob, CheckResult } from './checked-job.ts';

// What a check shows in the job summary. Every text of a job is foreign.

/** The summary of a check as GitHub-flavored Markdown. */
export function renderCheck(result: CheckResult, here: RunRef): string {
  const { running, ended, orphans, sinceMs, nowMs } = result;
  const all = [...running, ...ended];
  const cost = sumOfCosts(all.map((job) => job.cost));
  const from: CheckColumn = { heading: 'From', cell: ({ mark }) => fromCell(mark, here) };
  const since: CheckColumn = {
    heading: 'Since',
    keep: true,
    cell: (checked) => sinceCell(checked, nowMs),
  };
  const columns = (...own: readonly CheckColumn[]) => [...named, ...own, from, uuid];
  const isOther = (job: CheckedJob) => !orphans.includes(job);
  return joinBlocks([
    renderHeading(result),
    `Cooked since ${formatTime(sinceMs)}${cost === null ? '' : `, for ${formatCost(cost, 'about')}`}.`,
    ...renderSection(
      'Orphans',
      'Their workflow run ended, and they were not to outlive it.',
      orphans,
      columns(since),
    ),
    ...renderSection('Running', '', running.filter(isOther), columns(ofJob(rateColumn), since)),
    ...renderSection('Ended', '', ended.filter(isOther), columns(ofJob(ranColumn))),
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

const named: readonly CheckColumn[] = [
  ofJob(statusColumn),
  ofJob(titleColumn(false)),
  { heading: 'Cost (USD)', align: 'right', cell: ({ cost }) => costCell(cost) },
];

const uuid: CheckColumn = {
  heading: 'Job UUID',
  keep: true,
  cell: ({ job }) => uuidCell(job.uuid),
};

function renderSection(
  title: string,
  note: string,
  jobs: readonly CheckedJob[],
  columns: readonly CheckColumn[],
): readonly string[] {
  if (jobs.length === 0) return [];
  return [`#### ${title}`, note, renderTable(columns, jobs, title.toLowerCase())];
}

function sinceCell({ job }: CheckedJob, nowMs: number): string {
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
  return `<a href="${url}">${workflowCell(mark)}</a>${commit}`;
}

function workflowCell({ workflow }: CheckedJob['mark']): string {
  return escapeHtml(workflow || 'a workflow', 60);
}

/** What each workflow has spent, the most first. */
function renderSpend(jobs: readonly CheckedJob[]): readonly string[] {
  const byWorkflow = Map.groupBy(jobs, ({ mark }) => mark.workflow);
  const spend = [...byWorkflow.values()].flatMap((own) => {
    const cost = sumOfCosts(own.map((job) => job.cost));
    return cost === null ? [] : [{ own, cost }];
  });
  if (spend.length === 0) return [];
  const columns: readonly Column<(typeof spend)[number]>[] = [
    {
      heading: 'Workflow',
      cell: ({ own }) =>
        own
          .slice(0, 1)
          .map(({ mark }) => workflowCell(mark))
          .join(''),
    },
    { heading: 'Jobs', align: 'right', cell: ({ own }) => String(own.length) },
    { heading: 'Cost (USD)', align: 'right', cell: ({ cost }) => costCell(cost) },
  ];
  const sorted = spend.toSorted((a, b) => b.cost.usd - a.cost.usd);
  return ['#### Spend by workflow', renderTable(columns, sorted, 'ended')];
}
