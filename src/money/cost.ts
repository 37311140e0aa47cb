import type { JobRun } from '../service/schemas.ts';
import type { Outcome } from '../jobs/records.ts';
import { timesOf } from '../jobs/metrics.ts';

/** What rates are by. */
export const hourMs = 3_600_000;

/** What a job has cost, in US dollars, and how that is known. */
export interface Cost {
  readonly usd: number;
  /** What the ledger has, or rate × time. */
  readonly is: 'billed' | 'estimated';
}

/** What a job has cost, and the jobs of the models that were tried before it; null if unknown (yet). */
export function pricedCostOf(outcome: Outcome): Cost | null {
  const before = outcome.earlierTries.map(({ costUsd: usd }): Cost | null => {
    return usd === 0 ? null : { usd, is: 'estimated' };
  });
  return sumOfCosts([costOfJob(outcome), ...before]);
}

/**
 * What one job has cost: what was billed for its runs; where not all of them have been yet, the rest
 * is estimated.
 * @returns null if neither is known (yet)
 */
export function costOfJob(outcome: Outcome): Cost | null {
  const { bills, runs } = outcome;
  const estimated = estimateOf(outcome);
  if (bills.size === 0) return estimated === null ? null : { usd: estimated, is: 'estimated' };
  const billed = rounded(sumOf([...bills.values()]) ?? 0);
  const unbilled = runs.filter(({ uuid }) => !bills.has(uuid));
  const isBilled = unbilled.every((run) => costOfRun(run, outcome) === 0);
  if (isBilled || outcome.job?.task === 'PERSISTENT') return { usd: billed, is: 'billed' };
  const rest = sumOf(unbilled.map((run) => costOfRun(run, outcome)));
  return { usd: rounded(billed + (rest ?? 0)), is: 'estimated' };
}

/** The amount of {@link pricedCostOf}, in US dollars. */
export function costOf(outcome: Outcome): number | null {
  return pricedCostOf(outcome)?.usd ?? null;
}

/** What jobs have cost together; null where nothing is known of any. */
export function totalCostOf(outcomes: readonly Outcome[]): Cost | null {
  return sumOfCosts(outcomes.map(pricedCostOf));
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

// BATCH is billed for its run time, PERSISTENT while it exists.
function estimateOf(outcome: Outcome): number | null {
  const rated = outcome.runs.filter(({ hourly_rate_usd: rate }) => rate !== null && rate >= 0);
  if (rated.length === 0) return null;
  const costs =
    outcome.job?.task === 'PERSISTENT'
      ? [costOfLifetime(outcome, rated)]
      : outcome.runs.map((run) => costOfRun(run, outcome));
  const sum = sumOf(costs);
  return sum === null ? null : rounded(sum);
}

/** What a job costs per hour, in US dollars; null if that is not known. */
export function hourlyRateOf({ runs }: Outcome): number | null {
  const newest = runs.at(-1);
  return newest === undefined ? null : rateOfRun(newest);
}

function costOfLifetime(outcome: Outcome, rated: readonly JobRun[]): number | null {
  const { createdMs, endedMs } = timesOf(outcome);
  const newest = rated.at(-1);
  if (createdMs === null || endedMs === null || newest === undefined) return null;
  return costOfTime(newest, endedMs - createdMs);
}

function costOfRun(run: JobRun, outcome: Outcome): number | null {
  if (run.duration_ms !== null) return costOfTime(run, run.duration_ms);
  // A run that never started costs nothing.
  if (run.started_at_ms === null) return 0;
  const endedMs = run.ended_at_ms ?? timesOf(outcome).endedMs;
  return endedMs === null ? null : costOfTime(run, endedMs - run.started_at_ms);
}

function costOfTime(run: JobRun, durationMs: number): number | null {
  const rate = rateOfRun(run);
  return rate === null ? null : (rate * Math.max(0, durationMs)) / hourMs;
}

/** What a run costs an hour, all its nodes together, in US dollars; null where that is not known. */
export function rateOfRun(run: JobRun): number | null {
  const { hourly_rate_usd: rate } = run;
  return rate === null || rate < 0 ? null : rate * nodeCountOf(run);
}

// The service does not say how many nodes a run has. Each node has one address of each description,
// so the hosts of each description are counted: a port may be listed twice. Without addresses, it is
// one.
function nodeCountOf({ node_urls: nodeUrls }: JobRun): number {
  const hosts = new Map<string | null, Set<string>>();
  for (const { description, hostname } of nodeUrls ?? [])
    hosts.set(description, (hosts.get(description) ?? new Set()).add(hostname));
  return Math.max(1, ...[...hosts.values()].map(({ size }) => size));
}

function sumOf(amounts: readonly (number | null)[]): number | null {
  let sum = 0;
  for (const amount of amounts) {
    if (amount === null) return null;
    sum += amount;
  }
  return sum;
}
