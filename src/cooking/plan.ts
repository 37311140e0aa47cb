import pLimit from 'p-limit';
import type { Client } from '../service/client.ts';
import { readRecipe, type CookBody } from '../service/endpoints.ts';
import { retryRules, withRetry } from '../service/retry.ts';
import type { Recipe } from '../service/schemas.ts';
import type { JsonMapping } from '../service/json.ts';
import { startDeadline } from '../clock.ts';
import { asError, InputError, InterruptedError, ServiceError, type Problem } from '../errors.ts';
import type { CookInputs } from '../inputs/cook.ts';
import { checkWhole, type JobInputs } from '../inputs/rules.ts';
import { withShare } from '../money/ceilings.ts';
import type { PriceReader, Prices } from '../money/offers.ts';
import { bodyOf, hashOfRecipe, type CookRequest } from './request.ts';

// From a request to what is sent: the recipe, the body, the share of max-cost, the offers. All that
// needs the recipe is checked here, for all entries, before the first cook leaves.

/** What is sent for one request, one GPU model of an entry. */
export interface CookPlan {
  readonly request: CookRequest;
  /** null where it could not be read. */
  readonly recipe: Recipe | null;
  /** Why the recipe could not be read, where nothing of it is needed. */
  readonly unread: ServiceError | null;
  /** Empty where it is not known. */
  readonly body: CookBody;
  /** The recipe's fields or their documented defaults, and on them those of the body. */
  readonly fields: JsonMapping;
  /** The run limit in the body, in ms, where that is the job's share of `max-cost`. */
  readonly shareMs: number | null;
  /** Why it cannot be cooked. */
  readonly error: Error | null;
}

/** The inputs that plans are made by. */
export type PlanInputs = JobInputs & Pick<CookInputs, 'ceilings' | 'recipes'>;

// For all recipes together: what cannot be read by then counts as unreadable.
const maxReadMs = 120_000;
const maxConcurrentReads = 8;

/**
 * Reads the recipe of each request, once each, and works out what is sent.
 * @returns the plans in the order of the requests, and what keeps the step from cooking any of them:
 * InterruptedError where the signal has fired
 */
export async function planCooks(
  requests: readonly CookRequest[],
  client: Client,
  signal: AbortSignal,
  inputs: PlanInputs,
): Promise<{ readonly plans: readonly CookPlan[]; readonly error: Error | null }> {
  const deadline = startDeadline(client.clock, maxReadMs, signal);
  const recipes = new Map<string, Promise<Recipe>>();
  const read = async (uuid: string) => {
    const request = async () => readRecipe(client, uuid, deadline.signal);
    const options = { ...client, signal: deadline.signal };
    const recipe = recipes.get(uuid) ?? withRetry(request, retryRules.plan, options);
    recipes.set(uuid, recipe);
    return recipe.catch((error: unknown) => asUnread(error, uuid, client.host));
  };
  const inTurn = pLimit(maxConcurrentReads);
  const [first, ...others] = requests;
  if (first === undefined) return { plans: [], error: null };
  try {
    // The first one shows whether host and key are right.
    const plan = await planCook(first, read, inputs);
    const { error } = plan;
    const isForAll = error instanceof ServiceError && isFatal(error) && error.status !== 404;
    const rest = others.map(async (request) =>
      isForAll ? { ...plan, request } : inTurn(async () => planCook(request, read, inputs)),
    );
    const plans = [plan, ...(await Promise.all(rest))];
    return { plans, error: signal.aborted ? new InterruptedError() : combineErrors(plans) };
  } finally {
    deadline.clear();
  }
}

// Where a recipe does not say it, as the service documents it.
const defaultFields = { max_retry_count: 0, max_node_count: 1 };

async function planCook(
  request: CookRequest,
  read: (recipeUuid: string) => Promise<Recipe | ServiceError>,
  inputs: PlanInputs,
): Promise<CookPlan> {
  const nothing = { request, recipe: null, unread: null, body: {}, fields: {}, shareMs: null };
  try {
    const recipe = await read(request.recipeUuid);
    if (recipe instanceof ServiceError && (isFatal(recipe) || needsRecipe(request, inputs))) {
      return { ...nothing, error: recipe };
    }
    const unread = recipe instanceof ServiceError ? recipe : null;
    const known = recipe instanceof ServiceError ? null : recipe;
    const whole = bodyOf(request, known);
    const { body, shareMs } = withShare(whole, known, inputs.ceilings, inputs.recipes.length);
    const payload = known?.payload ?? null;
    const fields = { ...(payload !== null && defaultFields), ...payload, ...body };
    const rules = payload === null ? [] : checkWhole(fields, inputs);
    const problems = [...checkPin(request, known), ...rules];
    const error = problems.length === 0 ? null : named(request, problems);
    return { request, recipe: known, unread, body, fields, shareMs, error };
  } catch (error) {
    const isInput = error instanceof InputError;
    return { ...nothing, error: isInput ? named(request, error.problems) : asError(error) };
  }
}

