import type { Job, JobRun } from '../service/schemas.ts';
import { lastRunSeconds } from './metrics.ts';
import { vendorUser } from './node-urls.ts';
import { noRunData, type Outcome, type OverBudget, type StopReason } from './records.ts';
import type { Result } from './results.ts';
import { finalResultOf, isKnown } from './status.ts';

/** What is known of a job: what is left out is not known, or did not happen. */
export type KnownJob = Partial<Outcome> & Pick<Outcome, 'ref'>;

/** What the step asked of the job, and how far it came. */
export interface Goal {
  readonly onTimeout: 'cancel' | 'fail' | 'detach';
  readonly onWorkflowCancel: 'cancel' | 'detach';
  /** Result of a job that has done what was asked for without having ended. */
  readonly goalResult: 'running' | 'submitted';
  readonly isReached: boolean;
  /** Whether it was to be ready, and never was. */
  readonly lacksReady: boolean;
  readonly hasEnded: boolean;
  /** The run limit that it was cooked with, in ms, where that is its share of `max-cost`. */
  readonly shareMs: number | null;
  readonly maxCostUsd: number | null;
}

const unknown: Omit<Outcome, 'ref'> = {
  ...noRunData,
  result: 'error',
  job: null,
  origin: null,
  submittedAtMs: null,
  timeline: [],
  ending: null,
  error: null,
  overBudget: null,
  offers: null,
  bills: new Map(),
  cancel: null,
  earlierTries: [],
  readyCheck: null,
  sshUser: vendorUser,
  readiness: null,
  unread: null,
  isKept: false,
  unansweredMark: null,
};

/**
 * The outcome of a job that was watched until it ended, or the wait did. Pure.
 * @param goal without it, nothing is known of how the job ended: the result is `error`
 */
export function createOutcome(known: KnownJob, goal?: Goal): Outcome {
  const unjudged = { ...unknown, ...known };
  if (goal === undefined) return unjudged;
  const outcome = { ...unjudged, result: resultOf(unjudged, goal) };
  const overBudget = overShare(outcome, goal);
  return overBudget === null ? outcome : { ...outcome, result: 'over-budget', overBudget };
}

/**
 * The outcome of a job by a single look.
 * @param runs oldest first; empty where they were not read
 */
export function createJobOutcome(job: Job, runs: readonly JobRun[] = []): Outcome {
  const ref = { index: 0, recipeUuid: null, jobUuid: job.uuid, title: null };
  const isOver = job.completed_at !== null && !isKnown(job.status);
  const final = finalResultOf(job.status) ?? (isOver ? 'failed' : null);
  const result = final ?? (job.status === 'RUNNING' ? 'running' : 'submitted');
  const ending = final === null ? 'running' : 'final';
  return createOutcome({ ref, job, runs, origin: 'given', ending, isKept: final === null, result });
}

function resultOf(outcome: Outcome, goal: Goal): Result {
  const { error, job, ending, cancel, ref } = outcome;
  if (error !== null) return 'error';
  if (ending === 'running') return goal.goalResult;
  // An unknown status that does not change any more is no success.
  const final = goal.hasEnded && job !== null ? (finalResultOf(job.status) ?? 'failed') : null;
  const isEndedByUs = wasStopped(outcome) && cancel !== null && endsRunning.has(ending);
  if (final === 'succeeded' && goal.lacksReady) return 'failed';
  if (final !== null && !isEndedByUs) return final;
  const isCreated = job !== null || ref.jobUuid !== null;
  switch (ending) {
    case 'final':
    case 'lost':
    case null:
      return 'error';
    case 'fail-fast':
      return 'cancelled';
    case 'max-cost':
    case 'over-budget':
      return 'over-budget';
    case 'interrupt':
      if (goal.onWorkflowCancel === 'cancel') return 'cancelled';
      if (goal.isReached) return goal.goalResult;
      return isCreated ? 'detached' : 'cancelled';
    case 'timeout':
      return goal.onTimeout === 'detach' && isCreated ? 'detached' : 'timed-out';
  }
}

/** Whether a cancel has ended a job: its container may end with an exit code, as one that has failed. */
export function wasStopped({ job, timeline }: Pick<Outcome, 'job' | 'timeline'>): boolean {
  return job?.status === 'CANCELLED' || timeline.some(({ status }) => status === 'CANCELLING');
}

// With these, what counts is why our cancel was sent: the job was still running when time was up.
const endsRunning = new Set<StopReason | null>(['timeout', 'fail-fast', 'max-cost', 'over-budget']);

const shareSlackMs = 5_000;

/** The share of `max-cost` that a job was ended by; null for any other end. */
function overShare(outcome: Outcome, { shareMs, maxCostUsd }: Goal): OverBudget | null {
  // Which status follows the run limit is documented nowhere.
  const mayBe = outcome.ending !== 'interrupt' && ['failed', 'cancelled'].includes(outcome.result);
  if (shareMs === null || maxCostUsd === null || !mayBe) return null;
  const isAtLimit = (lastRunSeconds(outcome) ?? 0) * 1_000 >= shareMs - shareSlackMs;
  return isAtLimit ? { kind: 'share', limitMs: shareMs, ceilingUsd: maxCostUsd } : null;
}
