import pLimit from 'p-limit';
import { asError, InterruptedError, ServiceError, UncheckedRateError } from '../errors.ts';
import { chooseModel, type CookPlan } from '../cooking/plan.ts';
import type { CookRequest } from '../cooking/request.ts';
import { submit } from '../cooking/submit.ts';
import { carriesMark } from '../custody/mark.ts';
import { failurePhaseOf } from '../jobs/failure.ts';
import type { EarlierTry, Outcome, OverBudget } from '../jobs/records.ts';
import { isFinal } from '../jobs/status.ts';
import { hasCeiling } from '../money/ceilings.ts';
import { costOfJob } from '../money/cost.ts';
import type { PriceReader } from '../money/offers.ts';
import { asNumber } from '../service/json.ts';
import { cancelReplaced, type EarlierJobs } from './attach.ts';
import { setSeen, type Entry } from './entry.ts';
import type { Step } from './step.ts';
import {
  failFast,
  outcomeNow,
  reconcileEntry,
  reportEnd,
  saveFacts,
  startTry,
  stopOverBudget,
  trackJob,
} from './update.ts';
import { watchToEnd } from './watch.ts';

/** What the cooks of a step share. */
interface CookContext {
  readonly plans: ReadonlyMap<CookRequest, CookPlan>;
  readonly prices: PriceReader;
  readonly earlier: EarlierJobs;
  /** What keeps all of them from being cooked. */
  readonly error: Error | null;
  readonly wait: boolean;
  /** Most unfinished jobs at once; 0: all. */
  readonly maxParallel: number;
}

/** Cooks every entry that has no job yet, waits if asked, and reports each when it has ended. */
export async function cookAll(
  step: Step,
  requests: readonly CookRequest[],
  context: CookContext,
): Promise<void> {
  const unfinished = pLimit(context.maxParallel || Infinity);
  const cookOne = async (request: CookRequest) => {
    await cookInTurn(step, request, context);
    const entry = step.entries[request.index];
    if (entry !== undefined) reportEnd(step, entry);
  };
  // Those that run already take the first places.
  const hasJob = ({ index }: CookRequest) => Number(step.entries[index]?.seen.submitted !== null);
  const ordered = requests.toSorted((a, b) => hasJob(b) - hasJob(a));
  await Promise.all(ordered.map(async (request) => unfinished(async () => cookOne(request))));
}

/** A cook of one GPU model of an entry, with a mark and facts of its own. */
interface Try {
  readonly request: CookRequest;
  readonly entry: Entry;
}

/** Cooks the models of an entry in turn, until one has started or there is none left. */
async function cookInTurn(step: Step, request: CookRequest, context: CookContext): Promise<void> {
  const { entries, end, deps, log } = step;
  const taken = context.earlier.taken.get(request.index)?.tries ?? [];
  const untried = [request, ...request.alternatives].filter((model) => !taken.includes(model));
  let current = await firstTry(step, request, taken.at(-1), untried, context);
  let before: Entry | null = null;
  for (;;) {
    const { entry, request: model } = current;
    const isFollowed = await cookAndWatch(step, current, untried.length > 0, context);
    const isUnsent = entry.facts.sends === 0 && entry.facts.jobs.length === 0;
    // The wait was over before anything was sent: what is reported is the job that there was.
    if (before !== null && isUnsent && end.signal.aborted) entries[request.index] = before;
    if (!isFollowed || end.signal.aborted) return;
    const { request: chosen, prices } = await takeNext(untried, context);
    if (end.signal.aborted) return;
    const done = earlierTryOf(outcomeNow(step, entry), model.gpuName, deps.clock.now());
    log.tryingNext(done, chosen, prices?.offers ?? null);
    before = entry;
    current = { request: chosen, entry: startTry(step, chosen, [...entry.earlierTries, done]) };
  }
}

/** @param taken the try of an earlier attempt of the workflow run that was taken over */
async function firstTry(
  step: Step,
  request: CookRequest,
  taken: CookRequest | undefined,
  untried: CookRequest[],
  context: CookContext,
): Promise<Try> {
  const entry = step.entries[request.index];
  if (entry === undefined) throw new Error('an entry has no place in its step');
  if (taken !== undefined) return { request: taken, entry };
  if (untried.length === 1) return { request: untried.pop() ?? request, entry };
  const { request: chosen, prices } = await takeNext(untried, context);
  if (chosen === request) return { request, entry };
  step.log.preferring(request, chosen, prices?.offers ?? null);
  return { request: chosen, entry: startTry(step, chosen) };
}

