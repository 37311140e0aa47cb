import type { CookRequest } from '../cooking/request.ts';
import { withJob, withSent, type EntryFacts } from '../custody/facts.ts';
import { saveEntry, saveIfPossible } from '../custody/saved-state.ts';
import { noRunData, type EarlierTry, type Origin, type RunData } from '../jobs/records.ts';
import type { Job } from '../service/schemas.ts';
import { createEntry, getOutcome, seeJob, type Entry, setSeen } from './entry.ts';
import type { Step } from './step.ts';

// What changes an entry, and what follows from a change: it is saved, counted and reported.

/**
 * Saves what is known of an entry, for the post entry too, before anything else is done.
 * @throws where a cook is to leave that post would not know of
 */
export function saveFacts(
  { deps }: Pick<Step, 'deps'>,
  entry: Entry,
  change: Partial<EntryFacts>,
): void {
  entry.facts = { ...entry.facts, ...change };
  const save = () => {
    saveEntry(deps.runner, entry.ref.index, entry.choice, entry.facts);
  };
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
export function applyUpdate(
  { deps, listeners, budget }: Pick<Step, 'deps' | 'listeners' | 'budget'>,
  entry: Entry,
  job: Job,
): void {
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

/** Notes that a job was seen to have ended for good. */
export function saveEnded(step: Step, entry: Entry, job: Job, stop = entry.facts.stop): void {
  saveFacts(step, entry, { ...withJob(entry.facts, { uuid: job.uuid, hasEnded: true }), stop });
}

/** Ends the wait for all where one job did not end well, if that was asked for. */
export function failFast({ plan, end }: Pick<Step, 'plan' | 'end'>): void {
  if (plan.failFast) end.endFor('fail-fast');
}

/** What became of an entry, as far as it is known. */
export function outcomeNow(
  { end, plan }: Pick<Step, 'end' | 'plan'>,
  entry: Entry,
  runData = noRunData,
) {
  return getOutcome(entry, end.facts(), plan, runData);
}

/** Tells the listeners what became of an entry, and once more where that has changed since. */
export function reportEnd(step: Step, entry: Entry, runData: RunData): void {
  const outcome = outcomeNow(step, entry, runData);
  if (outcome.result === entry.reported) return;
  entry.reported = outcome.result;
  for (const listener of step.listeners) listener.ended?.(outcome);
}

/** Begins the next try of an entry, in place of the one before. */
export function startTry(
  step: Pick<Step, 'entries' | 'earlier'>,
  request: CookRequest,
  earlierTries: readonly EarlierTry[],
): Entry {
  const before = step.entries[request.index];
  if (before !== undefined) step.earlier.push(before);
  const entry = createEntry({ ref: request, mark: request.mark }, request.choice, earlierTries);
  step.entries[request.index] = entry;
  return entry;
}
