import type { InputError } from '../errors.ts';
import type { Outcome } from '../jobs/records.ts';
import { compareResults, results } from '../jobs/results.ts';
import { safeMarkdown } from './sanitize.ts';
import { renderDetails } from './summary/details.ts';
import { firstThatFits } from './summary/fit.ts';
import { renderGantt } from './summary/gantt.ts';
import { renderJob, renderJobs, renderTotal } from './summary/jobs.ts';
import { renderNodes } from './summary/nodes.ts';
import { numbered } from './summary/pick.ts';
import { renderResults } from './summary/results.ts';
import { headline } from './headline.ts';

/** How much is shown. */
interface Amount {
  readonly logLines: number;
  readonly gantt: boolean;
  readonly results: boolean;
  readonly rows: number;
}

// From all there is to what always fits; what is missed least goes first.
const all: Amount = { logLines: 40, gantt: true, results: true, rows: 1_000 };
const amounts: readonly Amount[] = [
  all,
  { ...all, logLines: 10 },
  { ...all, logLines: 0 },
  { ...all, logLines: 0, gantt: false },
  { ...all, logLines: 0, gantt: false, results: false },
  { logLines: 0, gantt: false, results: false, rows: 200 },
  { logLines: 0, gantt: false, results: false, rows: 50 },
];

/** The summary as GitHub-flavoured Markdown. */
export function renderSummary(outcomes: readonly Outcome[]): string {
  return firstThatFits(amounts.map((amount) => () => render(outcomes, amount)));
}

function render(outcomes: readonly Outcome[], amount: Amount): string {
  const jobs = numbered(outcomes);
  const [only] = outcomes;
  const parts = [
    heading(outcomes),
    only !== undefined && outcomes.length === 1 ? renderJob(only) : renderJobs(jobs, amount.rows),
    renderTotal(jobs),
    renderNodes(jobs),
    amount.results ? renderResults(jobs) : '',
    amount.gantt ? renderGantt(jobs) : '',
    renderDetails(jobs, amount.logLines),
    shortened(amount),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

function heading(outcomes: readonly Outcome[]): string {
  const worst = outcomes.map(({ result }) => result).toSorted(compareResults)[0] ?? 'error';
  return `### ${results[worst].icon} Dispersed: ${safeMarkdown(headline(outcomes), 200)}`;
}

function shortened({ logLines, gantt, results }: Amount): string {
  if (logLines === all.logLines) return '';
  const left = [
    logLines > 0 ? [] : 'logs',
    gantt ? [] : 'the timeline',
    results ? [] : 'results',
  ].flat();
  const what = left.length === 0 ? 'Logs are shortened' : `Left out: ${left.join(', ')}`;
  return `${what}, so that GitHub takes this summary.`;
}

/** The summary of a step whose inputs could not be used. */
export function renderInputProblems({ problems }: InputError): string {
  const items = problems.map(
    ({ input, message }) => `- <code>${safeMarkdown(input, 100)}</code>: ${safeMarkdown(message)}`,
  );
  return [`### ${results.error.icon} Dispersed: nothing was cooked`, '', ...items, ''].join('\n');
}
