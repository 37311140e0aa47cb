import { backoffMs, lagMs, maxPauseMs } from './retry.ts';
import type { Client } from './client.ts';
import type { Job } from './schemas.ts';
import { asError, ServiceError } from '../errors.ts';
import { createJobReader } from './read-jobs.ts';

/** In ms, or `auto`: by the time since the last change. */
export type PollInterval = number | 'auto';

const minAutoMs = 2_000;
/** Longest pause of `auto`, in ms. */
export const maxAutoMs = 20_000;
// A change is noticed after at most a fifteenth of the time that nothing changed.
const autoShare = 1 / 15;

/**
 * How long to wait before the next look at a job, in ms. With `auto` that is 2 s at first, and more
 * the longer nothing changes, up to 20 s: a job of 30 s is noticed after 1 s on average, and one of
 * 6 hours costs some 1,100 looks.
 * @param unchangedMs time since its status last changed
 */
export function pollIntervalMs(interval: PollInterval, unchangedMs: number): number {
  if (interval !== 'auto') return interval;
  return Math.min(maxAutoMs, Math.max(minAutoMs, unchangedMs * autoShare));
}

/**
 * What a service that answers slowly or with 429 is spared, in ms: the pause doubles with each 429,
 * up to a minute, and comes back step by step; a slow service has at least half of the time to itself.
 * @param sparedMs as it was before this look
 * @param tookMs how long the look took
 */
export function nextSparedMs(sparedMs: number, tookMs: number, wasThrottled: boolean): number {
  if (wasThrottled) return Math.min(maxPauseMs, Math.max(5_000, sparedMs * 2));
  const eased = sparedMs < 1_000 ? 0 : sparedMs * 0.75;
  return Math.min(maxPauseMs, Math.max(tookMs < 1_000 ? 0 : tookMs * 2, eased));
}

/** What is told of each look at a job; gives whether the job need not be watched any longer. */
export type OnLook = (answer: Job | ServiceError) => boolean;

/** Looks at jobs, all of a step together. */
export interface Poller {
  /**
   * Looks at a job again and again. Transient errors are kept from `onLook`; it is told of a 404
   * when two answers were 404, and of every other refusal at once.
   * @param isKnown whether it was seen just now; otherwise the first look is at once
   * @returns when `onLook` says so, or the signal fires
   * @throws what `onLook` throws
   */
  readonly watch: (
    jobUuid: string,
    onLook: OnLook,
    signal: AbortSignal,
    isKnown?: boolean,
  ) => Promise<void>;
}

export interface PollerOptions {
  readonly client: Client;
  readonly interval: PollInterval;
  /** The longest pause between two looks at a job, in ms, whatever the interval; none: as long as that. */
  readonly maxIntervalMs?: (jobUuid: string) => number;
  /** Fires when nothing more may be read. */
  readonly signal: AbortSignal;
  /** Told once when the service stops answering as it should, and once when it answers again. */
  readonly onUnavailable: (error: ServiceError) => void;
  readonly onAvailable: () => void;
}

interface Watch {
  readonly jobUuid: string;
  readonly onLook: OnLook;
  readonly done: () => void;
  readonly failed: (error: Error) => void;
  status: string | null;
  changedAtMs: number;
  dueAtMs: number;
  /** Answers in a row that were none, and of these the ones that were 404. */
  failures: number;
  notFound: number;
}

const maxNotFound = 2;

