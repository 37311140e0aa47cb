import type { CookRequest } from '../cooking/request.ts';
import {
  saveEntry,
  saveIfPossible,
  unansweredCooks,
  withSent,
  type EntryFacts,
  type StepFacts,
} from '../custody/facts.ts';
import { getWanted } from '../custody/policy.ts';
import { reconcile, type Custody } from '../custody/reconcile.ts';
import { asError, ServiceError } from '../errors.ts';
import { vendorUser } from '../jobs/node-urls.ts';
import { createOutcome } from '../jobs/outcome.ts';
import type { EarlierTry, Origin, OverBudget, StopReason } from '../jobs/records.ts';
import type { Job } from '../service/schemas.ts';
import { createEntry, seeJob, setSeen, type Entry } from './entry.ts';
import { getWaitUntil } from './server.ts';
import { allEntries, type Step } from './step.ts';

/**
 * Saves what is known of an entry, for the post entry too, before anything else is done.
 * @throws where a cook is to leave that post would not know of
 */
export function saveFacts({ deps }: Step, entry: Entry, change: Partial<EntryFacts>): void {
  entry.facts = { ...entry.facts, ...change };
  const save = () => saveEntry(deps.runner, entry.place, entry.facts);
  if (change.sends === undefined) saveIfPossible(save);
  else save();
}

/** Takes a job as that of an entry: from here on it is never lost sight of. */
export function trackJob(
  step: Step,
  entry: Entry,
  answer: Job,
  origin: Origin,
  submittedAtMs = step.deps.clock.now(),
): void {
  const job = withSent(answer, entry.facts);
  const submitted = { ref: entry.ref, origin, job, submittedAtMs };
  setSeen(entry, { submitted });
  // Before any others that were found meanwhile: the first one is the entry's own.
  const others = entry.facts.jobs.filter(({ uuid }) => uuid !== job.uuid);
  saveFacts(step, entry, { jobs: [{ uuid: job.uuid, hasEnded: false }, ...others] });
  applyUpdate(step, entry, job);
  for (const listener of step.listeners) listener.submitted?.(submitted);
}

/** Takes what the service says of a job; a change of its status goes to the listeners. */
export function applyUpdate({ deps, listeners, budget }: Step, entry: Entry, job: Job): void {
  // What an earlier attempt has spent is not this step's.
  if (entry.facts.stop !== 'replaced') budget.onLook(job);
  const before = entry.seen;
  entry.seen = seeJob(entry, job, deps.clock.now());
  const { submitted, timeline } = entry.seen;
  const change = timeline.at(-1);
  const isChanged = timeline !== before.timeline && before.timeline.length > 0;
  if (submitted === null || change === undefined || !isChanged) return;
  for (const listener of listeners) listener.statusChanged?.(submitted, change, job);
}

/** Ends the wait for all where one job did not end well, if that was asked for. */
export function failFast({ plan, end }: Step): void {
  if (plan.failFast) end.endFor('fail-fast');
}

/** Gives the listeners the result of an entry, and again where that has changed since. */
export function reportEnd(step: Step, entry: Entry): void {
  const outcome = outcomeNow(step, entry);
  if (outcome.result === entry.reported) return;
  entry.reported = outcome.result;
  for (const listener of step.listeners) listener.ended?.(outcome);
}

/** Begins the next try of an entry, in place of the one before. */
export function startTry(
  step: Step,
  request: CookRequest,
  earlierTries: readonly EarlierTry[] = [],
): Entry {
  const entry = createEntry(request, allEntries(step).length, earlierTries);
  const before = step.entries[request.index];
  if (before !== undefined) step.earlier.push(before);
  step.entries[request.index] = entry;
  saveFacts(step, entry, {});
  return entry;
}

/**
 * Does with the jobs of an entry what is wanted; resolves when nothing is left to do. Calls do not
 * wait for each other: what is unwanted now must not wait for what is being confirmed.
 */
export async function reconcileEntry(step: Step, entry: Entry): Promise<void> {
  const both = Promise.all([entry.reconciling, reconcile(createCustody(step, entry))]);
  entry.reconciling = both.then(() => {});
  // What it throws reaches who waits for it, or who reconciles it next.
  entry.reconciling.catch(() => {});
  return entry.reconciling;
}

/** Cancels a job that costs more than it may, at once; it is watched until the next look. */
export function stopOverBudget(step: Step, entry: Entry, why: OverBudget): void {
  const { stop } = entry.facts;
  if (step.end.facts().hasVerdict || (stop !== null && stop !== 'goal')) return;
  setSeen(entry, { overBudget: why });
  saveFacts(step, entry, { stop: 'over-budget' });
  // Its own reason comes before what it ends for the others.
  void reconcileEntry(step, entry);
  failFast(step);
}

