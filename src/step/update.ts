import { startDeadline } from '../clock.ts';
import type { CookRequest } from '../cooking/request.ts';
import { saveEntry, saveIfPossible, withJob, withSent, type EntryFacts } from '../custody/facts.ts';
import { getWanted } from '../custody/policy.ts';
import { reconcile, type Custody } from '../custody/reconcile.ts';
import { asError, ServiceError } from '../errors.ts';
import type { EarlierTry, Origin, Outcome, OverBudget } from '../jobs/records.ts';
import { hasFinished } from '../jobs/restart.ts';
import type { Job } from '../service/schemas.ts';
import { createEntry, getOutcome, seeJob, setSeen, type Entry } from './entry.ts';
import { allEntries, type Step } from './step.ts';

// What changes an entry, and what follows from a change.

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

/** The next answer about a job, at once; null where the signal fires before. */
export async function lookOnce({ poller }: Step, jobUuid: string, until: AbortSignal) {
  let answer = null as Job | ServiceError | null;
  const take = (given: Job | ServiceError) => {
    answer = given;
    return true;
  };
  // When it was cooked is not known: it may have been a moment ago.
  await poller.watch(jobUuid, take, until, { isKnown: false, isNew: true });
  return answer;
}

// For a look that changes no verdict.
const maxRefreshMs = 10_000;

/** Looks again at the job of an entry, which may have ended since the last look. */
export async function refresh(step: Step, entry: Entry, until: AbortSignal): Promise<void> {
  const { job } = entry.seen;
  if (job === null) return;
  const { signal, clear } = startDeadline(step.deps.clock, maxRefreshMs, until);
  const answer = await lookOnce(step, job.uuid, signal);
  clear();
  if (answer === null || answer instanceof ServiceError) return;
  const seen = withSent(answer, entry.facts);
  const hasEnded = hasFinished(seen);
  // As it is now: meanwhile the job may have shown that it costs too much.
  const { stop } = entry.facts;
  // One that does what was asked for does so until it has ended for good.
  if (!hasEnded && stop === 'goal') return;
  applyUpdate(step, entry, seen);
  if (!hasEnded) return;
  const ended = withJob(entry.facts, { uuid: seen.uuid, hasEnded });
  saveFacts(step, entry, { ...ended, stop: stop === 'goal' ? 'ended' : stop });
}

/** Ends the wait for all where one job did not end well, if that was asked for. */
export function failFast({ plan, end }: Step): void {
  if (plan.failFast) end.endFor('fail-fast');
}

/** The outcome of an entry, as far as it is known. */
export function outcomeNow({ end, plan }: Step, entry: Entry): Outcome {
  return getOutcome(entry, end.facts(), plan);
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
  if (stop !== null && stop !== 'goal') return;
  setSeen(entry, { overBudget: why });
  saveFacts(step, entry, { stop: 'over-budget' });
  failFast(step);
  void reconcileEntry(step, entry);
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
        const errors = [entry.seen.error, error];
        if (isOwn(jobUuid)) setSeen(entry, { cancel: 'failed' });
        // Where the cancel is all that was asked for, its failure is that of the step.
        if (cancelReason !== undefined) setSeen(entry, { error: asError(error) });
        // Else the verdict says it already where the key is no longer accepted, or there is no such job.
        else if (!isRefused(401, errors) && !isRefused(404, errors))
          log.cancelFailed(jobUuid, error);
      },
    },
  };
}

function isRefused(status: number, errors: readonly unknown[]): boolean {
  return errors.every((error) => error instanceof ServiceError && error.status === status);
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
