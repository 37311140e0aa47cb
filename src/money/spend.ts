import type { Job, JobRun } from '../service/schemas.ts';
import { hourMs, rateOfRun, spansOf, usdOf, type BilledSpan } from './cost.ts';
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
 * What several jobs have cost together, and cost an hour.
 * @param assumedUsd for a rate that is not known yet; null: nothing
 */
export function totalSpend(
  jobs: readonly SpendingJob[],
  nowMs: number,
  assumedUsd: number | null,
): Spend {
  let usd = 0;
  let hourlyUsd = 0;
  for (const span of jobs.flatMap(allSpansOf)) {
    usd += usdOf(span, nowMs, assumedUsd ?? 0);
    if (isOpen(span)) hourlyUsd += span.rateUsd ?? assumedUsd ?? 0;
  }
  return { usd, hourlyUsd };
}

/** For how many ms what is left lasts; Infinity where nothing is spent any more. */
export function remainingMs({ usd, hourlyUsd }: Spend, maxCostUsd: number): number {
  if (hourlyUsd <= 0) return usd > maxCostUsd ? 0 : Infinity;
  return ((maxCostUsd - usd) / hourlyUsd) * hourMs;
}

function isOpen({ fromMs, toMs }: BilledSpan): boolean {
  return fromMs !== null && toMs === null;
}

function allSpansOf(known: SpendingJob): readonly BilledSpan[] {
  const { job, runs, firstSeenMs, lastSeenMs } = known;
  const isServer = job.task === 'PERSISTENT';
  const createdMs = instantMs(job.created_at) ?? (isServer ? firstSeenMs : null);
  const endMs = hasFinished(job) ? (instantMs(job.completed_at) ?? lastSeenMs) : null;
  const spans = spansOf(job, runs, createdMs, endMs);
  return isServer || spans.some(isOpen) ? spans : [...spans, ...unseenRunOf(known, endMs)];
}

// A job that does not run may have begun to since it was last looked at, or between two looks.
function unseenRunOf(known: SpendingJob, endMs: number | null): readonly BilledSpan[] {
  const { job, runs, isLimited, idleSeenMs, lastSeenMs } = known;
  const newest = runs.at(-1);
  const rateUsd = newest !== undefined && !isFinal(newest.status) ? rateOfRun(newest) : null;
  if (hasFinished(job)) {
    // It has run, and its runs could not be read.
    const hasRun = runs.length === 0 && job.started_at !== null;
    const fromMs = instantMs(job.started_at) ?? idleSeenMs;
    return hasRun ? [{ rateUsd, fromMs, toMs: endMs }] : [];
  }
  if (job.status === 'RUNNING') return [{ rateUsd, fromMs: idleSeenMs, toMs: null }];
  return isLimited ? [] : [{ rateUsd, fromMs: lastSeenMs, toMs: null }];
}
