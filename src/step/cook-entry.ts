import pLimit from 'p-limit';
import { asError, InputError, InterruptedError, ServiceError } from '../errors.ts';
import type { CookPlan, PriceReader } from '../cooking/plan.ts';
import type { CookRequest } from '../cooking/request.ts';
import { submit } from '../cooking/submit.ts';
import { carriesMark } from '../custody/mark.ts';
import { noRunData, type OverBudget, type RunData } from '../jobs/records.ts';
import { hasCeiling } from '../money/ceilings.ts';
import { asNumber } from '../service/json.ts';
import { setSeen, type Entry } from './entry.ts';
import type { Step } from './step.ts';
import { cancelReplaced, cookInTurn, type CookContext } from './tries.ts';
import {
  failFast,
  reconcileEntry,
  reportEnd,
  saveFacts,
  stopOverBudget,
  trackJob,
} from './update.ts';
import { watchToEnd } from './watch.ts';

/** Cooks every entry that has no job yet, waits if asked, and reports each when it has ended. */
export async function cookAll(
  step: Step,
  requests: readonly CookRequest[],
  context: CookContext,
): Promise<readonly RunData[]> {
  const unfinished = pLimit(context.maxParallel || Infinity);
  const runEntry = async (request: CookRequest) =>
    unfinished(async () => {
      const runData = await cookInTurn(step, request, context, async (own, model) =>
        cookAndWatch(step, own, model, context),
      );
      const entry = step.entries[request.index];
      if (entry !== undefined) reportEnd(step, entry, runData);
      return runData;
    });
  // Those that run already take the first places.
  const hasJob = ({ index }: CookRequest) =>
    Number((step.entries[index]?.seen.job ?? null) !== null);
  const ordered = requests.toSorted((a, b) => hasJob(b) - hasJob(a));
  const running = new Map(ordered.map((request) => [request.index, runEntry(request)]));
  return Promise.all(requests.map(async ({ index }) => (await running.get(index)) ?? noRunData));
}

async function cookAndWatch(step: Step, entry: Entry, request: CookRequest, context: CookContext) {
  // What a job taken over was cooked with is what would be sent for it.
  const fields = context.plans.get(request)?.fields ?? {};
  const retries = asNumber(fields['max_retry_count']);
  entry.facts = { ...entry.facts, retries, nodes: asNumber(fields['max_node_count']) };
  const isThere = entry.seen.submitted !== null;
  const isCooked = isThere || (await tryToCook(step, entry, request, context));
  if (isCooked && context.wait) return watchToEnd(step, entry);
  if (isCooked) saveFacts(step, entry, { stop: 'goal' });
  await reconcileEntry(step, entry);
  return noRunData;
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
  { plans, prices, attached }: CookContext,
): Promise<OverBudget | null> {
  const { client, finder, end, log, budget } = step;
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
      finder,
      inTurn: step.inTurn,
      ended: end.signal,
      abandon: end.abandon,
      facts: () => entry.facts,
      record: (change) => {
        saveFacts(step, entry, change);
        if (change.sends !== undefined) cancelReplaced(step, request, attached);
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
    if (!isWatched) throw uncheckedRate(asError(error));
    log.offersUnknown(asError(error), hasCeiling(ceilings));
    return null;
  }
}

function uncheckedRate({ message }: Error): InputError {
  const why = `cannot be checked: with \`wait: false\` nobody watches the rate of a job, and the offers could not be read: ${message}`;
  return new InputError([{ input: 'max-hourly-rate', message: why }]);
}
