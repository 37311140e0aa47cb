import type { JobRun } from '../service/schemas.ts';
import type { Outcome } from './records.ts';
import { lastRunSeconds } from './metrics.ts';
import { defaultAssignMs } from './restart.ts';
import { isStarting } from './status.ts';

/**
 * How far a job came before its bad end, which says what helps:
 * - `assign`: no machine was assigned
 * - `start`: it had a machine, and its container did not start
 * - `run-limit`: it ran as long as it may
 * - `run`: it ran, and ended by itself or with its machine
 */
export type FailurePhase = 'assign' | 'start' | 'run-limit' | 'run';

/** null where there is no job. */
export function failurePhaseOf(outcome: Outcome): FailurePhase | null {
  if (outcome.job === null) return null;
  if (hasRun(outcome)) return hasReachedLimit(outcome) ? 'run-limit' : 'run';
  return hadMachine(outcome) ? 'start' : 'assign';
}

function hasRun({ job, runs, timeline }: Outcome): boolean {
  return (
    (job?.started_at ?? null) !== null ||
    runs.some(({ started_at_ms: startedMs }) => startedMs !== null) ||
    timeline.some(({ status }) => status === 'RUNNING')
  );
}

const assignSlackMs = 30_000;

/** What a reason begins with at the service where it is this action's own. */
export const ownName = 'GitHub Actions: ';

/**
 * Whether a job has ended without any of its runs having started: it failed, or the service canceled
 * it because no machine came in time. Any other cancel is intended.
 * @param nowMs on our clock, Unix ms
 */
export function endedUnstarted(outcome: Outcome, nowMs: number): boolean {
  const { job, submittedAtMs } = outcome;
  const phase = failurePhaseOf(outcome);
  if (job === null || (phase !== 'assign' && phase !== 'start')) return false;
  if (job.status !== 'CANCELLED') return job.status === 'FAILED';
  const waitedMs = nowMs - (submittedAtMs ?? nowMs);
  const maxAssignMs = job.max_timeout_assign_ms ?? defaultAssignMs;
  const reason = job.status_reason ?? '';
  const namesLimit = reasonOfLimit.test(reason) && !reason.startsWith(ownName);
  return namesLimit && waitedMs >= maxAssignMs - assignSlackMs;
}

// A look may miss a short start, and then only the reason shows it.
const reasonOfStart = /\b(?:image|pull|manifest|registry)\b/i;

function hadMachine(outcome: Outcome): boolean {
  const { runs, timeline } = outcome;
  const isAssigned = timeline.some(({ status }) => isStarting(status));
  return runs.some(hasMachine) || isAssigned || failedToStart(outcome);
}

/** Whether the service's reason names what comes before the start of a container. */
export function failedToStart({ job }: Outcome): boolean {
  return reasonOfStart.test(job?.status_reason ?? '');
}

// A run may be listed for a job that is only waiting for its machine: then nothing is known of it.
function hasMachine({ status, duration_ms, hourly_rate_usd, node_urls }: JobRun): boolean {
  const facts = [duration_ms, hourly_rate_usd, node_urls?.length];
  return isStarting(status) || facts.some((fact) => (fact ?? 0) > 0);
}

// The service stops a run at its limit, to the second or a little later.
const limitToleranceMs = 2_000;
const reasonOfLimit = /time[ _-]?out|timed[ _]out|\b(?:run|time) limit\b|\bdeadline\b/i;

// What was measured counts before what the reason says: a program may time out as well.
function hasReachedLimit(outcome: Outcome): boolean {
  if (exitCodeOf(outcome) !== null) return false;
  const limitMs = outcome.job?.max_timeout_run_ms ?? null;
  const seconds = lastRunSeconds(outcome);
  if (limitMs === null || seconds === null)
    return reasonOfLimit.test(outcome.job?.status_reason ?? '');
  return seconds * 1000 >= limitMs - limitToleranceMs;
}

/** The exit code that the service's reason names; null where it names none. */
export function exitCodeOf({ job }: Outcome): number | null {
  const pattern = /\bexit(?:ed)?(?: with)?(?: code| status)?[: (]+(\d{1,3})\b/i;
  const [, code] = pattern.exec(job?.status_reason ?? '') ?? [];
  return code === undefined ? null : Number(code);
}
