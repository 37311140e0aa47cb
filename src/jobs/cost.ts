import type { JobRun } from '../api/schemas.ts';
import type { Outcome } from './records.ts';
import { timesOf } from './metrics.ts';

const hourMs = 3_600_000;

/**
 * What a job has cost in US dollars, estimated from the hourly rate of its runs. BATCH is billed for
 * its run time, PERSISTENT while it exists.
 * @returns null if a rate or a time is not known (yet)
 */
export function costOf(outcome: Outcome): number | null {
  const rated = outcome.runs.filter(({ hourly_rate_usd: rate }) => rate !== null && rate >= 0);
  if (rated.length === 0) return null;
  const costs =
    outcome.job?.task === 'PERSISTENT'
      ? [costOfLifetime(outcome, rated)]
      : outcome.runs.map((run) => costOfRun(run, outcome));
  const sum = sumOf(costs);
  return sum === null ? null : Math.round(sum * 10_000) / 10_000;
}

/** What a job costs per hour, in US dollars; null if that is not known. */
export function hourlyRateOf({ runs }: Outcome): number | null {
  const newest = runs.at(-1);
  return newest === undefined ? null : rateOf(newest);
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
  const rate = rateOf(run);
  return rate === null ? null : (rate * Math.max(0, durationMs)) / hourMs;
}

function rateOf(run: JobRun): number | null {
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
