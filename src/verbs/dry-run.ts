import { asError } from '../errors.ts';
import { openRecipeBook } from '../jobs/recipes.ts';
import { bodyOf } from '../order.ts';
import type { Order } from '../records.ts';
import type { Plan } from '../report/dry-run.ts';
import type { Session } from './session.ts';

/** Reads the recipe of each order and works out what would be sent. Cooks nothing. */
export async function rehearse(
  orders: readonly Order[],
  { world, client, end, inTurn }: Session,
): Promise<readonly Plan[]> {
  const recipeBook = openRecipeBook({ ...world, client, signal: end.signal });
  return Promise.all(
    orders.map(async (order): Promise<Plan> => {
      try {
        const recipe = await inTurn(async () => recipeBook(order.recipeUuid));
        return { order, recipe, body: bodyOf(order, recipe), error: null };
      } catch (error) {
        return { order, recipe: null, body: null, error: asError(error) };
      }
    }),
  );
}
