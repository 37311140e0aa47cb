import pLimit from 'p-limit';
import type { Clock } from '../clock.ts';
import { nowOf, type Client } from '../service/client.ts';
import { listJobRuns } from '../service/endpoints.ts';
import { maxAutoMs } from '../service/poll.ts';
import type { Job, JobRun } from '../service/schemas.ts';
import type { OverBudget } from '../jobs/records.ts';
import { isFinal } from '../jobs/status.ts';
import { hasCeiling, minRunLimitMs, type Ceilings } from './ceilings.ts';
import { rateOfRun } from './cost.ts';
import { remainingMs, totalSpend, type Spend, type SpendingJob } from './spend.ts';

export interface BudgetListener {
  /** Told once of each job that costs more an hour than it may. */
  readonly onOverRate: (jobUuid: string, why: OverBudget) => void;
  /** Told once when all jobs together are about to cost more than they may. */
  readonly onOverCost: (why: OverBudget) => void;
}

/** Watches what the jobs of a step cost while they run. Does nothing without a ceiling. */
export type Budget = ReturnType<typeof createBudget>;

// The service bills a job until it has ended, which takes a while after a cancel.
const cancelTakesMs = 15_000;
const lookEveryMs = 4_000;
const maxConcurrentReads = 8;
const retryEveryMs = 2_000;
// A rate may change while a job runs.
const rateEveryMs = 60_000;

type Known = { -readonly [Name in keyof SpendingJob]: SpendingJob[Name] } & {
  /** The status at which the runs were last read, and when. */
  readAt: string | null;
  readAtMs: number;
  reading: Promise<void> | null;
  isReported: boolean;
};

/** @param ended fires at the end of the wait */
export function createBudget(client: Client, ceilings: Ceilings, ended: AbortSignal) {
  const { maxHourlyRateUsd, maxCostUsd } = ceilings;
  const known = new Map<string, Known>();
  const stopped = new AbortController();
  const over = AbortSignal.any([ended, stopped.signal]);
  let listener: BudgetListener | null = null;
  const total = () => totalSpend([...known.values()], nowOf(client), maxHourlyRateUsd);
  const readRuns = createRunReader(client, over, (entry) => {
    const why = exceededRate(entry, maxHourlyRateUsd);
    if (why === null || entry.isReported || over.aborted) return;
    entry.isReported = true;
    listener?.onOverRate(entry.job.uuid, why);
  });
  return {
    /**
     * To be called after each look at a job of the step, its own or a duplicate. Reads its runs where
     * their rate may be new, and returns at once.
     * @param isLimited whether the service ends it before it has cost more than its share
     */
    onLook: (job: Job, isLimited: boolean): void => {
      if (!hasCeiling(ceilings)) return;
      const entry = updateKnown(known.get(job.uuid), job, isLimited, nowOf(client));
      known.set(job.uuid, entry);
      if (!over.aborted && mustRead(entry)) void readRuns(entry);
    },
    /** The longest pause until the next look at a job, in ms: short while its rate may be new. */
    maxIntervalMs: (jobUuid: string): number => maxIntervalMs(known.get(jobUuid)),
    /**
     * Waits until the rate of a job that runs is known, so many ms at most.
     * @returns whether it is, or nobody asked
     */
    waitForRate: async (jobUuid: string, maxMs: number): Promise<boolean> => {
      const entry = known.get(jobUuid);
      return entry === undefined || waitForRate(entry, readRuns, client.clock, maxMs, over);
    },
    /**
     * Why no further job may be cooked; null where one may.
     * @param rateUsd what it may cost an hour, where no `max-hourly-rate` says so
     */
    refusal: async (rateUsd: number | null): Promise<OverBudget | null> => {
      if (maxCostUsd === null) return null;
      await Promise.all([...known.values()].map(async ({ reading }) => reading));
      return refusal(total(), maxHourlyRateUsd ?? rateUsd ?? 0, maxCostUsd);
    },
    /** Fires when nothing is watched any more. */
    over,
    /** Tells of what is exceeded, from now on. */
    start: (told: BudgetListener): void => {
      listener = told;
      if (maxCostUsd !== null) void watchCost(total, maxCostUsd, client.clock, over, told);
    },
    /** Stops watching, so that the process can end. */
    stop: (): void => {
      stopped.abort();
    },
  };
}

