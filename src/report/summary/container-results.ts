import type { Outcome } from '../../jobs/records.ts';
import { titleOf } from '../../jobs/metrics.ts';
import { formatNumber } from '../format.ts';
import { escapeHtml } from '../sanitize.ts';
import { fold } from './failures.ts';
import { renderTable, type Column, type NumberedOutcome } from './table.ts';

const maxKeys = 50;
const maxColumns = 8;
// More rows than these push cost and timeline out of sight.
const maxUnfolded = 20;

/** What the containers reported: of one job a key a row, of several jobs a key a column. */
export function renderContainerResults(jobs: readonly NumberedOutcome[]): string {
  const reporting = jobs.filter(({ outcome }) => keysOf([outcome.results]).length > 0);
  const keys = keysOf(reporting.map(({ outcome }) => outcome.results));
  if (keys.length === 0) return '';
  const [maxShown, table] =
    jobs.length === 1
      ? [maxKeys, ofOne(reporting, keys)]
      : [maxColumns, ofSeveral(reporting, keys)];
  const more =
    keys.length > maxShown
      ? ['', `${keys.length - maxShown} more are in the output \`results\`.`]
      : [];
  const whole = [table, ...more].join('\n');
  return reporting.length > maxUnfolded
    ? fold(`Results of ${reporting.length} jobs`, [whole])
    : whole;
}

function ofOne(jobs: readonly NumberedOutcome[], keys: readonly string[]): string {
  const results = jobs[0]?.outcome.results ?? {};
  const rows = keys.slice(0, maxKeys).map((key) => [escapeHtml(key, 60), valueText(results, key)]);
  return renderTable([{ heading: 'Result' }, { heading: 'Value' }], rows);
}

function ofSeveral(jobs: readonly NumberedOutcome[], keys: readonly string[]): string {
  const shown = keys.slice(0, maxColumns);
  const headings = ['#', 'Results of', ...shown.map((key) => escapeHtml(key, 40))];
  const rows = jobs.map(({ number, outcome }) => [
    String(number),
    escapeHtml(titleOf(outcome.ref, outcome.job), 60),
    ...shown.map((key) => valueText(outcome.results, key)),
  ]);
  const columns = headings.map((heading): Column =>
    heading === '#' ? { heading, align: 'right' } : { heading },
  );
  return renderTable(columns, rows);
}

function keysOf(all: readonly Outcome['results'][]): readonly string[] {
  return [...new Set(all.flatMap((results) => Object.keys(results ?? {})))];
}

// A key may have the name of what every object inherits.
function valueText(results: Outcome['results'], key: string): string {
  const value = results !== null && Object.hasOwn(results, key) ? results[key] : undefined;
  if (value === undefined) return '';
  if (typeof value === 'number') return escapeHtml(formatNumber(value));
  return escapeHtml(typeof value === 'string' ? value : JSON.stringify(value), 120);
}
