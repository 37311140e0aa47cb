import pLimit from 'p-limit';
import { asError, InputError } from '../errors.ts';
import { checkWhole } from '../inputs/rules.ts';
import { createRecipeReader, type RecipeReader } from '../jobs/recipes.ts';
import type { CookRequest } from '../jobs/records.ts';
import { bodyOf } from '../jobs/request.ts';
import { reportDryRun, type PlannedCook } from '../report/dry-run-report.ts';
import type { Deps } from './deps.ts';
import { withStep, type StepPlan } from './step.ts';

const maxConcurrentReads = 8;

/** Reads the recipe of each entry and shows what would be sent. Cooks nothing. */
export async function dryRun(
  requests: readonly CookRequest[],
  plan: StepPlan,
  deps: Deps,
): Promise<void> {
  const inTurn = pLimit(maxConcurrentReads);
  const plans = await withStep({ ...plan, logs: 'none' }, [], [], deps, async (step) => {
    const readRecipe = createRecipeReader(step.client, step.end.signal);
    return Promise.all(
      requests.map(async (request) => inTurn(async () => planOne(request, readRecipe))),
    );
  });
  await reportDryRun(deps.runner, plans);
}

async function planOne(request: CookRequest, readRecipe: RecipeReader): Promise<PlannedCook> {
  try {
    const recipe = await readRecipe(request.recipeUuid);
    const body = bodyOf(request, recipe);
    // A recipe that keeps its fields to itself cannot be checked.
    const problems = recipe.payload === null ? [] : checkWhole({ ...recipe.payload, ...body });
    const error = problems.length === 0 ? null : new InputError(problems);
    return { request, recipe, body, error };
  } catch (error) {
    return { request, recipe: null, body: null, error: asError(error) };
  }
}
