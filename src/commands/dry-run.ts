import { asError, InputError } from '../errors.ts';
import { checkWhole } from '../inputs/rules.ts';
import { openRecipeBook } from '../jobs/recipes.ts';
import { bodyOf } from '../jobs/request.ts';
import type { CookRequest } from '../jobs/records.ts';
import type { PlannedCook } from '../report/dry-run-report.ts';
import type { Session } from './session.ts';

/** Reads the recipe of each order and works out what would be sent. Cooks nothing. */
export async function rehearse(
  orders: readonly CookRequest[],
  { world, client, end, inTurn }: Session,
): Promise<readonly PlannedCook[]> {
  const recipeBook = openRecipeBook({ ...world, client, signal: end.signal });
  return Promise.all(
    orders.map(async (order): Promise<PlannedCook> => {
      try {
        const recipe = await inTurn(async () => recipeBook(order.recipeUuid));
        const body = bodyOf(order, recipe);
        // A recipe that keeps its fields to itself cannot be checked.
        const problems = recipe.payload === null ? [] : checkWhole({ ...recipe.payload, ...body });
        const error = problems.length === 0 ? null : new InputError(problems);
        return { request: order, recipe, body, error };
      } catch (error) {
        return { request: order, recipe: null, body: null, error: asError(error) };
      }
    }),
  );
}
