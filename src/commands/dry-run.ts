import pLimit from 'p-limit';
import type { JsonMapping } from '../service/json.ts';
import { asError, InputError, ServiceError } from '../errors.ts';
import { checkWhole } from '../inputs/rules.ts';
import { hasCeiling, tooDear, withShare, type Ceilings } from '../money/ceilings.ts';
import {
  createOfferReader,
  hardwareWish,
  summarizeOffers,
  whyNoOffers,
  type OfferReader,
} from '../money/offers.ts';
import { createRecipeReader, type RecipeReader } from '../cooking/recipes.ts';
import type { CookRequest } from '../cooking/request.ts';
import { bodyOf } from '../cooking/request.ts';
import { reportDryRun, type PlannedCook } from '../report/dry-run-report.ts';
import type { Deps } from '../deps.ts';
import { withStep } from '../step/open.ts';
import type { StepPlan } from '../step/plan.ts';

const maxConcurrentPlans = 8;

/** Reads the recipe of each entry, and the offers for it, and shows what would be sent. Cooks nothing. */
export async function dryRun(
  requests: readonly CookRequest[],
  plan: StepPlan,
  deps: Deps,
): Promise<void> {
  const inTurn = pLimit(maxConcurrentPlans);
  const plans = await withStep({ ...plan, logs: 'none' }, [], [], deps, async (step) => {
    const { client, end, log } = step;
    const readRecipe = createRecipeReader(client, end.signal);
    const pricing: Pricing = {
      read: createOfferReader(client, end.signal),
      ceilings: plan.ceilings,
      jobCount: requests.length,
      onUnknown: log.offersUnknown,
    };
    return Promise.all(
      requests.map(async (request) => inTurn(async () => planOne(request, readRecipe, pricing))),
    );
  });
  await reportDryRun(deps.runner, plans);
}

interface Pricing {
  readonly read: OfferReader;
  readonly ceilings: Ceilings;
  readonly jobCount: number;
  readonly onUnknown: (error: Error) => void;
}

const unknown = { shareMs: null, offers: null, noOffers: null, overBudget: null, models: [] };

/** Of several GPU models the one that is cooked first, as `cookInTurn` chooses it, with all of them. */
async function planOne(
  request: CookRequest,
  readRecipe: RecipeReader,
  pricing: Pricing,
): Promise<PlannedCook> {
  const first = await planModel(request, readRecipe, pricing);
  if (request.alternatives.length === 0) return first;
  const others = request.alternatives.map(async (each) => planModel(each, readRecipe, pricing));
  const models = [first, ...(await Promise.all(others))];
  const onOffer = models.find(({ offers, overBudget }) => offers !== null && overBudget === null);
  return { ...(onOffer ?? first), models };
}

async function planModel(
  request: CookRequest,
  readRecipe: RecipeReader,
  pricing: Pricing,
): Promise<PlannedCook> {
  try {
    const recipe = await readRecipe(request.recipeUuid);
    const whole = bodyOf(request, recipe);
    const { body, shareMs } = withShare(whole, recipe, pricing.ceilings, pricing.jobCount);
    const fields = { ...recipe.payload, ...body };
    // A recipe that keeps its fields to itself cannot be checked.
    const problems = recipe.payload === null ? [] : checkWhole(fields);
    const error = problems.length === 0 ? null : new InputError(problems);
    const prices = await priceOf(fields, pricing);
    return { request, recipe, body, error, ...unknown, shareMs, ...prices };
  } catch (error) {
    return { request, recipe: null, body: null, error: asError(error), ...unknown };
  }
}

/** @throws ServiceError where there is a ceiling and the offers cannot be read */
async function priceOf(fields: JsonMapping, { read, ceilings, onUnknown }: Pricing) {
  const wish = hardwareWish(fields);
  try {
    const offers = summarizeOffers(await read(wish), fields);
    const noOffers = offers === null ? { wish, why: await whyNoOffers(wish, read) } : null;
    return { offers, noOffers, overBudget: tooDear(offers, ceilings) };
  } catch (error) {
    if (hasCeiling(ceilings) || !(error instanceof ServiceError)) throw error;
    onUnknown(error);
    return {};
  }
}
