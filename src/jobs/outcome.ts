import type { Job } from '../service/schemas.ts';
import type { ReadyCheck } from './ready-check.ts';
import type { Ceilings } from '../money/ceilings.ts';
import { phasesOf } from './metrics.ts';
import {
  unansweredCooks,
  type EndReason,
  type EntryFacts,
  type StepFacts,
} from '../custody/facts.ts';
import { getWanted, type Policy } from '../custody/policy.ts';
import type {
  JobRef,
  OfferSummary,
  Outcome,
  OverBudget,
  RunData,
  StatusChange,
  StopReason,
  SubmittedJob,
} from './records.ts';
import type { Result } from './results.ts';
import { finalResultOf } from './status.ts';

/** What main knows of one entry of the step. */
export interface EntryRecord {
  readonly ref: JobRef;
  readonly facts: EntryFacts;
  readonly submitted: SubmittedJob | null;
  /** As last seen. */
  readonly job: Job | null;
  readonly timeline: readonly StatusChange[];
  /** What kept us from cooking or watching the job. */
  readonly error: Error | null;
  /** What came of our own cancel. */
  readonly cancel: Outcome['cancel'];
  readonly earlierTries: Outcome['earlierTries'];
  /** What came of the ready-check so far. */
  readonly readiness: Outcome['readiness'];
  readonly overBudget: OverBudget | null;
  readonly offers: OfferSummary | null;
  /** The run limit that the job was cooked with, in ms, where that is its share of `max-cost`. */
  readonly shareMs: number | null;
}

/** What the step asked of its jobs. */
export interface Goal {
  readonly policy: Policy;
  /** Result of a job that has done what was asked for without having ended. */
  readonly goalResult: 'running' | 'submitted';
  /** What a server is asked to know whether it is ready; null where it is not. */
  readonly readyCheck: ReadyCheck | null;
  readonly ceilings: Ceilings;
}

/** The one maker of outcomes. */
export function createOutcome(
  entry: EntryRecord,
  step: StepFacts,
  goal: Goal,
  runData: RunData,
): Outcome {
  const ending = stopReasonOf(entry.facts, step);
  const outcome: Outcome = {
    ...runData,
    ref: entry.ref,
    result: resultOf(entry, ending, goal),
    job: entry.job,
    origin: entry.submitted?.origin ?? null,
    submittedAtMs: entry.submitted?.submittedAtMs ?? null,
    timeline: entry.timeline,
    ending,
    error: entry.error,
    overBudget: entry.overBudget,
    offers: entry.offers,
    bills: new Map(),
    cancel: entry.cancel,
    earlierTries: entry.earlierTries,
    readyCheck: goal.readyCheck,
    readiness: entry.readiness,
    isKept: getWanted(entry.facts, step, goal.policy, 'main') === 'keep',
    unansweredMark: unansweredCooks(entry.facts) > 0 ? entry.facts.mark : null,
  };
  const overBudget = overShareOf(outcome, entry.shareMs, goal.ceilings);
  return overBudget === null ? outcome : { ...outcome, result: 'over-budget', overBudget };
}

// The service ends a run at its limit, give or take.
const shareSlackMs = 5_000;

/** The share of `max-cost` that a job was ended by; null for any other end. */
function overShareOf(
  outcome: Outcome,
  shareMs: number | null,
  { maxCostUsd }: Ceilings,
): OverBudget | null {
  // Which status follows the run limit is documented nowhere.
  const mayBe = outcome.ending !== 'interrupt' && ['failed', 'cancelled'].includes(outcome.result);
  if (shareMs === null || maxCostUsd === null || !mayBe) return null;
  const last = phasesOf(outcome).findLast(({ kind }) => kind === 'running');
  const ranMs = last === undefined || last.toMs === null ? 0 : last.toMs - last.fromMs;
  return ranMs >= shareMs - shareSlackMs
    ? { kind: 'share', limitMs: shareMs, ceilingUsd: maxCostUsd }
    : null;
}

/** Why the job is no longer watched; of several reasons, the first. */
function stopReasonOf(facts: EntryFacts, step: StepFacts): StopReason | null {
  const [own] = facts.jobs;
  const end = step.ends.find((reason) => reason !== 'timeout' || facts.stop !== 'goal');
  switch (facts.stop) {
    case 'ended':
      return 'final';
    case 'lost':
      return 'lost';
    case 'over-budget':
      return 'over-budget';
    case 'goal':
      return end ?? 'running';
    case 'not-cooked':
    case 'replaced':
      return null;
    case null:
      return end ?? (own?.hasEnded ? 'final' : null);
  }
}

/** What became of a job that was watched until this happened. */
function resultOf(entry: EntryRecord, ending: StopReason | null, goal: Goal): Result {
  if (entry.error !== null) return 'error';
  const { facts, job } = entry;
  const hasEnded = facts.jobs[0]?.hasEnded || facts.stop === 'ended';
  const final = hasEnded && job !== null ? finalResultOf(job.status) : null;
  switch (ending) {
    case 'running':
      return goal.goalResult;
    case 'interrupt':
    case 'timeout':
    case 'fail-fast':
    case 'max-cost':
    case 'over-budget':
      return resultAtEnd(ending, final, entry, goal);
    case 'final':
    case 'lost':
    case null:
      return final ?? 'error';
  }
}

// With these, what counts is why our cancel was sent.
const endsRunning: ReadonlySet<string> = new Set(['timeout', 'max-cost', 'over-budget']);

function resultAtEnd(
  end: EndReason | 'over-budget',
  final: Result | null,
  { facts, cancel }: EntryRecord,
  { policy, goalResult }: Goal,
): Result {
  // A job that our own cancel ended was still running when time was up.
  const isByUs = final === 'cancelled' && cancel !== null;
  if (final !== null && !(isByUs && endsRunning.has(end))) return final;
  const isCreated = facts.jobs.length > 0;
  switch (end) {
    case 'fail-fast':
      return 'cancelled';
    case 'max-cost':
    case 'over-budget':
      return 'over-budget';
    case 'interrupt':
      if (policy.onWorkflowCancel === 'cancel') return 'cancelled';
      if (facts.stop === 'goal') return goalResult;
      return isCreated ? 'detached' : 'cancelled';
    case 'timeout':
      return policy.onTimeout === 'detach' && isCreated ? 'detached' : 'timed-out';
  }
}
