import type { Job } from '../api/schemas.ts';
import type { ReadyCheck } from '../inputs/ready-check.ts';
import { unansweredCooks, type EndReason, type EntryFacts, type StepFacts } from './entry.ts';
import { wantedOf, type Policy } from './policy.ts';
import type {
  JobRef,
  Outcome,
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
}

/** What the step asked of its jobs. */
export interface Goal {
  readonly policy: Policy;
  /** Result of a job that has done what was asked for without having ended. */
  readonly goalResult: 'running' | 'submitted';
  /** What a server is asked to know whether it is ready; null where it is not. */
  readonly readyCheck: ReadyCheck | null;
}

/** The one maker of outcomes. */
export function createOutcome(
  entry: EntryRecord,
  step: StepFacts,
  goal: Goal,
  runData: RunData,
): Outcome {
  const ending = stopReasonOf(entry.facts, step);
  return {
    ...runData,
    ref: entry.ref,
    result: resultOf(entry, ending, goal),
    job: entry.job,
    origin: entry.submitted?.origin ?? null,
    submittedAtMs: entry.submitted?.submittedAtMs ?? null,
    timeline: entry.timeline,
    ending,
    error: entry.error,
    cancel: entry.cancel,
    earlierTries: entry.earlierTries,
    readyCheck: goal.readyCheck,
    readiness: entry.readiness,
    isKept: wantedOf(entry.facts, step, goal.policy, 'main') === 'kept',
    unansweredMark: unansweredCooks(entry.facts) > 0 ? entry.facts.mark : null,
  };
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
    case 'goal':
      return end ?? 'running';
    case 'not-cooked':
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
      return resultAtEnd(ending, final, entry, goal);
    case 'final':
    case 'lost':
    case null:
      return final ?? 'error';
  }
}

function resultAtEnd(
  end: EndReason,
  final: Result | null,
  { facts, cancel }: EntryRecord,
  { policy, goalResult }: Goal,
): Result {
  // A job that our own cancel ended was still running when time was up.
  const isByUs = final === 'cancelled' && cancel !== null;
  if (final !== null && !(end === 'timeout' && isByUs)) return final;
  const isCreated = facts.jobs.length > 0;
  switch (end) {
    case 'fail-fast':
      return 'cancelled';
    case 'interrupt':
      if (policy.onWorkflowCancel === 'cancel') return 'cancelled';
      if (facts.stop === 'goal') return goalResult;
      return isCreated ? 'detached' : 'cancelled';
    case 'timeout':
      return policy.onTimeout === 'detach' && isCreated ? 'detached' : 'timed-out';
  }
}
