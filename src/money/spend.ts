import type { Job, JobRun } from '../service/schemas.ts';
import { hourMs, rateOfRun } from './cost.ts';
import { instantMs } from '../jobs/metrics.ts';
import { hasFinished } from '../jobs/restart.ts';
import { isFinal } from '../jobs/status.ts';

// What the jobs of a step have cost so far, and for how long the rest of `max-cost` lasts. Pure; all
// times are the service's, Unix ms. What is not known is taken for what costs more.

/** What is known of the cost of one job. */
export interface SpendingJob {
  readonly job: Job;
  /** Oldest first, as last read. */
  readonly runs: readonly JobRun[];
  readonly firstSeenMs: number;
  readonly lastSeenMs: number;
  /** When it was last seen not to run: it may have begun at once after that. */
  readonly idleSeenMs: number;
  /** Whether the service ends it before it has cost more than its share of `max-cost`. */
  readonly isLimited: boolean;
}

/** What was spent, and how fast it grows. In US dollars. */
export interface Spend {
  readonly usd: number;
  readonly hourlyUsd: number;
}

/**
 * What a job has cost, and costs an hour.
 * @param assumedUsd for a rate that is not known yet; null: nothing
 */
export function spendOf(known: SpendingJob, nowMs: number, assumedUsd: number | null): Spend {
  return known.job.task === 'PERSISTENT'
    ? ofLifetime(known, nowMs, assumedUsd)
    : ofRuns(known, nowMs, assumedUsd);
}

/** What several jobs have cost together, and cost an hour. */
export function totalSpend(
  jobs: readonly SpendingJob[],
  nowMs: number,
  assumedUsd: number | null,
): Spend {
  const spends = jobs.map((each) => spendOf(each, nowMs, assumedUsd));
  return {
    usd: spends.reduce((sum, { usd }) => sum + usd, 0),
    hourlyUsd: spends.reduce((sum, { hourlyUsd }) => sum + hourlyUsd, 0),
  };
}

/** For how many ms what is left lasts; Infinity where nothing is spent any more. */
export function lastsMs({ usd, hourlyUsd }: Spend, maxCostUsd: number): number {
  if (hourlyUsd <= 0) return usd > maxCostUsd ? 0 : Infinity;
  return ((maxCostUsd - usd) / hourlyUsd) * hourMs;
}

function endMsOf(known: SpendingJob): number | null {
  return hasFinished(known.job) ? (instantMs(known.job.completed_at) ?? known.lastSeenMs) : null;
}

function ofLifetime(known: SpendingJob, nowMs: number, assumedUsd: number | null): Spend {
  const rates = known.runs.map(rateOfRun).filter((rate) => rate !== null);
  const rate = rates.at(-1) ?? assumedUsd ?? 0;
  const endMs = endMsOf(known);
  const sinceMs = instantMs(known.job.created_at) ?? known.firstSeenMs;
  return spendBetween(rate, sinceMs, endMs, nowMs);
}

function ofRuns(known: SpendingJob, nowMs: number, assumedUsd: number | null): Spend {
  const parts = known.runs.map((run, index) => ofRun(run, index, known, nowMs, assumedUsd));
  const isRunning = parts.some(({ hourlyUsd }) => hourlyUsd > 0);
  const unseen = isRunning ? [] : [unseenRun(known, nowMs, assumedUsd)];
  const all = [...parts, ...unseen];
  return {
    usd: all.reduce((sum, { usd }) => sum + usd, 0),
    hourlyUsd: all.reduce((sum, { hourlyUsd }) => sum + hourlyUsd, 0),
  };
}

function ofRun(
  run: JobRun,
  index: number,
  known: SpendingJob,
  nowMs: number,
  assumedUsd: number | null,
): Spend {
  const { started_at_ms: startedMs, ended_at_ms: endedMs, duration_ms: durationMs } = run;
  if (startedMs === null) return nothing;
  const next = known.runs[index + 1];
  const ownEndMs = endedMs ?? (durationMs === null ? null : startedMs + durationMs);
  const endMs = ownEndMs ?? endMsOf(known) ?? (next ? (next.started_at_ms ?? nowMs) : null);
  // A node's clock may be behind: no run began before its job was there.
  const fromMs = Math.max(startedMs, instantMs(known.job.created_at) ?? startedMs);
  return spendBetween(rateOfRun(run) ?? assumedUsd ?? 0, fromMs, endMs, nowMs);
}

const nothing: Spend = { usd: 0, hourlyUsd: 0 };

// A job that does not run may have begun to since it was last looked at, or between two looks.
function unseenRun(known: SpendingJob, nowMs: number, assumedUsd: number | null): Spend {
  const { runs, isLimited, idleSeenMs, lastSeenMs, job } = known;
  const newest = runs.at(-1);
  const isOpen = newest !== undefined && !isFinal(newest.status);
  const rate = (isOpen ? rateOfRun(newest) : null) ?? assumedUsd;
  if (rate === null) return nothing;
  if (hasFinished(known.job)) {
    // It has run, and its runs could not be read.
    return runs.length === 0 && job.started_at !== null
      ? spendBetween(rate, instantMs(job.started_at) ?? idleSeenMs, endMsOf(known), nowMs)
      : nothing;
  }
  if (job.status === 'RUNNING') return spendBetween(rate, idleSeenMs, null, nowMs);
  return isLimited ? nothing : spendBetween(rate, lastSeenMs, null, nowMs);
}

function spendBetween(rate: number, fromMs: number, toMs: number | null, nowMs: number): Spend {
  const ms = Math.max(0, Math.min(toMs ?? nowMs, nowMs) - fromMs);
  return { usd: (rate * ms) / hourMs, hourlyUsd: toMs === null ? rate : 0 };
}
