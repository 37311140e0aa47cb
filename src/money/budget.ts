import pLimit from 'p-limit';
import type { Client } from '../service/client.ts';
import { listJobRuns } from '../service/endpoints.ts';
import type { Job, JobRun } from '../service/schemas.ts';
import { hasCeiling, minRunLimitMs, type Ceilings } from './ceilings.ts';
import { rateOfRun } from './cost.ts';
import { maxAutoMs } from '../service/poll.ts';
import type { OverBudget } from '../jobs/records.ts';
import { lastsMs, totalSpend, type SpendingJob } from './spend.ts';
import { isFinal } from '../jobs/status.ts';

/** Watches what the jobs of a step cost while they run. Does nothing without a ceiling. */
export interface Budget {
  /**
   * To be called after each look at a job of the step, its own or a duplicate. Reads its runs where
   * their rate may be new, and returns at once.
   * @param isLimited whether the service ends it before it has cost more than its share
   */
  readonly onLook: (job: Job, isLimited: boolean) => void;
  /** The longest pause until the next look at a job, in ms: short while its rate may be new. */
  readonly maxIntervalMs: (jobUuid: string) => number;
  /**
   * Waits until the rate of a job that runs is known, so many ms at most.
   * @returns whether it is, or nobody asked
   */
  readonly waitForRate: (jobUuid: string, maxMs: number) => Promise<boolean>;
  /**
   * Why no further job may be cooked; null where one may.
   * @param rateUsd what it may cost an hour, where no `max-hourly-rate` says so
   */
  readonly refusal: (rateUsd: number | null) => Promise<OverBudget | null>;
  /** Fires when nothing is watched any more. */
  readonly over: AbortSignal;
  /** Tells of what is exceeded, from now on. */
  readonly start: (listener: BudgetListener) => void;
  /** Stops watching, so that the process can end. */
  readonly stop: () => void;
}

export interface BudgetOptions {
  readonly client: Client;
  readonly ceilings: Ceilings;
  /** Fires at the end of the wait. */
  readonly ended: AbortSignal;
}

export interface BudgetListener {
  /** Told once of each job that costs more an hour than it may. */
  readonly onOverRate: (jobUuid: string, why: OverBudget) => void;
  /** Told once when all jobs together are about to cost more than they may. */
  readonly onOverCost: (why: OverBudget) => void;
}

// The service bills a job until it has ended, which takes a while after a cancel.
const cancelTakesMs = 15_000;
const maxConcurrentReads = 8;
const retryEveryMs = 2_000;

type Known = { -readonly [Name in keyof SpendingJob]: SpendingJob[Name] } & {
  /** The status at which the runs were last read. */
  readAt: string | null;
  reading: Promise<void> | null;
  isTold: boolean;
};

