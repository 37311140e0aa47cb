import type { PlannedEntry } from '../cooking/plan.ts';
import type { Ceilings } from '../money/ceilings.ts';
import type { Runner } from '../runner.ts';
import { hideSecrets } from '../service/redactor.ts';
import { cut } from '../text.ts';
import { describeError, type ErrorMessage } from './errors.ts';
import { describeOffers, formatDuration, formatEstimate } from './format.ts';
import { formatRef } from './log.ts';
import { describeOverBudget } from './budget-messages.ts';
import { writeVerdict } from './outputs.ts';
import { annotateAll, formatMessage } from './report.ts';
import { escapeHtml, sanitizeLine, sanitizeLogLine } from './sanitize.ts';
import { writeSummary } from './summary.ts';
import {
  type Column,
  formatNumber,
  joinBlocks,
  renderSentence,
  renderTable,
  uuidCell,
} from './summary/tables.ts';
import { describeNoOffers } from './warnings.ts';

/** Shows what would be sent, and fails the step where it cannot be. @param error why it cannot */
export async function reportDryRun(
  runner: Runner,
  plans: readonly PlannedEntry[],
  ceilings: Ceilings,
  error: Error | null,
): Promise<void> {
  for (const plan of plans) printPlan(runner, plan, plans.length);
  const broken = plans.filter((plan) => problemOf(plan) !== '');
  const offers = plans.map(({ prices }) => prices?.offers ?? null);
  const estimate = formatEstimate(offers, ceilings);
  if (estimate !== '') runner.print(estimate);
  const closing = `Dry run: ${formatVerdict(plans.length, broken.length)}; nothing was cooked`;
  runner.print(closing);
  const isFailed = broken.length > 0 || error !== null;
  if (isFailed) runner.fail();
  const message = error && describeError(error, 'read the recipes');
  // Many entries may cook one recipe: each reason is shown once.
  const overBudget = broken.flatMap((plan) => overBudgetOf(plan) ?? []);
  const distinct = new Map(overBudget.map((each) => [each.title, each]));
  const messages = [...(message ? [message] : []), ...distinct.values()];
  annotateAll(runner, messages);
  const failure = message ? 'error' : 'over-budget';
  const [worst] = messages;
  const said = worst ? formatMessage(runner, worst) : closing;
  writeVerdict(runner, isFailed ? failure : 'dry-run', said);
  await writeSummary(runner, () =>
    joinBlocks([
      `### ${isFailed ? '⚠️' : '🧪'} ${closing}`,
      renderTable(planColumns, plans, 'the log'),
      estimate && `<p>${escapeHtml(estimate)}</p>`,
      plans.some((plan) => bodyLines(plan).length > 0) ? 'The log has the requests.' : '',
    ]),
  );
}

function formatVerdict(count: number, broken: number): string {
  const some = broken > 0 ? `${broken} of ${count} jobs` : `all ${count} jobs`;
  return `${count === 1 ? 'the job' : some} ${broken > 0 ? 'cannot' : 'can'} be cooked`;
}

function problemOf(plan: PlannedEntry): string {
  return plan.error?.message ?? overBudgetOf(plan)?.cause ?? '';
}

function overBudgetOf({ request, prices }: PlannedEntry): ErrorMessage | null {
  const why = prices?.overBudget ?? null;
  const title = `Over budget: recipe ${request.recipeUuid}`;
  return why && { title, ...describeOverBudget(why) };
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

function describePrices({ request, models, prices, shareMs }: PlannedEntry): readonly string[] {
  const others = models.filter((name) => name !== request.gpuName).join(', ');
  const first = others && `Tried first: ${request.gpuName}; other models: ${others}`;
  const offers = prices?.offers ? describeOffers(prices.offers) : '';
  const none = prices && !prices.offers ? `No offer matches. ${describeNoOffers(prices)}` : '';
  const share =
    shareMs === null
      ? ''
      : `max-timeout-run is set to ${formatDuration(shareMs)}, the time that the job's share of max-cost pays for`;
  return [sanitizeLine(first), offers, none, share].filter((line) => line !== '');
}

const planColumns: readonly Column<PlannedEntry>[] = [
  {
    heading: '',
    keep: 'left',
    cell: (plan) => (problemOf(plan) === '' ? '✅ Ready' : '❌ Not ready'),
  },
  {
    heading: 'Recipe',
    cell: ({ recipe, request }) =>
      `${formatNumber(request.index)} ${escapeHtml(recipe?.name ?? '', 120)}`,
  },
  { heading: 'Problem', cell: (plan) => linesCell(problemOf(plan).split('\n')) },
  { heading: 'Offers', cell: (plan) => linesCell(describePrices(plan)) },
  { heading: 'Recipe UUID', keep: 'left', cell: ({ request }) => uuidCell(request.recipeUuid) },
];

function linesCell(lines: readonly string[]): string {
  return lines.map((line) => renderSentence(line)).join('<br>');
}

function bodyLines({ body }: PlannedEntry): readonly string[] {
  return Object.keys(body).length === 0
    ? []
    : JSON.stringify(hideSecrets(body), null, 2).split('\n');
}