function refusal({ usd, hourlyUsd }: Spend, rateUsd: number, maxCostUsd: number) {
  const withOne = { usd, hourlyUsd: hourlyUsd + rateUsd };
  // Rounding must not refuse what just fits.
  if (remainingMs(withOne, maxCostUsd) >= minRunLimitMs - 1) return null;
  return { kind: 'rest', amountUsd: usd, ceilingUsd: maxCostUsd } as const;
}

async function watchCost(
  total: () => Spend,
  ceilingUsd: number,
  clock: Clock,
  over: AbortSignal,
  { onOverCost }: BudgetListener,
): Promise<void> {
  while (!over.aborted) {
    const spend = total();
    if (remainingMs(spend, ceilingUsd) <= cancelTakesMs + lookEveryMs) {
      onOverCost({ kind: 'cost', amountUsd: spend.usd, ceilingUsd });
      return;
    }
    await clock.sleep(lookEveryMs, over);
  }
}

/** Reads the runs of a job, once at a time; what fails is read again after the next look. */
function createRunReader(client: Client, over: AbortSignal, onRead: (entry: Known) => void) {
  const inTurn = pLimit(maxConcurrentReads);
  const read = async (entry: Known) => {
    const { status, uuid } = entry.job;
    try {
      entry.runs = await inTurn(async () => listJobRuns(client, uuid, over));
      entry.readAt = status;
      entry.readAtMs = entry.lastSeenMs;
      onRead(entry);
    } catch {
      // It changes no verdict.
    }
    entry.reading = null;
  };
  return async (entry: Known): Promise<void> => (entry.reading ??= read(entry));
}

function exceededRate({ runs }: Known, ceilingUsd: number | null): OverBudget | null {
  const newest = runs.at(-1);
  const rate = newest === undefined || isFinal(newest.status) ? null : rateOfRun(newest);
  if (ceilingUsd === null || rate === null || rate <= ceilingUsd) return null;
  return { kind: 'rate', amountUsd: rate, ceilingUsd };
}

async function waitForRate(
  entry: Known,
  readRuns: (entry: Known) => Promise<void>,
  clock: Clock,
  maxMs: number,
  over: AbortSignal,
): Promise<boolean> {
  const untilMs = clock.monotonicMs() + maxMs;
  while (!isRated(entry.runs) && !over.aborted && clock.monotonicMs() < untilMs) {
    await readRuns(entry);
    if (!isRated(entry.runs)) await clock.sleep(retryEveryMs, over);
  }
  return isRated(entry.runs) || over.aborted;
}

function updateKnown(before: Known | undefined, job: Job, isLimited: boolean, nowMs: number) {
  const seen = { job, isLimited, lastSeenMs: nowMs };
  const entry: Known = before
    ? Object.assign(before, seen)
    : {
        ...seen,
        runs: [],
        firstSeenMs: nowMs,
        idleSeenMs: nowMs,
        readAt: null,
        readAtMs: 0,
        reading: null,
        isReported: false,
      };
  if (job.status !== 'RUNNING' && !isFinal(job.status)) entry.idleSeenMs = nowMs;
  return entry;
}

function maxIntervalMs(entry: Known | undefined): number {
  if (entry === undefined) return Infinity;
  return isSettled(entry) ? rateEveryMs : maxAutoMs;
}

// A rate may come late, and each run of a job may be on another node. Of several nodes, the addresses
// tell how many there are, and they may come late as well.
function mustRead({ job, runs, readAt, readAtMs, lastSeenMs }: Known): boolean {
  if (job.status === 'PENDING' && runs.length === 0) return false;
  const isOld = !isFinal(job.status) && lastSeenMs - readAtMs >= rateEveryMs;
  return isOld || readAt !== job.status || !isSettled({ job, runs });
}

function isSettled({ job, runs }: Pick<Known, 'job' | 'runs'>): boolean {
  const mayChange = (job.max_retry_count ?? 0) > 0 || (job.max_node_count ?? 1) > 1;
  return isRated(runs) && (!mayChange || isFinal(job.status));
}

function isRated(runs: readonly JobRun[]): boolean {
  const newest = runs.at(-1);
  return newest !== undefined && rateOfRun(newest) !== null;
}
