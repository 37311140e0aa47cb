import { titleOf } from '../../jobs/metrics.ts';
import { addressOf, nodeUrlsOf, type NodeUrl } from '../../jobs/node-urls.ts';
import { safeMarkdown } from '../sanitize.ts';
import type { Numbered } from './pick.ts';
import { renderTable } from './table.ts';

const maxNodes = 100;

/** Where the jobs that run can be reached. */
export function renderNodes(jobs: readonly Numbered[]): string {
  const rows = jobs.flatMap(({ number, outcome }) =>
    nodeUrlsOf(outcome).map((node) => [
      jobs.length === 1
        ? ''
        : `${number} ${safeMarkdown(titleOf(outcome.subject, outcome.job), 60)}`,
      portName(node),
      `\`${addressOf(node)}\``,
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
  return safeMarkdown(description ?? '', 60);
}