/** Creates a poller. All times are on the monotonic clock, in ms. */
export function createPoller(options: PollerOptions): Poller {
  const { client, interval, maxIntervalMs, signal } = options;
  const { clock, random } = client;
  const reader = createJobReader(client);
  const watches = new Set<Watch>();
  const tellHealth = createHealth(options);
  let isRunning = false;
  let wake = new AbortController();
  let sparedMs = 0;
  let notBeforeMs = 0;
  // Reads that nobody waits for any more would keep their connections from what has to be done now.
  let stopIdleReads: (() => void) | null = null;

  const dueIn = (watch: Watch) => {
    // Fleets of workflows do not look in step. Never sooner, or many jobs would be looked at more often.
    const jitter = 1 + random() * 0.1;
    const steadyMs = pollIntervalMs(interval, clock.monotonicMs() - watch.changedAtMs);
    const pauseMs = interval === 'auto' ? steadyMs * jitter : steadyMs;
    return Math.min(pauseMs, maxIntervalMs?.(watch.jobUuid) ?? Infinity);
  };

  const take = (watch: Watch, answer: Job | ServiceError) => {
    const nowMs = clock.monotonicMs();
    if (answer instanceof ServiceError) {
      watch.failures += 1;
      const isNotFound = answer.status === 404;
      if (isNotFound) watch.notFound += 1;
      watch.dueAtMs = nowMs + Math.max(isNotFound ? lagMs : 0, backoffMs(watch.failures, random));
      if (isNotFound ? watch.notFound < maxNotFound : answer.retryable) return;
    } else {
      watch.failures = 0;
      watch.notFound = 0;
      if (answer.status !== watch.status) watch.changedAtMs = nowMs;
      watch.status = answer.status;
      watch.dueAtMs = nowMs + dueIn(watch);
    }
    try {
      if (watch.onLook(answer)) watch.done();
    } catch (error) {
      // What goes wrong with one job ends the watch of no other.
      watch.failed(asError(error));
    }
  };

  const look = async () => {
    const due = dueWatches([...watches], clock.monotonicMs(), reader.jobsPerRequest());
    const startedMs = clock.monotonicMs();
    const idle = new AbortController();
    stopIdleReads = () => {
      if (due.every((watch) => !watches.has(watch))) idle.abort();
    };
    const uuids = [...new Set(due.map(({ jobUuid }) => jobUuid))];
    const answers = await reader.read(uuids, AbortSignal.any([signal, idle.signal]));
    if (idle.signal.aborted) return;
    const tookMs = clock.monotonicMs() - startedMs;
    const errors = [...answers.values()].filter((answer) => answer instanceof ServiceError);
    sparedMs = nextSparedMs(
      sparedMs,
      tookMs,
      errors.some(({ status }) => status === 429),
    );
    notBeforeMs = clock.monotonicMs() + Math.max(sparedMs, maxRetryAfterMs(errors));
    tellHealth(errors, answers.size);
    for (const watch of due) {
      const answer = answers.get(watch.jobUuid);
      if (answer !== undefined && watches.has(watch)) take(watch, answer);
    }
  };

  const run = async () => {
    isRunning = true;
    try {
      while (watches.size > 0 && !signal.aborted) {
        const nextMs = Math.min(...[...watches].map(({ dueAtMs }) => dueAtMs));
        const pauseMs = Math.max(nextMs, notBeforeMs) - clock.monotonicMs();
        if (pauseMs > 0) {
          await clock.sleep(pauseMs, AbortSignal.any([signal, wake.signal]));
          if (wake.signal.aborted) wake = new AbortController();
        } else await look();
      }
    } catch (error) {
      for (const watch of watches) watch.failed(asError(error));
    }
    isRunning = false;
  };

  return {
    watch: async (jobUuid, onLook, until, isKnown = true) =>
      new Promise<void>((resolve, reject) => {
        const nowMs = clock.monotonicMs();
        const ended = AbortSignal.any([until, signal]);
        const leave = () => {
          watches.delete(watch);
          stopIdleReads?.();
          // A pause that nobody needs any more would keep the process from ending.
          if (watches.size === 0) wake.abort();
          ended.removeEventListener('abort', done);
        };
        const done = () => {
          leave();
          resolve();
        };
        const failed = (error: Error) => {
          leave();
          reject(error);
        };
        const calls = { onLook, done, failed };
        const base = { jobUuid, ...calls, status: null, changedAtMs: nowMs, failures: 0 };
        const watch: Watch = { ...base, notFound: 0, dueAtMs: nowMs };
        if (isKnown) watch.dueAtMs += dueIn(watch);
        if (ended.aborted) {
          resolve();
          return;
        }
        ended.addEventListener('abort', done);
        watches.add(watch);
        if (isRunning) wake.abort();
        else void run();
      }),
  };
}

// Those whose time has come; others come along where a list request has room for them.
function dueWatches(
  watches: readonly Watch[],
  nowMs: number,
  jobsPerRequest: number,
): readonly Watch[] {
  const soonest = watches.toSorted((a, b) => a.dueAtMs - b.dueAtMs);
  const due = soonest.filter(({ dueAtMs }) => dueAtMs <= nowMs).length;
  return soonest.slice(0, Math.ceil(due / jobsPerRequest) * jobsPerRequest);
}

/** Tells once when every look fails, and once when all is well again. */
function createHealth({ onUnavailable, onAvailable }: PollerOptions) {
  let isAvailable = true;
  return (errors: readonly ServiceError[], asked: number): void => {
    const [first, ...rest] = errors.filter(({ retryable }) => retryable);
    if (first === undefined) {
      if (!isAvailable) onAvailable();
      isAvailable = true;
    } else if (isAvailable && rest.length + 1 === asked) {
      isAvailable = false;
      onUnavailable(first);
    }
  };
}

function maxRetryAfterMs(errors: readonly ServiceError[]): number {
  return Math.min(maxPauseMs, Math.max(0, ...errors.map(({ retryAfterMs = 0 }) => retryAfterMs)));
}
