import pLimit from 'p-limit';
import { nowOf, type Client } from '../service/client.ts';
import { listJobRuns } from '../service/endpoints.ts';
import type { Job, JobRun } from '../service/schemas.ts';
import { instantMs } from '../jobs/metrics.ts';
import type { OverBudget } from '../jobs/records.ts';
import { hasFinished } from '../jobs/restart.ts';
import { isFinal } from '../jobs/status.ts';
import { hasCeiling, isAbove, minRunLimitMs, type Ceilings } from './ceilings.ts';
import { hourlyRateOf, hourMs, spansOf, spendOf, type BilledSpan, type Spend } from './cost.ts';

interface BudgetListener {
  /** Called when a job costs more an hour than it may, after each look that shows it. */
  readonly onOverRate: (jobUuid: string, why: OverBudget) => void;
  /** Called once when all jobs together are about to cost more than they may. */
  readonly onOverCost: (why: OverBudget) => void;
}

export type Budget = ReturnType<typeof createBudget>;

// The service bills a job until it has ended, which takes a while after a cancel.
const cancelTakesMs = 15_000;
const lookEveryMs = 4_000;
const maxConcurrentReads = 8;
const retryEveryMs = 2_000;
const maxRateWaitMs = 30_000;
const rateEveryMs = 60_000;

/** What is known of the cost of one job. Times are the service's, Unix ms. */
interface WatchedJob {
  job: Job;
  /** Oldest first, as last read. */
  runs: readonly JobRun[];
  readonly firstSeenMs: number;
  /** When it was last seen not to run. */
  idleSeenMs: number;
  lastSeenMs: number;
  /** The status at which the runs were last read, and when. */
  read: { readonly status: string; readonly atMs: number } | null;
  reading: Promise<void> | null;
}

/**
 * Watches what the jobs of a step cost while they run. Does nothing without a ceiling.
 * @param over fires when nothing is watched any more
 */
export function createBudget(client: Client, ceilings: Ceilings, over: AbortSignal) {
  const { maxHourlyRateUsd, maxCostUsd } = ceilings;
  let listener: BudgetListener | null = null;
  const jobs = watchJobs(client, over, ({ job }, rateUsd) => {
    if (maxHourlyRateUsd === null || !isAbove(rateUsd, maxHourlyRateUsd) || over.aborted) return;
    const why = { kind: 'rate', amountUsd: rateUsd, ceilingUsd: maxHourlyRateUsd } as const;
    listener?.onOverRate(job.uuid, why);
  });
  const getSpend = () => spendOf(jobs.spans(), nowOf(client), maxHourlyRateUsd ?? 0);
  return {
    /** To be called after each look at a job of the step, its own or a duplicate; returns at once. */
    onLook: (job: Job): void => {
      if (hasCeiling(ceilings)) jobs.onLook(job);
    },
    waitForRate: jobs.waitForRate,
    /**
     * Why no further job may be cooked; null where one may.
     * @param rateUsd what it may cost an hour, where no `max-hourly-rate` says so
     */
    refusal: async (rateUsd: number | null): Promise<OverBudget | null> => {
      if (maxCostUsd === null) return null;
      await jobs.settled();
      const { usd, hourlyUsd } = getSpend();
      const withOne = { usd, hourlyUsd: hourlyUsd + (maxHourlyRateUsd ?? rateUsd ?? 0) };
      // Rounding must not refuse what just fits.
      if (remainingMs(withOne, maxCostUsd) >= minRunLimitMs - 1) return null;
      return { kind: 'rest', amountUsd: usd, ceilingUsd: maxCostUsd };
    },
    over,
    /** Reports what is exceeded, from now on; resolves when all of `max-cost` is used, or at the end. */
    start: async (onOver: BudgetListener): Promise<void> => {
      listener = onOver;
      if (maxCostUsd === null) return;
      for (; !over.aborted; await client.clock.sleep(lookEveryMs, over)) {
        const spend = getSpend();
        if (remainingMs(spend, maxCostUsd) > cancelTakesMs + lookEveryMs) continue;
        onOver.onOverCost({ kind: 'cost', amountUsd: spend.usd, ceilingUsd: maxCostUsd });
        return;
      }
    },
  };
}

