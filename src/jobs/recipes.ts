import { readRecipe } from '../api/endpoints.ts';
import type { Client } from '../api/client.ts';
import { withRetry } from '../api/retry.ts';
import type { Recipe } from '../api/schemas.ts';
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
const maxTries = 6;

/** A way to recipes that reads each only once, however many entries cook it. */
export function openRecipeBook({ client, clock, random, signal }: RecipeParts): RecipeBook {
  const recipes = new Map<string, Promise<Recipe>>();
  const read: RecipeBook = async (uuid) =>
    withRetry(async () => readRecipe(client, uuid, signal), {
      clock,
      random,
      signal,
      shouldRetry: (error, failures) => error.retryable && failures < maxTries,
    });
  return async (uuid) => {
    const recipe = recipes.get(uuid) ?? read(uuid);
    recipes.set(uuid, recipe);
    return recipe;
  };
}
