import type { Job, JobRun } from '../service/schemas.ts';
import type { Outcome } from '../jobs/records.ts';
import { timesOf } from '../jobs/metrics.ts';

// What jobs cost: rate × time, run by run, and what was billed. Pure; times are Unix ms.

/** What rates are by. */
export const hourMs = 3_600_000;

/** What a job has cost, in US dollars, and how that is known. */
export interface Cost {
  readonly usd: number;
  /** What the ledger has, or rate × time. */
  readonly is: 'billed' | 'estimated';
}

/** A time that a job is billed for. */
export interface BilledSpan {
  /** An hour, all nodes together, in US dollars; null where it is not known. */
  readonly rateUsd: number | null;
  /** null: the run never started, and costs nothing. */
  readonly fromMs: number | null;
  /** null while it has not ended. */
  readonly toMs: number | null;
}

/** What a span costs until then, in US dollars; `unknownUsd` is the rate of one without a rate. */
export function usdOf({ rateUsd, fromMs, toMs }: BilledSpan, untilMs: number, unknownUsd = 0) {
  if (fromMs === null) return 0;
  const ms = Math.max(0, Math.min(toMs ?? untilMs, untilMs) - fromMs);
  return ((rateUsd ?? unknownUsd) * ms) / hourMs;
}

/**
 * What a job is billed for: BATCH for each run, PERSISTENT while it exists.
 * @param runs oldest first
 * @param createdMs null where that is not known
 * @param endMs null while it has not ended
 */
export function spansOf(
  job: Job | null,
  runs: readonly JobRun[],
  createdMs: number | null,
  endMs: number | null,
): readonly BilledSpan[] {
  if (job?.task !== 'PERSISTENT') {
    return runs.map((run, index) => spanOfRun(run, createdMs, endMs, runs[index + 1]));
  }
  const rateUsd = runs.map(rateOfRun).findLast((rate) => rate !== null) ?? null;
  return createdMs === null ? [] : [{ rateUsd, fromMs: createdMs, toMs: endMs }];
}

function spanOfRun(
  run: JobRun,
  createdMs: number | null,
  jobEndMs: number | null,
  next: JobRun | undefined,
): BilledSpan {
  const { started_at_ms: startedMs, ended_at_ms: endedMs, duration_ms: durationMs } = run;
  const rateUsd = rateOfRun(run);
  if (startedMs === null) {
    return { rateUsd, fromMs: durationMs === null ? null : 0, toMs: durationMs };
  }
  if (durationMs !== null) return { rateUsd, fromMs: startedMs, toMs: startedMs + durationMs };
  // A node's clock may be behind: no run began before its job was there.
  const fromMs = Math.max(startedMs, createdMs ?? startedMs);
  return { rateUsd, fromMs, toMs: endedMs ?? next?.started_at_ms ?? jobEndMs };
}

/** What a run costs an hour, all its nodes together, in US dollars; null where it is not known yet. */
export function rateOfRun(run: JobRun): number | null {
  const { hourly_rate_usd: rate } = run;
  return rate === null || rate <= 0 ? null : rate * nodeCountOf(run);
}

// The service does not say how many nodes a run has. Each node has one address of each description,
// so the hosts of each description are counted: a port may be listed twice. Without addresses, it is
// one.
function nodeCountOf({ node_urls: nodeUrls }: JobRun): number {
  const hosts = Map.groupBy(nodeUrls ?? [], ({ description }) => description);
  const counts = [...hosts.values()].map((urls) => new Set(urls.map((url) => url.hostname)).size);
  return Math.max(1, ...counts);
}

/** What a job costs an hour, in US dollars; null if that is not known. */
export function hourlyRateOf({ runs }: Outcome): number | null {
  const newest = runs.at(-1);
  return newest === undefined ? null : rateOfRun(newest);
}

/**
 * What a job has cost, and the jobs of the models that were tried before it; null if unknown (yet).
 * @param nowMs until when what still runs is counted; without it, what still runs has no cost yet
 */
export function pricedCostOf(outcome: Outcome, nowMs?: number): Cost | null {
  const before = outcome.earlierTries.map(({ costUsd: usd }): Cost | null => {
    return usd === 0 ? null : { usd, is: 'estimated' };
  });
  return sumOfCosts([costOfJob(outcome, nowMs), ...before]);
}

/**
 * What one job has cost: what was billed for its runs; where not all of them have been yet, the rest
 * is estimated.
 * @returns null if neither is known (yet)
 */
export function costOfJob({ bills, runs, ...outcome }: Outcome, nowMs?: number): Cost | null {
  const { createdMs, endedMs } = timesOf({ bills, runs, ...outcome });
  const isServer = outcome.job?.task === 'PERSISTENT';
  const unbilled = runs.filter(({ uuid }) => !bills.has(uuid));
  const spans = spansOf(
    outcome.job,
    isServer ? runs : unbilled,
    createdMs,
    endedMs ?? nowMs ?? null,
  );
  const estimated = estimateOf(spans);
  if (bills.size === 0) {
    const isRated = spans.some(({ rateUsd }) => rateUsd !== null);
    return estimated === null || !isRated ? null : { usd: rounded(estimated), is: 'estimated' };
  }
  const billed = [...bills.values()].reduce((sum, usd) => sum + usd, 0);
  if (isServer || estimated === 0) return { usd: rounded(billed), is: 'billed' };
  return { usd: rounded(billed + (estimated ?? 0)), is: 'estimated' };
}

function estimateOf(spans: readonly BilledSpan[]): number | null {
  const isKnown = spans.every(
    ({ rateUsd, fromMs, toMs }) => fromMs === null || (rateUsd !== null && toMs !== null),
  );
  return isKnown ? spans.reduce((sum, span) => sum + usdOf(span, Infinity), 0) : null;
}

/** What jobs have cost together; null where nothing is known of any. */
export function totalCostOf(outcomes: readonly Outcome[]): Cost | null {
  return sumOfCosts(outcomes.map((outcome) => pricedCostOf(outcome)));
}

/** The sum of what is known; null where nothing is. */
export function sumOfCosts(maybeCosts: readonly (Cost | null)[]): Cost | null {
  const costs = maybeCosts.filter((cost) => cost !== null);
  if (costs.length === 0) return null;
  const usd = rounded(costs.reduce((sum, cost) => sum + cost.usd, 0));
  return { usd, is: costs.every(({ is }) => is === 'billed') ? 'billed' : 'estimated' };
}

function rounded(usd: number): number {
  return Math.round(usd * 10_000) / 10_000;
}
