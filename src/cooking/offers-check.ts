import type { CookBody } from '../service/endpoints.ts';
import { hasCeiling, tooDear } from '../money/ceilings.ts';
import {
  hardwareWish,
  summarizeOffers,
  whyNoOffers,
  type HardwareWish,
  type OfferReader,
} from '../money/offers.ts';
import type { RecipeReader } from './recipes.ts';
import type { CookRequest } from './request.ts';
import type { OverBudget } from '../jobs/records.ts';
import { asError, InterruptedError, ServiceError } from '../errors.ts';
import { setSeen, type Entry } from '../step/entry.ts';
import type { Step } from '../step/step.ts';

/** Looks at what is on offer for a job. */
export interface PriceCheck {
  /**
   * Reads the offers for a job and tells of them. Without a ceiling nothing depends on them: they are
   * read beside the cook, and that they cannot be read is no error.
   * @returns why the job must not be cooked; null where it may
   * @throws ServiceError where there is a ceiling and they cannot be read, InterruptedError
   */
  readonly check: (
    entry: Entry,
    request: CookRequest,
    body: CookBody,
  ) => Promise<OverBudget | null>;
  /** Waits a little for what is still read, and ends it, so that the process can end. */
  readonly stop: () => Promise<void>;
}

// Of a step that ends at once, the reports come so much later at most.
const maxWaitMs = 5_000;

/** What kept a look from its end. */
interface Unread {
  readonly what: 'recipe' | 'offers';
  readonly error: unknown;
}

/** @param readers which end with the step's wait, or when `stopped` fires */
export function createPriceCheck(
  step: Step,
  { readRecipe, readOffers }: { readRecipe: RecipeReader; readOffers: OfferReader },
  stopped: AbortController,
): PriceCheck {
  const { plan, log, client } = step;
  const told = new Set<string>();
  const open = new Set<Promise<void>>();
  let lastMs = 0;

  const beside = (work: Promise<void>) => {
    lastMs = client.clock.monotonicMs();
    const tracked = work.finally(() => open.delete(tracked));
    open.add(tracked);
  };
  const tell = (entry: Entry, wish: HardwareWish) => {
    const key = JSON.stringify(wish);
    if (told.has(key)) return;
    told.add(key);
    if (entry.seen.offers !== null) log.offers(entry.seen.offers);
    else beside(tellWhyNone(wish).catch(() => {}));
  };
  const tellWhyNone = async (wish: HardwareWish) => {
    log.noOffers(wish, await whyNoOffers(wish, readOffers));
  };
  const look = async (
    entry: Entry,
    { recipeUuid }: CookRequest,
    body: CookBody,
  ): Promise<Unread | null> => {
    let what: Unread['what'] = 'recipe';
    try {
      const { payload } = await readRecipe(recipeUuid);
      what = 'offers';
      const fields = { ...payload, ...body };
      const wish = hardwareWish(fields);
      setSeen(entry, { offers: summarizeOffers(await readOffers(wish), fields) });
      if (!stopped.signal.aborted) tell(entry, wish);
      return null;
    } catch (error) {
      return { what, error };
    }
  };
  return {
    check: async (entry, request, body) => {
      const looking = look(entry, request, body);
      if (hasCeiling(plan.ceilings)) {
        const unread = await looking;
        if (unread !== null) throw unread.error;
        return tooDear(entry.seen.offers, plan.ceilings);
      }
      beside(
        looking.then((unread) => {
          const isEnded = unread?.error instanceof InterruptedError || stopped.signal.aborted;
          if (unread !== null && !isEnded && !isToldByCook(unread))
            log.offersUnknown(asError(unread.error));
        }),
      );
      return null;
    },
    stop: async () => {
      const leftMs = lastMs + maxWaitMs - client.clock.monotonicMs();
      const done = new AbortController();
      const over = AbortSignal.any([done.signal, step.end.signal]);
      await Promise.race([settled(open), client.clock.sleep(leftMs, over)]);
      done.abort();
      stopped.abort();
    },
  };
}

// One that ends may begin another.
async function settled(open: ReadonlySet<Promise<void>>): Promise<void> {
  while (open.size > 0) await Promise.all(open);
}

// What cannot be reached, and a key or a recipe that is refused, is so for the cook as well, which
// says it.
function isToldByCook({ what, error }: Unread): boolean {
  if (!(error instanceof ServiceError)) return false;
  if (error.trouble === 'unreachable') return true;
  if (error.retryable) return false;
  return error.status === 401 || what === 'recipe';
}
