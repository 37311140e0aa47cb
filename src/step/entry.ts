import { newEntryFacts, type EntryFacts } from '../custody/facts.ts';
import {
  noRunData,
  type EarlierTry,
  type JobRef,
  type Outcome,
  type RunData,
  type SubmittedJob,
} from '../jobs/records.ts';
import type { Result } from '../jobs/results.ts';
import type { Job } from '../service/schemas.ts';

type SeenOfOutcome =
  'job' | 'timeline' | 'error' | 'cancel' | 'readiness' | 'overBudget' | 'offers';

/** What was last seen of the job of an entry and of its runs, and of what was done about it. */
export interface Seen extends RunData, Pick<Outcome, SeenOfOutcome> {
  readonly submitted: SubmittedJob | null;
  /** The run limit that the job was cooked with, in ms, where that is its share of `max-cost`. */
  readonly shareMs: number | null;
  /** Whether its server was of use. */
  readonly wasReady: boolean;
}

const nothingSeen: Seen = {
  ...noRunData,
  submitted: null,
  job: null,
  timeline: [],
  error: null,
  cancel: null,
  readiness: null,
  overBudget: null,
  offers: null,
  shareMs: null,
  wasReady: false,
};

/** What a step has to do with one job. */
export interface StepJob extends JobRef {
  /** null for a job given by its UUID. */
  readonly mark: string | null;
}

/** One entry of the step: what was asked, the facts that are saved, what was seen, what was reported. */
export interface Entry {
  readonly ref: StepJob;
  /** Its place among all entries of the step, tries before and earlier attempts included, from 0. */
  readonly place: number;
  readonly earlierTries: readonly EarlierTry[];
  facts: EntryFacts;
  seen: Seen;
  /** The result that the listeners have. */
  reported: Result | null;
  /** Whether a cook of it is under way: whoever sent it does what follows. */
  isSubmitting: boolean;
  /** What the server of the newest run asks for. A secret: for the output alone. */
  accessToken: string | null;
  /** What this process has tried with its jobs. */
  readonly canceled: Set<string>;
  reconciling: Promise<void>;
}

/** A job that was given by its UUID. */
export function givenJob(jobUuid: string, index: number): StepJob {
  return { index, jobUuid, recipeUuid: null, title: null, mark: null };
}

/** An entry of which nothing has been sent. */
export function createEntry(
  ref: StepJob,
  place: number,
  earlierTries: readonly EarlierTry[] = [],
): Entry {
  const given = ref.jobUuid === null ? [] : [{ uuid: ref.jobUuid, hasEnded: false }];
  return {
    ref,
    place,
    earlierTries,
    facts: { ...newEntryFacts(ref.mark), jobs: given },
    seen: nothingSeen,
    reported: null,
    isSubmitting: false,
    accessToken: null,
    canceled: new Set(),
    reconciling: Promise.resolve(),
  };
}

/** Notes what was seen of the job of an entry. */
export function setSeen(entry: Pick<Entry, 'seen'>, change: Partial<Seen>): void {
  entry.seen = { ...entry.seen, ...change };
}

/** What is seen after a look at a job: pure. Of another job than the entry's own, nothing. */
export function seeJob({ facts, seen }: Pick<Entry, 'facts' | 'seen'>, job: Job, nowMs: number) {
  const isOwn = facts.jobs[0]?.uuid === job.uuid;
  // A job that failed is canceled so that it is not started again; what is reported is why it failed.
  const hasFailed = facts.stop === 'ended' && seen.job?.status === 'FAILED';
  if (!isOwn || hasFailed) return seen;
  const isNew = seen.timeline.at(-1)?.status !== job.status;
  const change = { status: job.status, atMs: nowMs };
  return { ...seen, job, timeline: isNew ? [...seen.timeline, change] : seen.timeline };
}