/** @param onRate called with the rate of a run that has not ended, each time it is read */
function watchJobs(
  client: Client,
  over: AbortSignal,
  onRate: (entry: WatchedJob, rateUsd: number) => void,
) {
  const { clock } = client;
  const watched = new Map<string, WatchedJob>();
  const inTurn = pLimit(maxConcurrentReads);
  const read = async (entry: WatchedJob) => {
    const { status, uuid } = entry.job;
    try {
      entry.runs = await inTurn(async () => listJobRuns(client, uuid, over));
      entry.read = { status, atMs: entry.lastSeenMs };
      const rateUsd = isFinal(entry.runs.at(-1)?.status ?? '') ? null : hourlyRateOf(entry);
      if (rateUsd !== null) onRate(entry, rateUsd);
    } catch {
      // It changes no verdict, and is read again after the next look.
    }
    entry.reading = null;
  };
  const readRuns = async (entry: WatchedJob) => (entry.reading ??= read(entry));
  return {
    /** Reads the runs of a job where their rate may be new. */
    onLook: (job: Job): void => {
      const nowMs = nowOf(client);
      const times = { firstSeenMs: nowMs, idleSeenMs: nowMs, lastSeenMs: nowMs };
      const fresh: WatchedJob = { job, runs: [], ...times, read: null, reading: null };
      const entry = Object.assign(watched.get(job.uuid) ?? fresh, { job, lastSeenMs: nowMs });
      if (job.status !== 'RUNNING' && !isFinal(job.status)) entry.idleSeenMs = nowMs;
      watched.set(job.uuid, entry);
      if (!over.aborted && mustRead(entry)) void readRuns(entry);
    },
    /** Waits until the rate of a job that runs is known, half a minute at most. */
    waitForRate: async (jobUuid: string): Promise<void> => {
      const entry = watched.get(jobUuid);
      if (entry === undefined) return;
      const untilMs = clock.monotonicMs() + maxRateWaitMs;
      const isOpen = () => hourlyRateOf(entry) === null && !over.aborted;
      while (isOpen() && clock.monotonicMs() < untilMs) {
        await readRuns(entry);
        if (isOpen()) await clock.sleep(retryEveryMs, over);
      }
    },
    /** Resolves when the runs that are being read are known. */
    settled: async () => Promise.all([...watched.values()].map(async ({ reading }) => reading)),
    spans: () => [...watched.values()].flatMap(spansOfJob),
  };
}

/** For how many ms what is left of `max-cost` lasts; Infinity where nothing is spent any more. */
function remainingMs({ usd, hourlyUsd }: Spend, maxCostUsd: number): number {
  if (hourlyUsd <= 0) return usd > maxCostUsd ? 0 : Infinity;
  return ((maxCostUsd - usd) / hourlyUsd) * hourMs;
}

function spansOfJob({ job, runs, ...seen }: WatchedJob): readonly BilledSpan[] {
  const isServer = job.task === 'PERSISTENT';
  const hasStarted = job.status === 'RUNNING' || job.started_at !== null;
  return spansOf(job, runs, {
    createdMs: instantMs(job.created_at) ?? (isServer ? seen.firstSeenMs : null),
    startedMs: hasStarted ? (instantMs(job.started_at) ?? seen.idleSeenMs) : null,
    endedMs: hasFinished(job) ? (instantMs(job.completed_at) ?? seen.lastSeenMs) : null,
  });
}

// A rate may come late, or change, and each run of a job may be on another machine.
function mustRead({ job, runs, read, lastSeenMs }: WatchedJob): boolean {
  if (job.status === 'PENDING' && runs.length === 0) return false;
  if (read?.status !== job.status || hourlyRateOf({ job, runs }) === null) return true;
  return !isFinal(job.status) && lastSeenMs - read.atMs >= rateEveryMs;
}
