import type { CookBody } from '../api/endpoints.ts';
import { hasCeiling, tooDear } from '../jobs/ceilings.ts';
import {
  hardwareWish,
  summarizeOffers,
  whyNoOffers,
  type HardwareWish,
  type OfferReader,
} from '../jobs/offers.ts';
import type { RecipeReader } from '../jobs/recipes.ts';
import type { CookRequest, OverBudget } from '../jobs/records.ts';
import { asError, InterruptedError, ServiceError } from '../errors.ts';
import type { Entry, Step } from './step.ts';

/** Looks at what is on offer before a job is cooked. */
export interface PriceCheck {
  /**
   * Reads the offers for a job and tells of them. Without a ceiling nothing depends on them: they are
   * waited for 5 s at most, and that they cannot be read is no error.
   * @returns why the job must not be cooked; null where it may
   * @throws ServiceError where there is a ceiling and they cannot be read, InterruptedError
   */
  readonly check: (
    entry: Entry,
    request: CookRequest,
    body: CookBody,
  ) => Promise<OverBudget | null>;
  /** Ends what is still read, so that the process can end. */
  readonly stop: () => void;
}

const maxWaitMs = 5_000;

/** @param readers which end with the step's wait, or when `stopped` fires */
export function createPriceCheck(
  step: Step,
  { readRecipe, readOffers }: { readRecipe: RecipeReader; readOffers: OfferReader },
  stopped: AbortController,
): PriceCheck {
  const { plan, console, client } = step;
  const told = new Set<string>();

  const tell = (entry: Entry, wish: HardwareWish) => {
    const key = JSON.stringify(wish);
    if (told.has(key)) return;
    told.add(key);
    if (entry.offers !== null) console.offers(entry.offers);
    else void tellWhyNone(wish).catch(() => {});
  };
  const tellWhyNone = async (wish: HardwareWish) => {
    console.noOffers(wish, await whyNoOffers(wish, readOffers));
  };
  const look = async (entry: Entry, { recipeUuid }: CookRequest, body: CookBody) => {
    const recipe = await readRecipe(recipeUuid);
    const fields = { ...recipe.payload, ...body };
    const wish = hardwareWish(fields);
    entry.offers = summarizeOffers(await readOffers(wish), fields);
    if (!stopped.signal.aborted) tell(entry, wish);
  };
  const lookBriefly = async (entry: Entry, request: CookRequest, body: CookBody) => {
    const done = new AbortController();
    const looking = look(entry, request, body)
      .catch((error: unknown) => {
        const isEnded = error instanceof InterruptedError || stopped.signal.aborted;
        if (!isEnded && !isToldByCook(error)) console.offersUnknown(asError(error));
      })
      .finally(() => {
        done.abort();
      });
    await Promise.race([looking, client.clock.sleep(maxWaitMs, done.signal)]);
  };
  return {
    check: async (entry, request, body) => {
      if (!hasCeiling(plan.ceilings)) {
        await lookBriefly(entry, request, body);
        return null;
      }
      await look(entry, request, body);
      return tooDear(entry.offers, plan.ceilings);
    },
    stop: () => {
      stopped.abort();
    },
  };
}

// What cannot be reached, and a key or a recipe that is refused, is so for the cook as well, which
// says it.
function isToldByCook(error: unknown): boolean {
  if (!(error instanceof ServiceError)) return false;
  if (error.trouble === 'unreachable') return true;
  if (error.retryable) return false;
  return error.status === 401 || error.request.includes('/v1/job-recipes/');
}
