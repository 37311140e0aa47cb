import type { Job } from '../service/schemas.ts';
import { newEntryFacts, type EntryFacts } from '../custody/facts.ts';
import { createOutcome, type EntryRecord } from '../jobs/outcome.ts';
import type { CancelState } from '../custody/policy.ts';
import {
  noRunData,
  type EarlierTry,
  type Outcome,
  type OverBudget,
  type RunData,
  type StatusChange,
} from '../jobs/records.ts';
import type { CookRequest } from '../cooking/request.ts';
import type { Result } from '../jobs/results.ts';
import { saveEntry, saveIfPossible } from '../custody/saved-state.ts';
import type { Step, StepJob } from './step.ts';

/** One entry of the step, as main keeps it. */
export type Entry = { -readonly [Name in keyof EntryRecord]: EntryRecord[Name] } & {
  timeline: StatusChange[];
  /** Whether a cook of it is under way: whoever sent it does what follows. */
  isSubmitting: boolean;
  /** What was tried with its jobs. */
  readonly cancels: Map<string, CancelState>;
  reconciling: Promise<void>;
  /** Its place among the tries of its entry, from 0; after them, what earlier attempts left. */
  readonly choice: number;
  /** Whether another model is left to be tried after it. */
  hasNext: boolean;
  /** Whether its job has ended so that the next one is to be tried. */
  isFollowed: boolean;
  /** Since when the server answers as it does, on the monotonic clock. */
  readySinceMs: number;
  /** What the server of the newest run asks for. A secret: for the output alone. */
  accessToken: string | null;
  /** Fired when it is no longer watched, though the wait goes on. */
  readonly unwatch: AbortController;
  /** The result that the listeners were told. */
  toldResult: Result | null;
};

/** Begins the next try of an entry, in place of the one before. */
export function startTry(
  step: Step,
  request: CookRequest,
  earlierTries: readonly EarlierTry[],
): Entry {
  const before = step.entries[request.index];
  if (before !== undefined) step.earlier.push(before);
  const entry = createEntry({ ref: request, mark: request.mark }, request.choice, earlierTries);
  step.entries[request.index] = entry;
  return entry;
}

/** An entry of which nothing has been sent. */
export function createEntry(
  { ref, mark }: StepJob,
  choice = 0,
  earlierTries: readonly EarlierTry[] = [],
): Entry {
  return {
    ref,
    facts: newEntryFacts(mark),
    submitted: null,
    job: null,
    timeline: [],
    error: null,
    cancel: null,
    overBudget: null,
    offers: null,
    shareMs: null,
    isSubmitting: false,
    unwatch: new AbortController(),
    cancels: new Map(),
    reconciling: Promise.resolve(),
    choice,
    earlierTries,
    hasNext: false,
    isFollowed: false,
    readiness: null,
    readySinceMs: 0,
    accessToken: null,
    toldResult: null,
  };
}

/**
 * Keeps what is known of an entry, for the post entry too, before anything else is done.
 * @throws where a cook is to leave that post would not know of
 */
export function record({ deps }: Step, entry: Entry, change: Partial<EntryFacts>): void {
  entry.facts = { ...entry.facts, ...change };
  const save = () => {
    saveEntry(deps.runner, entry.ref.index, entry.choice, entry.facts);
  };
  if (change.sends === undefined) saveIfPossible(save);
  else save();
}

/** Takes what the service says of a job; its status changes go to the listeners. */
export function observe({ deps, listeners, budget }: Step, entry: Entry, job: Job): void {
  // What an earlier attempt has spent is not this step's.
  if (entry.facts.stop !== 'replaced') budget.onLook(job, entry.shareMs !== null);
  const isOwn = entry.facts.jobs[0]?.uuid === job.uuid;
  // A job that failed is cancelled, to be sure that it is not started once more; what is told of it is
  // why it failed.
  const hasFailed = entry.facts.stop === 'ended' && entry.job?.status === 'FAILED';
  if (!isOwn || hasFailed) return;
  entry.job = job;
  if (entry.timeline.at(-1)?.status === job.status) return;
  const change = { status: job.status, atMs: deps.clock.now() };
  entry.timeline.push(change);
  const { submitted } = entry;
  if (submitted === null || entry.timeline.length === 1) return;
  for (const listener of listeners) listener.statusChanged?.(submitted, change, job);
}

/** Gives up a job that costs more than it may; its cancel follows from that. */
export function giveUpOverBudget(step: Step, entry: Entry, why: OverBudget): void {
  const { stop } = entry.facts;
  if (stop !== null && stop !== 'goal') return;
  entry.overBudget = why;
  record(step, entry, { stop: 'over-budget' });
  entry.unwatch.abort();
  // Of a job that did what was asked for, nobody else takes care any more.
  if (stop === 'goal') void step.reconcile(entry);
}

/** What became of an entry, as far as it is known. */
export function outcomeNow({ end, plan }: Step, entry: Entry, runData = noRunData): Outcome {
  return createOutcome(entry, end.facts(), plan, runData);
}

/** Tells the listeners what became of an entry, and once more where that has changed since. */
export function tellEnd(step: Step, entry: Entry, runData: RunData): void {
  const outcome = outcomeNow(step, entry, runData);
  if (outcome.result === entry.toldResult) return;
  entry.toldResult = outcome.result;
  for (const listener of step.listeners) listener.ended?.(outcome);
}

/** A job that was given by its UUID. */
export function givenJob(jobUuid: string, index: number): StepJob {
  const ref = { index, jobUuid, recipeUuid: null, title: null, namesRegions: false };
  return { ref, mark: null };
}