function asUnread(error: unknown, recipeUuid: string, host: Client['host']): ServiceError {
  if (error instanceof ServiceError) return error;
  if (!(error instanceof InterruptedError)) throw error;
  const request = `GET /v1/job-recipes/${recipeUuid}`;
  const detail = 'no response in time';
  return new ServiceError({ trouble: 'no-answer', request, detail, isLasting: !host.isKnown() });
}

// A wrong host, key or UUID. A key may cook and not read, and a service may have trouble with reads
// alone: that stops no cook that needs nothing of the recipe.
function isFatal({ trouble, status, isLasting }: ServiceError): boolean {
  if (isLasting) return true;
  return trouble === 'unreachable' || trouble === 'not-api' || status === 401 || status === 404;
}

function needsRecipe({ container, pin }: CookRequest, { ceilings }: PlanInputs): boolean {
  const { maxHourlyRateUsd, maxCostUsd } = ceilings;
  return container !== null || pin !== null || (maxHourlyRateUsd !== null && maxCostUsd !== null);
}

function checkPin({ pin }: CookRequest, recipe: Recipe | null): readonly Problem[] {
  const hash = recipe === null ? null : hashOfRecipe(recipe);
  if (pin === null || pin === hash) return [];
  const message =
    hash === null
      ? 'cannot be checked: the service does not show the fields of the recipe. To cook it anyway, remove the pin'
      : `does not match: the recipe now has the hash ${hash}, and you pinned ${pin}. In the console, compare the recipe with the version that you reviewed, and then pin the new hash`;
  return [{ input: 'pin', message }];
}

function named({ recipeUuid }: CookRequest, problems: readonly Problem[]): InputError {
  return new InputError(
    problems.map(({ input, message }) => ({ input: `recipe ${recipeUuid}: ${input}`, message })),
  );
}

/** One error for all that is wrong, each thing once; null where nothing is. */
function combineErrors(plans: readonly CookPlan[]): Error | null {
  const failed = plans.flatMap(({ request, error }) => (error === null ? [] : { request, error }));
  const messages = new Set(failed.map(({ error }) => error.message));
  if (messages.size < 2) return failed[0]?.error ?? null;
  const problems = failed.flatMap(({ request, error }) =>
    error instanceof InputError ? error.problems : [unreadProblem(request, error)],
  );
  const byText = new Map(problems.map((problem) => [problem.input + problem.message, problem]));
  return new InputError([...byText.values()]);
}

function unreadProblem({ recipeUuid }: CookRequest, error: Error): Problem {
  const isUnknown = error instanceof ServiceError && error.status === 404;
  const message = isUnknown
    ? 'was not found: check the UUID, that it belongs to the account of the API key, and that api-url is the right host'
    : `cannot be read: ${error.message}`;
  return { input: `recipe ${recipeUuid}`, message };
}

/** Of one entry, the model that would be cooked first, and the offers for it. */
export interface PlannedEntry extends CookPlan {
  /** null where they are not known. */
  readonly prices: Prices | null;
  /** The GPU models that it may have, this one included. */
  readonly models: readonly (string | null)[];
}

/** Reads the offers for each entry; `onUnknown` is called where that cannot be read. */
export async function priceEntries(
  plans: readonly CookPlan[],
  read: PriceReader,
  onUnknown: (error: Error) => void = () => {},
): Promise<readonly PlannedEntry[]> {
  const priceOne = async (plan: CookPlan) => {
    if (plan.error !== null) return { ...plan, prices: null };
    const prices = await read(plan).catch((error: unknown) => onUnknown(asError(error)));
    return { ...plan, prices: prices ?? null };
  };
  const byEntry = Map.groupBy(
    await Promise.all(plans.map(priceOne)),
    ({ request }) => request.index,
  );
  return [...byEntry.values()].flatMap((models) => {
    const chosen = chooseModel(models);
    if (chosen === undefined) return [];
    const names = models.map(({ request }) => request.gpuName);
    const { prices } = chosen;
    // Nothing bounds the cost where another model may be cooked in the end.
    const bound = names.length > 1 ? { maxHours: null } : {};
    const offers = prices?.offers ? { ...prices.offers, ...bound } : null;
    return [{ ...chosen, prices: prices && { ...prices, offers }, models: names }];
  });
}

/** Of several models the first with an offer within `max-hourly-rate`; where none has one, the first. */
export function chooseModel<T extends { readonly prices: Prices | null }>(models: readonly T[]) {
  const onOffer = models.find(
    ({ prices }) => prices !== null && prices.offers !== null && prices.overBudget === null,
  );
  return onOffer ?? models[0];
}