/** Creates a budget for a step. */
export function createBudget(options: BudgetOptions): Budget {
  const { client, ceilings, ended } = options;
  const { maxHourlyRateUsd, maxCostUsd } = ceilings;
  const { clock } = client;
  const known = new Map<string, Known>();
  const inTurn = pLimit(maxConcurrentReads);
  const stopped = new AbortController();
  const over = AbortSignal.any([ended, stopped.signal]);
  let wake = new AbortController();
  let isWatching = false;
  let listener: BudgetListener | null = null;

  const nowMs = () => client.serverNow() ?? clock.now();
  const total = () => totalSpend([...known.values()], nowMs(), maxHourlyRateUsd);

  const watchCost = async (ceilingUsd: number) => {
    isWatching = true;
    for (;;) {
      const leftMs = lastsMs(total(), ceilingUsd) - cancelTakesMs;
      if (over.aborted || leftMs === Infinity) break;
      if (leftMs <= 0) {
        listener?.onOverCost({ kind: 'cost', amountUsd: total().usd, ceilingUsd });
        break;
      }
      // A part of a millisecond may be no time at all on a clock.
      await clock.sleep(Math.max(1, leftMs), AbortSignal.any([over, wake.signal]));
      if (wake.signal.aborted) wake = new AbortController();
    }
    isWatching = false;
  };
  const changed = () => {
    if (maxCostUsd === null || over.aborted) return;
    if (isWatching) wake.abort();
    else void watchCost(maxCostUsd);
  };
  const checkRate = (each: Known) => {
    const newest = each.runs.at(-1);
    const rate = newest === undefined || isFinal(newest.status) ? null : rateOfRun(newest);
    if (maxHourlyRateUsd === null || rate === null || rate <= maxHourlyRateUsd) return;
    if (each.isTold || over.aborted) return;
    each.isTold = true;
    listener?.onOverRate(each.job.uuid, {
      kind: 'rate',
      amountUsd: rate,
      ceilingUsd: maxHourlyRateUsd,
    });
  };
  const read = async (each: Known) => {
    const { status, uuid } = each.job;
    try {
      each.runs = await inTurn(async () => listJobRuns(client, uuid, over));
      each.readAt = status;
      checkRate(each);
    } catch {
      // It is read again after the next look.
    }
    each.reading = null;
    changed();
  };
  const readLater = (each: Known) => {
    each.reading ??= read(each);
  };

  return {
    onLook: (job, isLimited) => {
      if (!hasCeiling(ceilings)) return;
      const each = takeLook(known.get(job.uuid), job, isLimited, nowMs());
      known.set(job.uuid, each);
      if (!over.aborted && mustRead(each)) readLater(each);
      changed();
    },
    maxIntervalMs: (jobUuid) => {
      const each = known.get(jobUuid);
      return each === undefined || isSettled(each) ? Infinity : maxAutoMs;
    },
    waitForRate: async (jobUuid, maxMs) => {
      const each = known.get(jobUuid);
      if (each === undefined || !hasCeiling(ceilings)) return true;
      const untilMs = clock.monotonicMs() + maxMs;
      while (!isRated(each.runs) && !over.aborted && clock.monotonicMs() < untilMs) {
        readLater(each);
        await each.reading;
        if (!isRated(each.runs)) await clock.sleep(retryEveryMs, over);
      }
      return isRated(each.runs) || over.aborted;
    },
    refusal: async (rateUsd) => {
      if (maxCostUsd === null) return null;
      await Promise.all([...known.values()].map(async ({ reading }) => reading));
      const { usd, hourlyUsd } = total();
      const withOne = { usd, hourlyUsd: hourlyUsd + (maxHourlyRateUsd ?? rateUsd ?? 0) };
      // Rounding must not refuse what just fits.
      if (lastsMs(withOne, maxCostUsd) >= minRunLimitMs - 1) return null;
      return { kind: 'rest', amountUsd: usd, ceilingUsd: maxCostUsd };
    },
    over,
    start: (given) => {
      listener = given;
    },
    stop: () => {
      stopped.abort();
    },
  };
}

function takeLook(before: Known | undefined, job: Job, isLimited: boolean, nowMs: number): Known {
  const blank = {
    runs: [],
    firstSeenMs: nowMs,
    idleSeenMs: nowMs,
    readAt: null,
    reading: null,
    isTold: false,
  };
  const each: Known = before ?? { ...blank, job, lastSeenMs: nowMs, isLimited };
  each.job = job;
  each.isLimited = isLimited;
  each.lastSeenMs = nowMs;
  if (job.status !== 'RUNNING' && !isFinal(job.status)) each.idleSeenMs = nowMs;
  return each;
}

// A rate may come late, and each run of a job may be on another node. Of several nodes, the addresses
// tell how many there are, and they may come late as well.
function mustRead({ job, runs, readAt }: Known): boolean {
  if (job.status === 'PENDING' && runs.length === 0) return false;
  return readAt !== job.status || !isSettled({ job, runs });
}

function isSettled({ job, runs }: Pick<Known, 'job' | 'runs'>): boolean {
  const mayChange = (job.max_retry_count ?? 0) > 0 || (job.max_node_count ?? 1) > 1;
  return isRated(runs) && (!mayChange || isFinal(job.status));
}

function isRated(runs: readonly JobRun[]): boolean {
  const newest = runs.at(-1);
  return newest !== undefined && rateOfRun(newest) !== null;
}