/** Chooses one of those that are left to try, and takes it from them. */
async function takeNext(untried: CookRequest[], { plans, prices }: CookContext) {
  const read = async (plan: CookPlan | undefined) =>
    plan === undefined ? null : prices(plan).catch(() => null);
  const choices = await Promise.all(
    untried.map(async (request) => ({ request, prices: await read(plans.get(request)) })),
  );
  const choice = chooseModel(choices);
  if (choice === undefined) throw new Error('there is nothing left to try');
  untried.splice(untried.indexOf(choice.request), 1);
  return choice;
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

/** @returns whether its job has ended so that the next model is tried */
async function cookAndWatch(
  step: Step,
  { entry, request }: Try,
  hasNext: boolean,
  context: CookContext,
): Promise<boolean> {
  // What a job taken over was cooked with is what would be sent for it.
  const fields = context.plans.get(request)?.fields ?? {};
  const retries = asNumber(fields['max_retry_count']);
  entry.facts = { ...entry.facts, retries, nodes: asNumber(fields['max_node_count']) };
  const isThere = entry.seen.submitted !== null;
  const isCooked = isThere || (await tryToCook(step, entry, request, context));
  if (isCooked && context.wait) return watchToEnd(step, entry, hasNext);
  // One taken over may have shown that it costs too much.
  if (isCooked && entry.facts.stop === null) saveFacts(step, entry, { stop: 'goal' });
  await reconcileEntry(step, entry);
  return false;
}

/** @returns whether it was cooked; else it is noted why it was not */
async function tryToCook(step: Step, entry: Entry, request: CookRequest, context: CookContext) {
  try {
    if (context.error !== null) throw context.error;
    const overBudget = await cookEntry(step, entry, request, context);
    if (overBudget === null) return true;
    stopOverBudget(step, entry, overBudget);
  } catch (error) {
    // Where the end of the step cut it short, what ended it decides about the job, if there is one.
    const isExpected = error instanceof InterruptedError || error instanceof ServiceError;
    if (step.end.signal.aborted && isExpected) return false;
    setSeen(entry, { error: asError(error) });
    saveFacts(step, entry, { stop: 'not-cooked' });
  }
  failFast(step);
  return false;
}

/** @returns why it was not cooked; null where it was */
async function cookEntry(
  step: Step,
  entry: Entry,
  request: CookRequest,
  { plans, prices, earlier }: CookContext,
): Promise<OverBudget | null> {
  const { client, find, end, log, budget } = step;
  const plan = plans.get(request);
  if (plan === undefined) throw new InterruptedError();
  const overBudget =
    (await checkPrices(step, entry, plan, prices)) ??
    (await budget.refusal(entry.seen.offers?.minUsd ?? null));
  if (overBudget !== null) return overBudget;
  setSeen(entry, { shareMs: plan.shareMs });
  const submittedAtMs = client.clock.now();
  entry.isSubmitting = true;
  try {
    const { job, origin } = await submit(request, plan.body, {
      client,
      find,
      inTurn: step.inTurn,
      ended: end.signal,
      abandon: end.abandon,
      facts: () => entry.facts,
      record: (change) => {
        saveFacts(step, entry, change);
        if (change.sends !== undefined) cancelReplaced(step, request, earlier);
      },
      onUnanswered: (error) => log.cookUnanswered(request, error),
      onDelayed: log.cookDelayed,
    });
    if (job.description !== null && !carriesMark(job, request.mark)) log.markMissing(job);
    trackJob(step, entry, job, origin, submittedAtMs);
    return null;
  } finally {
    entry.isSubmitting = false;
  }
}

/** Reports the offers for a plan; @returns why it must not be cooked. */
async function checkPrices(
  { end, plan: { ceilings, goalResult }, log }: Step,
  entry: Entry,
  plan: CookPlan,
  prices: PriceReader,
): Promise<OverBudget | null> {
  try {
    const found = await prices(plan);
    setSeen(entry, { offers: found.offers });
    if (found.offers === null) log.noOffers(found);
    return found.overBudget;
  } catch (error) {
    if (end.signal.aborted) throw error;
    const isWatched = goalResult !== 'submitted' || ceilings.maxHourlyRateUsd === null;
    if (!isWatched) throw new UncheckedRateError(asError(error).message, { cause: error });
    log.offersUnknown(asError(error), hasCeiling(ceilings));
    return null;
  }
}
