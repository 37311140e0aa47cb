import type { Client } from '../service/client.ts';
import { readRecipe } from '../service/endpoints.ts';
import { retryRules, withRetry } from '../service/retry.ts';
import type { Recipe } from '../service/schemas.ts';

/** Reads a recipe; rejects with ServiceError or InterruptedError. */
export type RecipeReader = (recipeUuid: string) => Promise<Recipe>;

/** A way to recipes that reads each only once, however many entries cook it. */
export function createRecipeReader(client: Client, signal: AbortSignal): RecipeReader {
  const recipes = new Map<string, Promise<Recipe>>();
  return async (uuid) => {
    const request = async () => readRecipe(client, uuid, signal);
    const recipe =
      recipes.get(uuid) ?? withRetry(request, retryRules.recipe, { ...client, signal });
    recipes.set(uuid, recipe);
    return recipe;
  };
}
