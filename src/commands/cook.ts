import pLimit, { type LimitFunction } from 'p-limit';
import { asError, InterruptedError, ServiceError } from '../errors.ts';
import { readRunRef, readStepIdentity } from '../inputs/context.ts';
import { readCookInputs, type CookInputs } from '../inputs/cook.ts';
import { hasCeiling, withShare } from '../money/ceilings.ts';
import { createOfferReader } from '../money/offers.ts';
import { createRecipeReader, type RecipeReader } from '../cooking/recipes.ts';
import { noRunData, type OverBudget, type RunData } from '../jobs/records.ts';
import { bodyOf, createRequests, publicTextOf, type CookRequest } from '../cooking/request.ts';
import { carriesMark } from '../custody/mark.ts';
import { submit } from '../cooking/submit.ts';
import { readCommitSha } from '../github/commit.ts';
import { openCommitStatus } from '../github/commit-status.ts';
import { createEarlyOutputs, writeInitialOutputs } from '../report/outputs.ts';
import { reportOutcomes, reportFailure } from '../report/report.ts';
import type { Deps } from '../deps.ts';
import { dryRun } from './dry-run.ts';
import { setSeen, type Entry } from '../step/entry.ts';
import { finish } from '../step/finish.ts';
import { withStep } from '../step/open.ts';
import { createPlan, type StepPlan } from '../step/plan.ts';
import { reconcileEntry, stopOverBudget } from '../step/reconcile-entry.ts';
import { allEntries, type Step } from '../step/step.ts';
import { attachAll, cancelReplaced, nothingAttached, type Attached } from '../step/take-over.ts';
import { cookInTurn } from '../step/gpu-fallback.ts';
import { createPriceCheck, type PriceCheck } from '../cooking/offers-check.ts';
import { failFast, reportEnd, saveFacts, trackJob } from '../step/update.ts';
import { watchToEnd } from '../step/watch.ts';

/** Cooks every entry of `recipes`, waits if asked, and reports; never rejects. */
export async function cook(deps: Deps): Promise<void> {
  const { runner } = deps;
  try {
    writeInitialOutputs(runner);
    const inputs = await readCookInputs(runner);
    const context = readStepIdentity(runner, inputs['matrix-index']);
    const run = readRunRef(runner, await readCommitSha(runner));
    const requests = createRequests(inputs, context, createNonce(deps), run);
    const tries = requests.flatMap((request) => [request, ...request.alternatives]);
    runner.redactor.addPublic(tries.map(publicTextOf));
    if (inputs['dry-run']) {
      await dryRun(requests, cookPlan(inputs), deps);
      return;
    }
    const commitStatus = openCommitStatus(inputs, requests, run, deps);
    const plan = cookPlan(inputs);
    const jobs = requests.map((request) => ({
      ref: request,
      mark: request.mark,
      records: 1 + request.alternatives.length + (request.earlierHashes.length > 0 ? 1 : 0),
    }));
    const listeners = [
      { submitted: createEarlyOutputs(runner, requests) },
      // A job that is not waited for is done with when it is submitted: one status tells all.
      inputs.wait ? commitStatus : { ended: commitStatus.ended },
    ];
    const outcomes = await withStep(plan, jobs, listeners, deps, async (step) => {
      return finish(step, await cookAll(step, requests, inputs), commitStatus);
    });
    const stopsWithJob = inputs['on-job-end'] === 'cancel';
    await reportOutcomes(runner, outcomes, { stopsWithJob });
  } catch (error) {
    await reportFailure(runner, error);
  }
}

/** Tells this step from those that the runner's environment does not tell apart: 16 hex digits. */
function createNonce({ random }: Deps): string {
  const digits = Array.from({ length: 16 }, () => Math.floor(random() * 16).toString(16));
  return digits.join('');
}

function cookPlan(inputs: CookInputs): StepPlan {
  const plan = createPlan(inputs);
  return {
    ...plan,
    goalResult: inputs.wait ? 'running' : 'submitted',
    // Of a job that is not waited for, there is no log to read yet.
    logs: inputs.wait ? plan.logs : 'none',
    // What counts there are unfinished jobs, and one that runs is unfinished.
    waitUntil: inputs['max-parallel'] > 0 ? 'completed' : plan.waitUntil,
    ceilings: inputs.ceilings,
  };
}

/** What the cooks of a step share. */
interface Cooking {
  readonly wait: boolean;
  readonly inTurn: LimitFunction;
  readonly readRecipe: RecipeReader;
  readonly prices: PriceCheck;
  readonly attached: Attached;
}

// Each may start a machine: the service is not to be rushed, nor a limit of its own to be hit.
const maxConcurrentCooks = 8;

