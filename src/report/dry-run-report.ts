import type { PlannedEntry, PricedPlan } from '../cooking/plan.ts';
import type { Ceilings } from '../money/ceilings.ts';
import type { Runner } from '../runner.ts';
import { hideSecrets } from '../service/secret-fields.ts';
import { cut } from '../text.ts';
import { annotateAll, formatMessage } from './report.ts';
import { describeError, type ErrorMessage } from './errors.ts';
import { describeOffers, formatDuration, formatEstimate } from './format.ts';
import { formatRef } from './log.ts';
import { describeOverBudget } from './outcome-messages.ts';
import { writeVerdict } from './outputs.ts';
import { escapeHtml, escapePreformatted, sanitizeLine, sanitizeLogLine } from './sanitize.ts';
import { writeSummary } from './summary.ts';
import {
  fold,
  formatNumber,
  joinBlocks,
  renderTable,
  uuidCell,
  type Column,
} from './summary/table.ts';
import { describeNoOffers } from './warnings.ts';

/**
 * Shows what would be sent. The step fails where it could not be cooked.
 * @param error what keeps the step from cooking
 */
export async function reportDryRun(
  runner: Runner,
  plans: readonly PlannedEntry[],
  ceilings: Ceilings,
  error: Error | null,
): Promise<void> {
  for (const plan of plans) printPlan(runner, plan, plans.length);
  const broken = plans.filter((plan) => problemsOf(plan).length > 0);
  const offers = plans.map(({ prices }) => prices?.offers ?? null);
  const estimate = formatEstimate(offers, ceilings);
  if (estimate !== '') runner.print(estimate);
  const closing = `Dry run: ${formatVerdict(plans.length, broken.length)}; nothing was cooked`;
  runner.print(closing);
  const isFailed = broken.length > 0 || error !== null;
  if (isFailed) runner.fail();
  const message = error && describeError(error, 'read the recipes');
  annotateAll(runner, [...(message ? [message] : []), ...overBudgetErrors(broken)]);
  const failure = message ? 'error' : 'over-budget';
  const said = message ? formatMessage(runner, message) : closing;
  writeVerdict(runner, isFailed ? failure : 'dry-run', said);
  await writeSummary(runner, () =>
    joinBlocks([
      `### ${isFailed ? '⚠️' : '🧪'} ${closing}`,
      renderTable(planColumns, plans, 'the log'),
      estimate && `<p>${escapeHtml(estimate)}</p>`,
      ...plans.map((plan) => renderBody(plan, plans.length === 1)),
    ]),
  );
}

function formatVerdict(count: number, broken: number): string {
  const some = broken > 0 ? `${broken} of ${count} jobs` : `all ${count} jobs`;
  return `${count === 1 ? 'the job' : some} ${broken > 0 ? 'cannot' : 'can'} be cooked`;
}

function problemsOf({ error, prices }: PricedPlan): readonly string[] {
  const why = prices?.overBudget ?? null;
  return [error?.message, why && describeOverBudget(why).cause].filter(
    (text) => typeof text === 'string',
  );
}

// Many entries may cook one recipe: each reason is shown once.
function overBudgetErrors(broken: readonly PricedPlan[]): readonly ErrorMessage[] {
  const errors = broken.flatMap(({ request: { recipeUuid }, prices }) => {
    const title = `Over budget: recipe ${recipeUuid}`;
    const why = prices?.overBudget ?? null;
    return why === null ? [] : [[title, { title, ...describeOverBudget(why) }] as const];
  });
  return [...new Map(errors).values()];
}

function printPlan(runner: Runner, plan: PlannedEntry, count: number): void {
  const { request, recipe } = plan;
  const lines = bodyLines(plan);
  if (lines.length === 0) return;
  const name = sanitizeLine(recipe?.name ?? '', 200);
  const prefix = formatRef(request.index, count);
  runner.print(`${prefix}Would cook recipe ${request.recipeUuid}${name && ` “${name}”`} with:`);
  for (const line of lines) runner.print(`  | ${cut(sanitizeLogLine(line), 1_000)}`);
  for (const line of describePrices(plan)) runner.print(`  ${line}`);
}

/** What is known of the price, in safe lines. */
function describePrices(plan: PlannedEntry): readonly string[] {
  const { models, shareMs, request } = plan;
  const lines = models.map((model) => {
    const { gpuName } = model.request;
    const place = gpuName === request.gpuName ? ' (cooked first)' : '';
    const note = model.prices?.overBudget ? '; above max-hourly-rate' : '';
    const offers = describePlanOffers(model) || 'the offers are not known';
    return `${sanitizeLine(gpuName ?? '', 100)}${place}: ${offers}${note}`;
  });
  const share =
    shareMs === null ? '' : `max-timeout-run is ${formatDuration(shareMs)}: its share of max-cost`;
  const all = [...(models.length === 0 ? [describePlanOffers(plan)] : lines), share];
  return all.filter((line) => line !== '');
}

function describePlanOffers({ prices }: PricedPlan): string {
  if (prices === null) return '';
  return prices.offers === null
    ? `No offer matches. ${describeNoOffers(prices)}`
    : describeOffers(prices.offers);
}

const planColumns: readonly Column<PlannedEntry>[] = [
  {
    heading: '',
    keep: 'left',
    cell: (plan) => (problemsOf(plan).length > 0 ? '❌ Not ready' : '✅ Ready'),
  },
  {
    heading: 'Recipe',
    cell: ({ recipe, request }) =>
      `${formatNumber(request.index)} ${escapeHtml(recipe?.name ?? '', 120)}`,
  },
  { heading: 'Problem', cell: (plan) => linesCell(problemsOf(plan)) },
  { heading: 'Offers', cell: (plan) => linesCell(describePrices(plan)) },
  { heading: 'Recipe UUID', keep: 'left', cell: ({ request }) => uuidCell(request.recipeUuid) },
];

function linesCell(lines: readonly string[]): string {
  return lines.map((line) => escapeHtml(line, 1_000)).join('<br>');
}

// Below the table: a cell would take the indentation.
function renderBody(plan: PlannedEntry, isOpen: boolean): string {
  const lines = bodyLines(plan).map((line) => escapePreformatted(line, 1_000));
  const title = `Request of ${formatNumber(plan.request.index)}`;
  return lines.length === 0 ? '' : fold(title, [`<pre>\n${lines.join('\n')}\n</pre>`], isOpen);
}

/** The body of the cook as JSON; empty where none is known. */
function bodyLines({ body }: PlannedEntry): readonly string[] {
  return Object.keys(body).length === 0
    ? []
    : JSON.stringify(hideSecrets(body), null, 2).split('\n');
}
