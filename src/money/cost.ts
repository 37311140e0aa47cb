import type { Job, JobRun } from '../service/schemas.ts';
import type { Outcome } from '../jobs/records.ts';
import { timesOf } from '../jobs/metrics.ts';
import { isFinal } from '../jobs/status.ts';

// What jobs cost: rate × time, run by run, and what was billed. Pure; in Unix ms and US dollars.

export const hourMs = 3_600_000;

/** What a job has cost, and how that is known. */
export interface Cost {
  readonly usd: number;
  /** What the ledger has, or rate × time. */
  readonly is: 'billed' | 'estimated';
}

export interface BilledSpan {
  /** An hour, all nodes together; null where it is not known. */
  readonly rateUsd: number | null;
  readonly fromMs: number;
  /** null while it has not ended. */
  readonly toMs: number | null;
}

/**
 * What a job is billed for: BATCH for each run, PERSISTENT while it exists.
 * @param runs oldest first; of a BATCH job without any, all of its time from the start on counts
 */
export function spansOf(
  job: Job | null,
  runs: readonly JobRun[],
  { createdMs, startedMs, endedMs }: ReturnType<typeof timesOf>,
): readonly BilledSpan[] {
  if (job === null) return [];
  if (job.task !== 'PERSISTENT' && runs.length > 0) {
    return runs.flatMap((run, index) => {
      const [before, next] = [runs[index - 1], runs[index + 1]];
      // The service says 0 while it does not know when a run started.
      const isStarted = next === undefined && ['RUNNING', 'COMPLETED'].includes(job.status);
      const sinceMs = isStarted && startedMs ? Math.max(startedMs, before?.ended_at_ms ?? 0) : null;
      const known = { ...run, started_at_ms: run.started_at_ms ?? sinceMs };
      return spanOfRun(known, job, createdMs, next?.started_at_ms ?? endedMs);
    });
  }
  const rateUsd = runs.map((run) => rateOfRun(run, job)).findLast((rate) => rate !== null) ?? null;
  const fromMs = job.task === 'PERSISTENT' ? createdMs : startedMs;
  return fromMs === null ? [] : [{ rateUsd, fromMs, toMs: endedMs }];
}

function spanOfRun(run: JobRun, job: Job, createdMs: number | null, lastMs: number | null) {
  const { started_at_ms: startedMs, ended_at_ms: endedMs, duration_ms: durationMs } = run;
  if (startedMs === null && durationMs === null) return [];
  const rateUsd = rateOfRun(run, job);
  const atMs = startedMs ?? 0;
  // That of a run that has not ended grows.
  const isOver = isFinal(run.status) || endedMs !== null || isFinal(job.status);
  if (durationMs !== null && isOver) return [{ rateUsd, fromMs: atMs, toMs: atMs + durationMs }];
  // A node's clock may be behind: no run began before its job was there.
  return [{ rateUsd, fromMs: Math.max(atMs, createdMs ?? atMs), toMs: endedMs ?? lastMs }];
}

export interface Spend {
  readonly usd: number;
  readonly hourlyUsd: number;
}

/** What spans have cost by then, and cost an hour; `assumedUsd` is for a rate that is not known. */
export function spendOf(spans: readonly BilledSpan[], nowMs: number, assumedUsd: number): Spend {
  let [usd, hourlyUsd] = [0, 0];
  for (const { rateUsd, fromMs, toMs } of spans) {
    const rate = rateUsd ?? assumedUsd;
    usd += (rate * Math.max(0, Math.min(toMs ?? nowMs, nowMs) - fromMs)) / hourMs;
    if (toMs === null) hourlyUsd += rate;
  }
  return { usd, hourlyUsd };
}

/** What a run costs an hour, all nodes of its job together; null where it is not known yet. */
export function rateOfRun(run: JobRun, job: Pick<Job, 'max_node_count'>): number | null {
  const { hourly_rate_usd: rate, node_urls: nodeUrls } = run;
  // The service does not say how many nodes a run has. Each has one host for each description of an
  // address, and may report it late: so those that were asked for count, and more where they show.
  const hosts = Map.groupBy(nodeUrls ?? [], ({ description }) => description);
  const counts = [...hosts.values()].map((urls) => new Set(urls.map((url) => url.hostname)).size);
  const nodes = Math.max(1, job.max_node_count ?? 1, ...counts);
  return rate === null || rate <= 0 ? null : rate * nodes;
}

/** What a job costs an hour by its newest run; null where that is not known. */
export function hourlyRateOf({ job, runs }: Pick<Outcome, 'job' | 'runs'>): number | null {
  const newest = runs.at(-1);
  return newest === undefined || job === null ? null : rateOfRun(newest, job);
}

/**
 * What a job has cost, and the jobs of the models that were tried before it; null if unknown (yet).
 * @param nowMs until when what still runs is counted; without it, what still runs has no cost yet
 */
export function pricedCostOf(outcome: Outcome, nowMs?: number): Cost | null {
  const before = outcome.earlierTries.map(({ costUsd: usd }) =>
    usd === 0 ? null : ({ usd, is: 'estimated' } as const),
  );
  return sumOfCosts([costOfJob(outcome, nowMs), ...before]);
}

/** What one job has cost: what was billed for its runs, the rest estimated; null if unknown (yet). */
export function costOfJob(outcome: Outcome, nowMs?: number): Cost | null {
  const { job, bills, runs } = outcome;
  const { createdMs, endedMs } = timesOf(outcome);
  const billed = [...bills.values()].reduce((sum, usd) => sum + usd, 0);
  const unbilled = runs.filter(({ uuid }) => !bills.has(uuid));
  const isServer = job?.task === 'PERSISTENT';
  if (bills.size > 0 && (isServer || unbilled.length === 0)) return sumOf(billed, 'billed');
  const times = { createdMs, startedMs: null, endedMs: endedMs ?? nowMs ?? null };
  const spans = spansOf(job, unbilled, times);
  const isKnown = spans.every(({ rateUsd, toMs }) => rateUsd !== null && toMs !== null);
  const { usd } = spendOf(isKnown ? spans : [], Infinity, 0);
  if (bills.size > 0) return sumOf(billed + usd, usd === 0 && isKnown ? 'billed' : 'estimated');
  const isRated = job !== null && runs.some((run) => rateOfRun(run, job) !== null);
  return isKnown && isRated ? sumOf(usd, 'estimated') : null;
}

/** What jobs have cost together; null where nothing is known of any. */
export function totalCostOf(outcomes: readonly Outcome[]): Cost | null {
  return sumOfCosts(outcomes.map((outcome) => pricedCostOf(outcome)));
}

/** The sum of what is known; null where nothing is. */
export function sumOfCosts(maybeCosts: readonly (Cost | null)[]): Cost | null {
  const costs = maybeCosts.filter((cost) => cost !== null);
  if (costs.length === 0) return null;
  const usd = costs.reduce((sum, cost) => sum + cost.usd, 0);
  return sumOf(usd, costs.every(({ is }) => is === 'billed') ? 'billed' : 'estimated');
}

function sumOf(usd: number, is: Cost['is']): Cost {
  return { usd: Math.round(usd * 10_000) / 10_000, is };
}
