import type { CookBody } from '../service/endpoints.ts';
import { hideSecrets } from '../service/secret-fields.ts';
import type { Recipe } from '../service/schemas.ts';
import { asError, InputError } from '../errors.ts';
import type { HardwareWish, NoOffers } from '../money/offers.ts';
import type { CookRequest } from '../cooking/request.ts';
import type { OfferSummary, OverBudget } from '../jobs/records.ts';
import type { Result } from '../jobs/results.ts';
import type { Runner } from '../runner.ts';
import { ownPrefix } from './log.ts';
import { describeError, type ErrorMessage } from './errors.ts';
import { annotateAll, formatProblem } from './annotations.ts';
import { formatDuration, describeOffers } from './format.ts';
import { describeOverBudget } from './over-budget.ts';
import { writeVerdict } from './outputs.ts';
import { escapeHtml, escapePreformatted, sanitizeLine } from './sanitize.ts';
import { describeNoOffers } from './warnings.ts';
import { writeSummary, type Tier } from './summary.ts';
import { fold, renderTable, uuidCode, type Column } from './summary/table.ts';

/** What would be sent for one job; with an error it cannot be sent, or would be rejected. */
export interface PlannedCook {
  readonly request: CookRequest;
  readonly recipe: Recipe | null;
  readonly body: CookBody | null;
  readonly error: Error | null;
  /** The run limit in the body, in ms, where that is the job's share of `max-cost`. */
  readonly shareMs: number | null;
  /** null where there are none, or none are known. */
  readonly offers: OfferSummary | null;
  readonly noOffers: { readonly wish: HardwareWish; readonly why: NoOffers } | null;
  /** Why it would not be cooked though it could be. */
  readonly overBudget: OverBudget | null;
  /** Where it may have one of several GPU models, each of them; this is the one cooked first. */
  readonly models: readonly PlannedCook[];
}

/** Shows what would be sent. The step fails where the service would reject it. */
export async function reportDryRun(runner: Runner, plans: readonly PlannedCook[]): Promise<void> {
  for (const plan of plans) printPlan(runner, plan, plans.length);
  const broken = plans.filter(isBroken);
  const closing = `${verdict(plans.length, broken.length)}; nothing was cooked`;
  runner.print(`Dry run: ${closing}`);
  if (broken.length > 0) runner.fail();
  annotatePlans(runner, broken);
  writeVerdict(runner, dryRunResult(plans), `Dry run: ${closing}`);
  await writeSummary(runner, (tier) =>
    renderPlans(plans, tier, `${broken.length > 0 ? '⚠️' : '🧪'} Dispersed dry run: ${closing}`),
  );
}

function isBroken({ error, overBudget }: PlannedCook): boolean {
  return error !== null || overBudget !== null;
}

function dryRunResult(plans: readonly PlannedCook[]): Result {
  if (plans.some(({ error }) => error !== null)) return 'error';
  return plans.some(isBroken) ? 'over-budget' : 'dry-run';
}

function printPlan(runner: Runner, plan: PlannedCook, count: number): void {
  const { request, recipe, body } = plan;
  if (body === null) return;
  const name = sanitizeLine(recipe?.name ?? '', 200);
  const prefix = ownPrefix({ ref: request }, count);
  runner.print(`${prefix}Would cook recipe ${request.recipeUuid}${name && ` “${name}”`} with:`);
  for (const line of prettyLines(body)) runner.print(`  | ${sanitizeIndented(line, 1_000)}`);
  for (const line of priceLines(plan)) runner.print(`  ${line}`);
}

/** What is known of the price, in safe lines. */
function priceLines(plan: PlannedCook): readonly string[] {
  const { models, shareMs } = plan;
  const share =
    shareMs === null
      ? []
      : [`max-timeout-run is ${formatDuration(shareMs)}: its share of max-cost`];
  return [...(models.length === 0 ? offerLines(plan) : modelLines(plan)), ...share];
}

function offerLines({ offers, noOffers }: PlannedCook): readonly string[] {
  if (offers !== null) return [describeOffers(offers)];
  return noOffers === null
    ? []
    : [`No offer matches. ${describeNoOffers(noOffers.wish, noOffers.why)}`];
}

function modelLines({ models, request: { gpuName: cookedFirst } }: PlannedCook): readonly string[] {
  return models.map((model) => {
    const { gpuName } = model.request;
    const place = gpuName === cookedFirst ? ' (cooked first)' : '';
    const dear = model.overBudget === null ? '' : '; above max-hourly-rate';
    const offers = offerLines(model)[0] ?? 'the offers are not known';
    return `${sanitizeLine(gpuName ?? '', 100)}${place}: ${offers}${dear}`;
  });
}

// Many entries may cook one recipe: each error is shown once.
function annotatePlans(runner: Runner, broken: readonly PlannedCook[]): void {
  const causes = new Map(broken.map((plan) => [groupOf(plan), plan]));
  annotateAll(runner, [...causes.values()].map(describeProblem), (shown) => ({
    title: `${causes.size - shown} more recipes cannot be cooked`,
    cause: 'GitHub shows no more annotations.',
    remedy: 'The job summary lists all of them.',
  }));
}

function describeProblem({ request, error, overBudget }: PlannedCook): ErrorMessage {
  const { recipeUuid } = request;
  if (error === null && overBudget !== null) {
    const name = `recipe ${recipeUuid}`;
    return { title: `Over budget: ${name}`, ...describeOverBudget(overBudget) };
  }
  if (!(error instanceof InputError))
    return describeError(asError(error), `read recipe ${recipeUuid}`);
  return {
    title: `The service would reject the cook of recipe ${recipeUuid}`,
    cause: error.problems.map(formatProblem).join('\n'),
    remedy: 'Change the inputs or the recipe.',
  };
}

function groupOf({ request, error, overBudget }: PlannedCook): string {
  if (error === null) return overBudget === null ? '' : `${request.recipeUuid}: over budget`;
  return error instanceof InputError ? `${request.recipeUuid}: ${error.message}` : error.message;
}

const planColumns: readonly Column<PlannedCook>[] = [
  { heading: '#', align: 'right', cell: ({ request }) => String(request.index + 1) },
  { heading: 'Recipe', cell: ({ recipe }) => escapeHtml(recipe?.name ?? '', 120) },
  { heading: 'UUID', keep: true, cell: ({ request }) => uuidCode(request.recipeUuid) },
  { heading: 'Price', cell: (plan) => linesCell(priceLines(plan), 1_000) },
  { heading: 'Problem', cell: (plan) => linesCell(problemLines(plan), 300) },
];

// The bodies are in the log too: where they do not fit, they are left out here.
function renderPlans(plans: readonly PlannedCook[], tier: Tier, heading: string): string {
  const bodies = plans.map((plan) => renderBody(plan, plans.length === 1));
  const parts = [
    `### ${heading}`,
    renderTable(planColumns, plans),
    ...(tier === 'full'
      ? bodies
      : ['The requests are in the log: they are too long for a summary.']),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

function problemLines({ error, overBudget }: PlannedCook): readonly string[] {
  const dear = overBudget === null ? [] : [describeOverBudget(overBudget).cause];
  return [...(error === null ? [] : [error.message]), ...dear];
}

function linesCell(lines: readonly string[], maxLength: number): string {
  return lines.map((line) => escapeHtml(line, maxLength)).join('<br>');
}

// Below the table: a cell would take the indentation.
function renderBody({ request, body }: PlannedCook, isOpen: boolean): string {
  if (body === null) return '';
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
