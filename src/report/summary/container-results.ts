import type { Outcome } from '../../jobs/records.ts';
import { titleOf } from '../../jobs/metrics.ts';
import { formatNumber } from '../format.ts';
import { escapeHtml } from '../sanitize.ts';
import { fold, renderTable, type Column, type NumberedOutcome } from './table.ts';

const maxKeys = 50;
const maxColumns = 8;
// More rows than these push cost and timeline out of sight.
const maxUnfolded = 20;

/** What the containers reported: of one job a key a row, of several jobs a key a column. */
export function renderContainerResults(jobs: readonly NumberedOutcome[]): string {
  const reporting = jobs.filter(({ outcome }) => Object.keys(outcome.results ?? {}).length > 0);
  const keys = [...new Set(reporting.flatMap(({ outcome }) => Object.keys(outcome.results ?? {})))];
  const [only] = reporting;
  if (only === undefined) return '';
  if (jobs.length === 1) return renderOne(only.outcome, keys);
  const columns: readonly Column<NumberedOutcome>[] = [
    { heading: '#', align: 'right', cell: ({ number }) => String(number) },
    {
      heading: 'Results of',
      cell: ({ outcome }) => escapeHtml(titleOf(outcome.ref, outcome.job), 60),
    },
    ...keys.slice(0, maxColumns).map((key) => ({
      heading: escapeHtml(key, 40),
      cell: ({ outcome }: NumberedOutcome) => valueCell(outcome, key),
    })),
  ];
  const more =
    keys.length > maxColumns
      ? `\n\n${keys.length - maxColumns} more are in the output \`jobs\`.`
      : '';
  const table = renderTable(columns, reporting) + more;
  return reporting.length > maxUnfolded
    ? fold(`Results of ${reporting.length} jobs`, [table])
    : table;
}

function renderOne(outcome: Outcome, keys: readonly string[]): string {
  const columns: readonly Column<string>[] = [
    { heading: 'Result', cell: (key) => escapeHtml(key, 60) },
    { heading: 'Value', cell: (key) => valueCell(outcome, key) },
  ];
  return renderTable(columns, keys, maxKeys, 'the output `results`');
}

// A key may have the name of what every object inherits.
function valueCell({ results }: Outcome, key: string): string {
  const value = results !== null && Object.hasOwn(results, key) ? results[key] : undefined;
  if (value === undefined) return '';
  if (typeof value === 'number') return escapeHtml(formatNumber(value));
  return escapeHtml(typeof value === 'string' ? value : JSON.stringify(value), 120);
}
