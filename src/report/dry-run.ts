import type { CookBody } from '../dispersed/api.ts';
import type { Recipe } from '../dispersed/schemas.ts';
import type { Order } from '../records.ts';
import type { Runner } from '../runner.ts';
import { adviseOn } from './advice.ts';
import { annotate } from './annotations.ts';
import { redact } from './redact.ts';
import { safeLine, safeMarkdown } from './safe.ts';
import { summarize } from './summarize.ts';
import { firstThatFits } from './summary/fit.ts';

/** What would be sent for one order, or why it cannot be. */
export interface Plan {
  readonly order: Order;
  readonly recipe: Recipe | null;
  readonly body: CookBody | null;
  readonly error: Error | null;
}

/** Shows what would be sent. The step fails where a recipe could not be read. */
export async function reportDryRun(runner: Runner, plans: readonly Plan[]): Promise<void> {
  for (const plan of plans) showPlan(runner, plan);
  const broken = plans.filter(({ error }) => error !== null);
  if (broken.length > 0) runner.fail();
  runner.print(`Dry run: ${verdict(plans.length, broken.length)}; nothing was cooked`);
  runner.output('result', broken.length > 0 ? 'error' : 'dry-run');
  await summarize(runner, renderPlans(plans, broken.length));
}

function showPlan(runner: Runner, { order, recipe, body, error }: Plan): void {
  const { recipeUuid } = order;
  if (error !== null) annotate(runner, adviseOn(error, `read recipe ${recipeUuid}`));
  if (body === null) return;
  const name = safeLine(recipe?.name ?? '', 200);
  runner.print(`Would cook recipe ${recipeUuid}${name && ` “${name}”`} with`);
  for (const line of prettyLines(body)) runner.print(`  | ${safeLine(line, 1_000)}`);
}

// The bodies are in the log too, so they go first.
function renderPlans(plans: readonly Plan[], broken: number): string {
  return firstThatFits([
    () => renderAmount(plans, broken, plans.length, true),
    () => renderAmount(plans, broken, plans.length, false),
    () => renderAmount(plans, broken, 200, false),
  ]);
}

function renderAmount(
  plans: readonly Plan[],
  broken: number,
  most: number,
  withBodies: boolean,
): string {
  const mark = broken > 0 ? '⚠️' : '🧪';
  const rest = plans.length - most;
  const cut = withBodies ? '' : 'What would be sent is in the log: it is too long for a summary.';
  return [
    `### ${mark} Dispersed dry run: ${verdict(plans.length, broken)}; nothing was cooked`,
    '',
    '| | Recipe | UUID | Would be sent |',
    '| --: | --- | --- | --- |',
    ...plans.slice(0, most).map((plan) => renderPlan(plan, withBodies)),
    ...(rest > 0 ? ['', `${rest} more are not shown.`] : []),
    ...(cut === '' ? [] : ['', cut]),
    '',
  ].join('\n');
}

function renderPlan({ order, recipe, body, error }: Plan, withBodies: boolean): string {
  const name = safeMarkdown(recipe?.name ?? '', 120);
  const problem = safeMarkdown(error?.message ?? '', 300);
  const shown = body === null ? problem : withBodies ? renderBody(body) : '';
  return `| ${order.index + 1} | ${name} | \`${order.recipeUuid}\` | ${shown} |`;
}

function renderBody(body: CookBody): string {
  const lines = prettyLines(body).map((line) => {
    const indent = '&nbsp;'.repeat(line.length - line.trimStart().length);
    return indent + safeMarkdown(line, 1_000);
  });
  return `<details><summary>body</summary>${lines.join('<br>')}</details>`;
}

function prettyLines(body: CookBody): readonly string[] {
  return JSON.stringify(redact(body), null, 2).split('\n');
}

function verdict(count: number, broken: number): string {
  const recipes = count === 1 ? 'the order' : `all ${count} orders`;
  return broken === 0
    ? `${recipes} can be sent`
    : `${broken} of ${count} recipes could not be read`;
}
