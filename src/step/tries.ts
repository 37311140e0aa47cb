import { findEarlierJobs, type EarlierJobs } from '../cooking/attach.ts';
import { chooseModel, type CookPlan, type PriceReader } from '../cooking/plan.ts';
import type { CookRequest } from '../cooking/request.ts';
import { withJob } from '../custody/facts.ts';
import { asError } from '../errors.ts';
import { failurePhaseOf } from '../jobs/failure.ts';
import type { EarlierTry, Outcome, RunData } from '../jobs/records.ts';
import { isFinal } from '../jobs/status.ts';
import { costOfJob } from '../money/cost.ts';
import { createEntry, type Entry } from './entry.ts';
import { allEntries, type Step } from './step.ts';
import { outcomeNow, reconcileEntry, saveFacts, startTry, trackJob } from './update.ts';

// The tries of an entry: what earlier attempts of the workflow run have left of it, then its GPU
// models in turn. Each try is a cook of its own, with a mark and facts of its own.

/** What the cooks of a step share. */
export interface CookContext {
  readonly plans: ReadonlyMap<CookRequest, CookPlan>;
  readonly prices: PriceReader;
  readonly attached: Attached;
  /** What keeps all of them from being cooked. */
  readonly error: Error | null;
  readonly wait: boolean;
  /** Most unfinished jobs at once; 0: all. */
  readonly maxParallel: number;
}

interface Try {
  readonly request: CookRequest;
  readonly entry: Entry;
}

/**
 * Cooks the models of an entry in turn, until one has started or there is none left.
 * @param cookOne cooks one try and waits for it, as far as that was asked for
 */
export async function cookInTurn(
  step: Step,
  request: CookRequest,
  context: CookContext,
  cookOne: (entry: Entry, request: CookRequest) => Promise<RunData>,
): Promise<RunData> {
  const taken = context.attached.taken.get(request.index)?.tries ?? [];
  const untried = [request, ...request.alternatives].filter((model) => !taken.includes(model));
  let current = await firstTry(step, request, taken.at(-1), untried, context);
  let before: (Try & { readonly runData: RunData }) | null = null;
  for (;;) {
    current.entry.hasNext = untried.length > 0;
    const runData = await cookOne(current.entry, current.request);
    const { sends, jobs } = current.entry.facts;
    const isUnsent = sends === 0 && jobs.length === 0;
    // The wait was over before anything was sent: what is reported is the job that there was.
    if (before !== null && isUnsent && step.end.signal.aborted) {
      step.entries[request.index] = before.entry;
      return before.runData;
    }
    if (!current.entry.isFollowed || step.end.signal.aborted) return runData;
    before = { ...current, runData };
    const { request: chosen, prices } = await takeNext(untried, context);
    if (step.end.signal.aborted) return runData;
    const outcome = outcomeNow(step, current.entry, runData);
    const done = earlierTryOf(outcome, current.request.gpuName, step.deps.clock.now());
    step.log.tryingNext(current.request, done, chosen, prices?.offers ?? null);
    const entry = startTry(step, chosen, [...current.entry.earlierTries, done]);
    current = { request: chosen, entry };
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

/** What was taken over from earlier attempts. */
export interface Attached extends EarlierJobs {
  /** What kept it from looking for them. */
  readonly error: Error | null;
}

export function nothingAttached(error: Error | null = null): Attached {
  return { error, taken: new Map(), restartable: new Map() };
}

/** Takes over the jobs of earlier attempts, also when the wait has ended meanwhile. */
export async function attachAll(step: Step, requests: readonly CookRequest[]): Promise<Attached> {
  const { client, end, log } = step;
  try {
    const earlier = await findEarlierJobs(requests, client, end.deadline, log.ambiguous);
    const taken = requests.flatMap((request) => {
      const { job, tries = [] } = earlier.taken.get(request.index) ?? {};
      const last = tries.at(-1);
      const first = step.entries[request.index];
      if (job === undefined || first === undefined || last === undefined) return [];
      return [{ entry: last === request ? first : startTry(step, last), job }];
    });
    // All are kept for the post entry before the first is told of.
    for (const { entry, job } of taken)
      saveFacts(step, entry, withJob(entry.facts, { uuid: job.uuid, hasEnded: false }));
    for (const { entry, job } of taken) trackJob(step, entry, job, 'attached');
    return { error: null, ...earlier };
  } catch (error) {
    return nothingAttached(asError(error));
  }
}

/** Ends, once, what may be started once more of an entry that is cooked anew. */
export function cancelReplaced(step: Step, request: CookRequest, { restartable }: Attached): void {
  const jobs = restartable.get(request.index) ?? [];
  restartable.delete(request.index);
  if (jobs.length === 0) return;
  const entry = createEntry({ ...request, mark: null }, allEntries(step).length);
  step.earlier.push(entry);
  const left = jobs.map(({ uuid }) => ({ uuid, hasEnded: false }));
  saveFacts(step, entry, { jobs: left, stop: 'replaced' });
  void reconcileEntry(step, entry);
}
