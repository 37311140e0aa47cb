import { readRecipe } from '../dispersed/api.ts';
import type { Client } from '../dispersed/client.ts';
import { patiently } from '../dispersed/patience.ts';
import type { Recipe } from '../dispersed/schemas.ts';
import type { Clock, Random } from '../pace.ts';

export interface RecipeParts {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
  /** Fires when nothing more may be cooked. */
  readonly signal: AbortSignal;
}

/** Reads a recipe; rejects with ServiceError or InterruptedError. */
export type RecipeBook = (recipeUuid: string) => Promise<Recipe>;

// Nothing runs yet: a clear error after half a minute is better than a step that hangs.
const mostTries = 6;

/** A way to recipes that reads each only once, however many entries cook it. */
export function openRecipeBook({ client, clock, random, signal }: RecipeParts): RecipeBook {
  const recipes = new Map<string, Promise<Recipe>>();
  const read: RecipeBook = async (uuid) =>
    patiently(async () => readRecipe(client, uuid, signal), {
      clock,
      random,
      signal,
      worthwhile: (error, failures) => error.passing && failures < mostTries,
    });
  return async (uuid) => {
    const recipe = recipes.get(uuid) ?? read(uuid);
    recipes.set(uuid, recipe);
    return recipe;
  };
}
