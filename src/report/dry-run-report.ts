import type { CookBody } from '../service/endpoints.ts';
import { hideSecrets } from '../service/secret-fields.ts';
import type { PlannedEntry, PricedPlan } from '../cooking/plan.ts';
import type { Result } from '../jobs/results.ts';
import type { Ceilings } from '../money/ceilings.ts';
import type { Runner } from '../runner.ts';
import { describeError } from './errors.ts';
import { annotate, annotateAll, formatMessage } from './annotations.ts';
import { formatDuration, formatEstimate, describeOffers } from './format.ts';
import { formatRef } from './log.ts';
import { describeOverBudget } from './over-budget.ts';
import { writeVerdict } from './outputs.ts';
import { escapeHtml, escapePreformatted, sanitizeLine } from './sanitize.ts';
import { describeNoOffers } from './warnings.ts';
import { writeSummary, type Tier } from './summary.ts';
import { fold, renderTable, uuidCode, type Column } from './summary/table.ts';

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
  const estimate = formatEstimate(
    plans.map(({ prices }) => prices?.offers ?? null),
    ceilings,
  );
  if (estimate !== '') runner.print(estimate);
  const broken = plans.filter(isBroken);
  const isFailed = broken.length > 0 || error !== null;
  const closing = `${verdict(plans.length, broken.length)}; nothing was cooked`;
  runner.print(`Dry run: ${closing}`);
  if (isFailed) runner.fail();
  const message = error === null ? null : describeError(error, 'read the recipes');
  if (message !== null) annotate(runner, message);
  annotateOverBudget(runner, broken);
  const told = message === null ? `Dry run: ${closing}` : formatMessage(runner, message);
  writeVerdict(runner, dryRunResult(isFailed, error), told);
  await writeSummary(runner, (tier) =>
    renderPlans(plans, tier, `${isFailed ? '⚠️' : '🧪'} Dispersed dry run: ${closing}`, estimate),
  );
}

function isBroken({ error, prices }: PricedPlan): boolean {
  return error !== null || (prices?.overBudget ?? null) !== null;
}

function dryRunResult(isFailed: boolean, error: Error | null): Result {
  if (error !== null) return 'error';
  return isFailed ? 'over-budget' : 'dry-run';
}

function printPlan(runner: Runner, plan: PlannedEntry, count: number): void {
  const { request, recipe, body } = plan;
  if (Object.keys(body).length === 0) return;
  const name = sanitizeLine(recipe?.name ?? '', 200);
  const prefix = formatRef(request.index, count);
  runner.print(`${prefix}Would cook recipe ${request.recipeUuid}${name && ` “${name}”`} with:`);
  for (const line of prettyLines(body)) runner.print(`  | ${sanitizeIndented(line, 1_000)}`);
  for (const line of priceLines(plan)) runner.print(`  ${line}`);
}

/** What is known of the price, in safe lines. */
function priceLines(plan: PlannedEntry): readonly string[] {
  const { models, shareMs, request } = plan;
  const lines =
    models.length === 0
      ? [offersLine(plan)]
      : models.map((model) => modelLine(model, request.gpuName));
  const share =
    shareMs === null ? '' : `max-timeout-run is ${formatDuration(shareMs)}: its share of max-cost`;
  return [...lines, share].filter((line) => line !== '');
}

function offersLine({ prices }: PricedPlan): string {
  if (prices === null) return '';
  return prices.offers === null
    ? `No offer matches. ${describeNoOffers(prices)}`
    : describeOffers(prices.offers);
}

function modelLine(model: PricedPlan, cookedFirst: string | null): string {
  const { gpuName } = model.request;
  const place = gpuName === cookedFirst ? ' (cooked first)' : '';
  const note = (model.prices?.overBudget ?? null) === null ? '' : '; above max-hourly-rate';
  const offers = offersLine(model) || 'the offers are not known';
  return `${sanitizeLine(gpuName ?? '', 100)}${place}: ${offers}${note}`;
}

// Many entries may cook one recipe: each reason is shown once.
function annotateOverBudget(runner: Runner, broken: readonly PricedPlan[]): void {
  const causes = new Map(
    broken.flatMap(({ request: { recipeUuid }, prices }) => {
      const title = `Over budget: recipe ${recipeUuid}`;
      const why = prices?.overBudget ?? null;
      return why === null ? [] : [[title, { title, ...describeOverBudget(why) }] as const];
    }),
  );
  annotateAll(runner, [...causes.values()]);
}

const planColumns: readonly Column<PlannedEntry>[] = [
  { heading: '#', align: 'right', cell: ({ request }) => String(request.index + 1) },
  { heading: 'Recipe', cell: ({ recipe }) => escapeHtml(recipe?.name ?? '', 120) },
  { heading: 'UUID', keep: true, cell: ({ request }) => uuidCode(request.recipeUuid) },
  { heading: 'Price', cell: (plan) => linesCell(priceLines(plan), 1_000) },
  { heading: 'Problem', cell: (plan) => linesCell(problemLines(plan), 300) },
];

// The bodies are in the log too: where they do not fit, they are left out here.
function renderPlans(
  plans: readonly PlannedEntry[],
  tier: Tier,
  heading: string,
  estimate: string,
): string {
  const bodies = plans.map((plan) => renderBody(plan, plans.length === 1));
  const parts = [
    `### ${heading}`,
    renderTable(planColumns, plans),
    estimate,
    ...(tier === 'full'
      ? bodies
      : ['The requests are in the log: they are too long for a summary.']),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

function problemLines({ error, prices }: PricedPlan): readonly string[] {
  const overBudget = prices?.overBudget ?? null;
  const why = overBudget === null ? [] : [describeOverBudget(overBudget).cause];
  return [...(error === null ? [] : [error.message]), ...why];
}

function linesCell(lines: readonly string[], maxLength: number): string {
  return lines.map((line) => escapeHtml(line, maxLength)).join('<br>');
}

// Below the table: a cell would take the indentation.
function renderBody({ request, body }: PlannedEntry, isOpen: boolean): string {
  if (Object.keys(body).length === 0) return '';
  const lines = prettyLines(body).map((line) => escapePreformatted(line, 1_000));
  const title = `Request ${request.index + 1}`;
  return fold(title, [`<pre>\n${lines.join('\n')}\n</pre>`], isOpen);
}

/** A line of JSON as {@link sanitizeLine} has it, with its indentation. */
function sanitizeIndented(line: string, maxLength: number): string {
  return ' '.repeat(line.length - line.trimStart().length) + sanitizeLine(line, maxLength);
}

function prettyLines(body: CookBody): readonly string[] {
  return JSON.stringify(hideSecrets(body), null, 2).split('\n');
}

function verdict(count: number, broken: number): string {
  if (count === 1) return broken > 0 ? 'the job cannot be cooked' : 'the job can be cooked';
  return broken > 0
    ? `${broken} of ${count} jobs cannot be cooked`
    : `all ${count} jobs can be cooked`;
}