async function cookAll(
  step: Step,
  requests: readonly CookRequest[],
  inputs: CookInputs,
): Promise<readonly RunData[]> {
  const stopped = new AbortController();
  const signal = AbortSignal.any([step.end.signal, stopped.signal]);
  const readRecipe = createRecipeReader(step.client, signal);
  const readOffers = createOfferReader(step.client, signal);
  const market = { readRecipe, readOffers };
  const attached =
    inputs['on-rerun'] === 'attach' ? await attachAll(step, requests) : nothingAttached();
  const cooking: Cooking = {
    wait: inputs.wait,
    inTurn: pLimit(maxConcurrentCooks),
    readRecipe,
    prices: createPriceCheck(step, market, stopped),
    attached,
  };
  const unfinished = pLimit(inputs['max-parallel'] || Infinity);
  const runEntry = async (request: CookRequest) =>
    unfinished(async () => {
      const taken = attached.tries.get(request.index) ?? [];
      const runData = await cookInTurn(step, request, taken, market, async (entry, one) =>
        cookOrAttach(step, entry, one, cooking),
      );
      const entry = step.entries[request.index];
      if (entry !== undefined) reportEnd(step, entry, runData);
      return runData;
    });
  // Those that run already take the first places.
  const pairs = requests.flatMap((request) => {
    const entry = step.entries[request.index];
    return entry === undefined ? [] : [{ entry, request }];
  });
  const ordered = pairs.toSorted(
    (a, b) => Number(b.entry.seen.job !== null) - Number(a.entry.seen.job !== null),
  );
  const running = new Map(ordered.map(({ request }) => [request.index, runEntry(request)]));
  const runData = await Promise.all(
    requests.map(async ({ index }) => (await running.get(index)) ?? noRunData),
  );
  await cooking.prices.stop();
  return runData;
}

async function cookOrAttach(
  step: Step,
  entry: Entry,
  request: CookRequest,
  cooking: Cooking,
): Promise<RunData> {
  if (entry.seen.submitted === null) {
    try {
      // Without a look at what there is, a cook might be the second one.
      if (cooking.attached.error !== null) throw cooking.attached.error;
      const why = await cookEntry(step, entry, request, cooking);
      if (why !== null) {
        await refuse(step, entry, why);
        return noRunData;
      }
    } catch (error) {
      await notCooked(step, entry, error);
      return noRunData;
    }
  }
  if (cooking.wait) return watchToEnd(step, entry);
  saveFacts(step, entry, { stop: 'goal' });
  await reconcileEntry(step, entry);
  return noRunData;
}

/** @returns why it was not cooked; null where it was */
async function cookEntry(
  step: Step,
  entry: Entry,
  request: CookRequest,
  { inTurn, readRecipe, prices, attached }: Cooking,
): Promise<OverBudget | null> {
  const { client, finder, end, log, plan, budget } = step;
  const mustRead = request.container !== null || hasCeiling(plan.ceilings);
  const recipe = mustRead ? await readRecipe(request.recipeUuid) : null;
  if (request.container !== null && recipe !== null && recipe.payload === null)
    log.recipeHidden(request);
  const whole = bodyOf(request, recipe);
  const limited = withShare(whole, recipe, plan.ceilings, step.entries.length);
  const { body } = limited;
  const tooDear = await prices.check(entry, request, body);
  const why = tooDear ?? (await budget.refusal(entry.seen.offers?.minUsd ?? null));
  if (why !== null) return why;
  setSeen(entry, { shareMs: limited.shareMs });
  const submittedAtMs = client.clock.now();
  entry.isSubmitting = true;
  try {
    const { job, origin } = await submit(request, body, {
      client,
      finder,
      inTurn,
      ended: end.signal,
      abandon: end.abandon,
      facts: () => entry.facts,
      isTaken: (jobUuid) => isTaken(step, entry, jobUuid),
      record: (change) => {
        saveFacts(step, entry, change);
        if (change.sends !== undefined) cancelReplaced(step, request, attached);
      },
      onUnanswered: (error) => {
        log.cookUnanswered(request, error);
      },
      onDelayed: log.cookDelayed,
    });
    if (job.description !== null && !carriesMark(job, request.mark)) log.markMissing(job);
    trackJob(step, entry, job, origin, submittedAtMs);
    return null;
  } finally {
    entry.isSubmitting = false;
  }
}

function isTaken(step: Step, entry: Entry, jobUuid: string): boolean {
  const others = allEntries(step).filter((each) => each !== entry);
  return others.some(({ facts }) => facts.jobs.some(({ uuid }) => uuid === jobUuid));
}

/** Leaves an entry uncooked that would cost more than it may. */
async function refuse(step: Step, entry: Entry, why: OverBudget): Promise<void> {
  stopOverBudget(step, entry, why);
  failFast(step);
  await reconcileEntry(step, entry);
}

async function notCooked(step: Step, entry: Entry, error: unknown): Promise<void> {
  // Where the end of the step cut it short, what ended it decides about the job, if there is one.
  const isExpected = error instanceof InterruptedError || error instanceof ServiceError;
  if (!(step.end.signal.aborted && isExpected)) {
    setSeen(entry, { error: asError(error) });
    saveFacts(step, entry, { stop: 'not-cooked' });
    failFast(step);
  }
  await reconcileEntry(step, entry);
}
