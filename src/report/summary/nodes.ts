import { titleOf } from '../facts.ts';
import { addressOf, nodeUrlsOf, type NodeUrl } from '../node-urls.ts';
import { safeMarkdown } from '../safe.ts';
import type { Numbered } from './pick.ts';
import { renderTable } from './table.ts';

const mostNodes = 100;

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
    rows.length > mostNodes
      ? ['', `${rows.length - mostNodes} more are in the output \`node-urls\`.`]
      : [];
  return [renderTable(columns, rows.slice(0, mostNodes)), ...more].join('\n');
}

function portName({ description }: NodeUrl): string {
  return safeMarkdown(description ?? '', 60);
}
