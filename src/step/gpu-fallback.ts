import { hasCeiling } from '../money/ceilings.ts';
import { failurePhaseOf } from '../jobs/failure.ts';
import { costOfJob } from '../money/cost.ts';
import { isFinal } from '../jobs/status.ts';
import { hardwareWish, ratesOf, type OfferReader, type Offers } from '../money/offers.ts';
import type { RecipeReader } from '../cooking/recipes.ts';
import type { CookRequest } from '../cooking/request.ts';
import type { EarlierTry, Outcome, RunData } from '../jobs/records.ts';
import type { Entry } from './entry.ts';
import type { Step } from './step.ts';
import { outcomeNow, startTry } from './update.ts';

// Several GPU models for one entry: the first one that is on offer is cooked, and the next where its
// job has ended without a start. Each try is a cook of its own, with a mark and facts of its own.

/** What models are chosen by. */
export interface Market {
  readonly readRecipe: RecipeReader;
  readonly readOffers: OfferReader;
}

// Without a ceiling, offers that are slow hold up no cook for longer.
const maxOffersMs = 5_000;

/** One try: what is cooked, and what is known of it. */
interface Try {
  readonly request: CookRequest;
  readonly entry: Entry;
}

/**
 * Cooks the models of an entry in turn, until one has started or there is none left.
 * @param taken the tries of an earlier attempt of the workflow run, the one taken over last
 * @param market which every entry shares
 * @param cookOne cooks one try and waits for it, as far as that was asked for
 */
export async function cookInTurn(
  step: Step,
  request: CookRequest,
  taken: readonly CookRequest[],
  market: Market,
  cookOne: (entry: Entry, request: CookRequest) => Promise<RunData>,
): Promise<RunData> {
  const untried = [request, ...request.alternatives].filter((each) => !taken.includes(each));
  const choose = async () => chooseTry(step, untried, market);
  let current = await firstTry(step, request, taken.at(-1), untried, choose);
  let before: (Try & { readonly runData: RunData }) | null = null;
  for (;;) {
    current.entry.hasNext = untried.length > 0;
    const runData = await cookOne(current.entry, current.request);
    // The wait was over before anything was sent: what is told is the job that there was.
    if (before !== null && isUnsent(current.entry) && step.end.signal.aborted) {
      step.entries[request.index] = before.entry;
      return before.runData;
    }
    if (!current.entry.isFollowed || step.end.signal.aborted) return runData;
    before = { ...current, runData };
    const next = await nextTry(step, before, untried, choose);
    if (next === null) return runData;
    current = next;
  }
}

function isUnsent({ facts }: Entry): boolean {
  return facts.sends === 0 && facts.jobs.length === 0;
}

async function firstTry(
  step: Step,
  request: CookRequest,
  taken: CookRequest | undefined,
  untried: CookRequest[],
  choose: () => Promise<Choice>,
): Promise<Try> {
  const entry = step.entries[request.index];
  if (entry === undefined) throw new Error('an entry has no place in its step');
  if (taken !== undefined) return { request: taken, entry };
  const { request: chosen, offers } =
    untried.length > 1 ? await choose() : { request, offers: null };
  if (untried.includes(chosen)) untried.splice(untried.indexOf(chosen), 1);
  if (chosen === request) return { request, entry };
  step.log.preferring(request, chosen, offers);
  return { request: chosen, entry: startTry(step, chosen, []) };
}

/** The next try; null where the wait is over. */
async function nextTry(
  step: Step,
  { entry, request, runData }: Try & { readonly runData: RunData },
  untried: CookRequest[],
  choose: () => Promise<Choice>,
): Promise<Try | null> {
  const { request: chosen, offers } = await choose();
  if (step.end.signal.aborted) return null;
  untried.splice(untried.indexOf(chosen), 1);
  const outcome = outcomeNow(step, entry, runData);
  const done = earlierTryOf(outcome, request.gpuName, step.deps.clock.now());
  step.log.tryingNext(request, done, chosen, offers);
  return { request: chosen, entry: startTry(step, chosen, [...entry.earlierTries, done]) };
}

/** What is kept of a try when the next one begins. */
export function earlierTryOf(outcome: Outcome, gpuName: string | null, nowMs: number): EarlierTry {
  const { job, submittedAtMs, timeline } = outcome;
  const endedAtMs = timeline.findLast(({ status }) => isFinal(status))?.atMs ?? nowMs;
  return {
    gpuName,
    jobUuid: job?.uuid ?? null,
    phase: failurePhaseOf(outcome) === 'assign' ? 'assign' : 'start',
    waitedMs: Math.max(0, endedAtMs - (submittedAtMs ?? endedAtMs)),
    costUsd: costOfJob(outcome)?.usd ?? 0,
  };
}

interface Choice {
  readonly request: CookRequest;
  /** null where they cannot be read. */
  readonly offers: Offers | null;
}

/** The first that has a matching offer now within `max-hourly-rate`; where none has one, the first. */
async function chooseTry(
  step: Step,
  untried: readonly CookRequest[],
  market: Market,
): Promise<Choice> {
  const [first] = untried;
  if (first === undefined) throw new Error('there is nothing left to try');
  const reading = readChoices(untried, first.recipeUuid, market);
  const choices = hasCeiling(step.plan.ceilings)
    ? await reading
    : await within(step, maxOffersMs, reading, []);
  const ceilingUsd = step.plan.ceilings.maxHourlyRateUsd ?? Infinity;
  const onOffer = choices.find(({ offers }) => {
    const rates = offers === null ? null : ratesOf(offers);
    return rates !== null && rates.minUsd <= ceilingUsd;
  });
  return onOffer ?? choices[0] ?? { request: first, offers: null };
}

async function readChoices(
  untried: readonly CookRequest[],
  recipeUuid: string,
  { readRecipe, readOffers }: Market,
): Promise<readonly Choice[]> {
  const stored = await readRecipe(recipeUuid)
    .then(({ payload }) => payload ?? {})
    .catch(() => ({}));
  return Promise.all(
    untried.map(async (request): Promise<Choice> => {
      const wish = hardwareWish({ ...stored, ...request.fields }, request.gpuName ?? undefined);
      return { request, offers: await readOffers(wish).catch(() => null) };
    }),
  );
}

async function within<T>({ client }: Step, ms: number, work: Promise<T>, late: T): Promise<T> {
  const done = new AbortController();
  const timeUp = client.clock.sleep(ms, done.signal).then(() => late);
  return Promise.race([work, timeUp]).finally(() => {
    done.abort();
  });
}
