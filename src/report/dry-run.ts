import type { CookBody } from '../api/endpoints.ts';
import { redact } from '../api/redact.ts';
import type { Recipe } from '../api/schemas.ts';
import { asError, InputError } from '../errors.ts';
import type { CookRequest } from '../jobs/records.ts';
import type { Runner } from '../runtime.ts';
import { describeError, type ErrorMessage } from './error-messages.ts';
import { annotateAll, sayProblem } from './annotations.ts';
import { safeLine, safeMarkdown } from './sanitize.ts';
import { summarize } from './write-summary.ts';
import { firstThatFits } from './summary/fit.ts';

/** What would be sent for one order; with an error it cannot be, or would be refused. */
export interface Plan {
  readonly order: CookRequest;
  readonly recipe: Recipe | null;
  readonly body: CookBody | null;
  readonly error: Error | null;
}

/** Shows what would be sent. The step fails where the service would refuse it. */
export async function reportDryRun(runner: Runner, plans: readonly Plan[]): Promise<void> {
  for (const plan of plans) printPlan(runner, plan);
  const broken = plans.filter(({ error }) => error !== null);
  const closing = `${verdict(plans.length, broken.length)}; nothing was cooked`;
  runner.print(`Dry run: ${closing}`);
  if (broken.length > 0) runner.fail();
  annotatePlans(runner, broken);
  runner.output('result', broken.length > 0 ? 'error' : 'dry-run');
  await summarize(runner, () =>
    renderPlans(plans, `${broken.length > 0 ? '⚠️' : '🧪'} Dispersed dry run: ${closing}`),
  );
}

function printPlan(runner: Runner, { order, recipe, body }: Plan): void {
  if (body === null) return;
  const name = safeLine(recipe?.name ?? '', 200);
  runner.print(`Would cook recipe ${order.recipeUuid}${name && ` “${name}”`} with`);
  for (const line of prettyLines(body)) runner.print(`  | ${safeLine(line, 1_000)}`);
}

// Many entries may cook one recipe: what is wrong with it is told once.
function annotatePlans(runner: Runner, broken: readonly Plan[]): void {
  const causes = new Map(broken.map((plan) => [sayError(plan), plan]));
  annotateAll(runner, [...causes.values()].map(adviseOnPlan), (shown) => ({
    title: `${causes.size - shown} more recipes cannot be cooked`,
    cause: 'There is no room for more annotations.',
    remedy: 'The job summary has all of them.',
  }));
}

function adviseOnPlan({ order, error }: Plan): ErrorMessage {
  const { recipeUuid } = order;
  if (!(error instanceof InputError))
    return describeError(asError(error), `read recipe ${recipeUuid}`);
  return {
    title: `The service would not cook recipe ${recipeUuid}`,
    cause: error.problems.map(sayProblem).join('\n'),
    remedy: 'Change the inputs or the recipe.',
  };
}

function sayError({ order, error }: Plan): string {
  if (error === null) return '';
  return error instanceof InputError ? `${order.recipeUuid}: ${error.message}` : error.message;
}

// The bodies are in the log too, so they go first.
function renderPlans(plans: readonly Plan[], heading: string): string {
  return firstThatFits([
    () => renderAmount(plans, heading, plans.length, true),
    () => renderAmount(plans, heading, plans.length, false),
    () => renderAmount(plans, heading, 200, false),
  ]);
}

function renderAmount(
  plans: readonly Plan[],
  heading: string,
  most: number,
  withBodies: boolean,
): string {
  const rest = plans.length - most;
  const cut = withBodies ? '' : 'What would be sent is in the log: it is too long for a summary.';
  return [
    `### ${heading}`,
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
  const trouble = error === null ? [] : [safeMarkdown(error.message, 300)];
  const sent = body === null || !withBodies ? [] : [renderBody(body)];
  const name = safeMarkdown(recipe?.name ?? '', 120);
  const shown = [...trouble, ...sent].join('<br>');
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
  if (broken > 0)
    return count === 1
      ? 'the order cannot be cooked'
      : `${broken} of ${count} orders cannot be cooked`;
  return count === 1 ? 'the order can be sent' : `all ${count} orders can be sent`;
}