function createCustody(step: Step, entry: Entry): Custody {
  const { end, plan, log } = step;
  const { cancelReason } = plan;
  const isOwn = (jobUuid: string) => entry.facts.jobs[0]?.uuid === jobUuid;
  return {
    ...step,
    deadline: end.deadline,
    // Nothing comes after the cancel action.
    phase: cancelReason === undefined ? 'main' : 'post',
    facts: () => entry.facts,
    record: (change) => saveFacts(step, entry, change),
    wanted: () =>
      cancelReason === undefined
        ? getWanted(entry.facts, end.facts(), plan.policy, 'main')
        : 'cancel',
    canceled: entry.canceled,
    reason: () => cancelReason ?? causeOf(entry.facts, step),
    onJob: (job) => applyUpdate(step, entry, job),
    log: {
      ...log,
      canceling: (jobUuid, reason) => {
        if (isOwn(jobUuid)) setSeen(entry, { cancel: 'accepted' });
        log.canceling(jobUuid, reason, entry.ref.index);
      },
      cancelFailed: (jobUuid, error) => {
        const { submitted, error: before } = entry.seen;
        if (isOwn(jobUuid)) setSeen(entry, { cancel: 'failed' });
        // Where the cancel is all that was asked for, its failure is that of the step.
        if (cancelReason !== undefined) setSeen(entry, { error: asError(error) });
        // Else the verdict says it where the key is no longer accepted, or there never was such a job.
        const known = submitted === null ? [401, 404] : [401];
        const isTold = [before, error].every(
          (each) => each instanceof ServiceError && known.includes(each.status ?? 0),
        );
        if (cancelReason === undefined && !isTold) log.cancelFailed(jobUuid, error);
      },
    },
  };
}

function causeOf({ stop }: EntryFacts, { end }: Step): string {
  const [reason] = end.facts().ends;
  if (reason !== undefined) return causesByEnd[reason];
  return (stop === null ? undefined : causesByStop[stop]) ?? 'its status is unknown';
}

const causesByEnd = {
  timeout: 'the timeout was reached',
  interrupt: 'the workflow was canceled',
  'fail-fast': 'another job of the step did not succeed',
  'max-cost': 'max-cost is nearly reached',
} as const;

const causesByStop: Readonly<Partial<Record<NonNullable<EntryFacts['stop']>, string>>> = {
  'over-budget': 'it is over budget',
  ended: 'it failed, and the service may restart it',
  replaced: 'it failed, the service may restart it, and a new job replaces it',
};

/** The outcome of an entry, as far as it is known. */
export function outcomeNow({ end, plan, poller }: Step, entry: Entry, stepFacts = end.facts()) {
  const { ref, facts, earlierTries } = entry;
  const { submitted, shareMs, wasReady, ...seen } = entry.seen;
  return createOutcome(
    {
      ...seen,
      ref,
      earlierTries,
      origin: submitted?.origin ?? null,
      submittedAtMs: submitted?.submittedAtMs ?? null,
      readyCheck: plan.readyCheck,
      sshUser: plan.ssh?.user ?? vendorUser,
      ending: stopReason(facts, stepFacts),
      unread: poller.unread(),
      isKept: getWanted(facts, stepFacts, plan.policy, 'post') === 'keep',
      unansweredMark: unansweredCooks(facts) > 0 ? facts.mark : null,
    },
    {
      ...plan.policy,
      goalResult: plan.goalResult,
      isReached: facts.stop === 'goal',
      lacksReady: !wasReady && seen.job !== null && getWaitUntil(plan, seen.job) === 'ready',
      hasEnded: facts.jobs[0]?.hasEnded === true || facts.stop === 'ended',
      shareMs,
      maxCostUsd: plan.ceilings.maxCostUsd,
    },
  );
}

/** Why the job is no longer watched; of several reasons, the first. */
function stopReason(facts: EntryFacts, step: StepFacts): StopReason | null {
  const end = step.ends.find((reason) => reason !== 'timeout' || facts.stop !== 'goal');
  switch (facts.stop) {
    case 'ended':
      return 'final';
    case 'lost':
    case 'over-budget':
      return facts.stop;
    case 'goal':
      return end ?? 'running';
    case 'not-cooked':
    case 'replaced':
      return null;
    case null:
      return end ?? (facts.jobs[0]?.hasEnded ? 'final' : null);
  }
}
