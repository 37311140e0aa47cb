import type { Random } from '../clock.ts';
import { asError, ServiceError } from '../errors.ts';
import type { Client } from './client.ts';
import { createJobReader, type Answer } from './lists.ts';
import { backoffMs, lagMs, maxPauseMs } from './retry.ts';

/** In ms, or `auto`: by the time since the last change. Times here are on the monotonic clock. */
export type PollInterval = number | 'auto';

/** Longest pause of `auto`, in ms. */
export const maxAutoMs = 20_000;
const autoPausesMs = [maxAutoMs, 10_000, 4_000];
const minAutoMs = 2_000;
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
  return autoPausesMs.find((pauseMs) => pauseMs <= unchangedMs * autoShare) ?? minAutoMs;
}

export interface Watch {
  readonly status: string | null;
  readonly changedAtMs: number;
  readonly dueAtMs: number;
  /** Answers since the last one that was a job that were 404. */
  readonly notFound: number;
  /** From when on a second 404 is believed: what was just made may not show everywhere. */
  readonly goneFromMs: number;
}

const maxNotFound = 2;
const minOutageMs = 30_000;
const newMs = 30_000;

/**
 * How a job stands after an answer, and whether that is reported: a transient error is not, and a 404
 * only when two answers were 404, of a new job the second half a minute after the cook.
 */
export function nextWatch(watch: Watch, answer: Answer, nowMs: number, interval: PollInterval) {
  if (!(answer instanceof ServiceError)) {
    const { status } = answer;
    const changedAtMs = status === watch.status ? watch.changedAtMs : nowMs;
    const dueAtMs = nextDueMs(nowMs - changedAtMs, nowMs, interval);
    return { watch: { ...watch, status, changedAtMs, dueAtMs, notFound: 0 }, isReported: true };
  }
  const isNotFound = answer.status === 404;
  const notFound = watch.notFound + (isNotFound ? 1 : 0);
  const soonMs = Math.min(nextDueMs(nowMs - watch.changedAtMs, nowMs, interval), nowMs + maxAutoMs);
  const dueAtMs = isNotFound ? Math.max(soonMs, nowMs + lagMs) : soonMs;
  const isGone = notFound >= maxNotFound && nowMs >= watch.goneFromMs;
  const isReported = isNotFound ? isGone : !answer.retryable;
  return { watch: { ...watch, notFound, dueAtMs }, isReported };
}

// At moments that are common to all jobs of a step, so that they are read together.
function nextDueMs(unchangedMs: number, nowMs: number, interval: PollInterval): number {
  const pauseMs = pollIntervalMs(interval, unchangedMs);
  // Not right after a look that came a little early.
  return Math.ceil((nowMs + pauseMs / 10) / pauseMs) * pauseMs;
}

/**
 * How the service stands after a look, and how long it is left alone, in ms: as long as it asks for,
 * and longer each time while it answers 429, or nothing at all that is of use (`isDown`).
 * @param failures such looks in a row, before this one
 */
export function nextPause(failures: number, answers: readonly Answer[], random: Random) {
  const errors = answers.filter((answer) => answer instanceof ServiceError);
  const retryAfterMs = Math.max(0, ...errors.map((error) => error.retryAfterMs ?? 0));
  const isDown = errors.length === answers.length && errors.every(isOutage);
  if (!isDown && errors.every(({ status }) => status !== 429))
    return { failures: 0, pauseMs: Math.min(maxPauseMs, retryAfterMs), isDown };
  return { failures: failures + 1, pauseMs: backoffMs(failures + 1, random, retryAfterMs), isDown };
}

// A host that is given up on is not available again.
function isOutage({ retryable, isLasting, trouble }: ServiceError): boolean {
  return retryable || isLasting || trouble === 'not-api';
}

interface PollerOptions {
  readonly client: Client;
  readonly interval: PollInterval;
  /** Fires when nothing more may be read. */
  readonly signal: AbortSignal;
  /** Called once when the service stops answering as it should, and once when it answers again. */
  readonly onUnavailable: (error: ServiceError) => void;
  readonly onAvailable: () => void;
}

interface WatchedJob {
  readonly uuid: string;
  /** Called with each answer; gives whether the job need not be watched any longer. */
  readonly onAnswer: (answer: Answer) => boolean;
  readonly ended: AbortSignal;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
  watch: Watch;
}

export type Poller = ReturnType<typeof createPoller>;

/** Creates a poller: one loop looks at all jobs that are due, for as long as any is watched. */
export function createPoller(options: PollerOptions) {
  const { client, interval, signal } = options;
  const loop = createLoop(options);
  return {
    /** Why no job can be read, and for how long, in ms; null for less than half a minute. */
    unread: loop.unread,
    /**
     * Looks at a job again and again, until `onAnswer` says so, or the signal fires.
     * @param isKnown whether it was seen just now; otherwise the first look is at once
     * @param isNew whether it was cooked just now
     * @throws what `onAnswer` throws
     */
    watch: async (
      uuid: string,
      onAnswer: WatchedJob['onAnswer'],
      until: AbortSignal,
      { isKnown = true, isNew = false } = {},
    ): Promise<void> => {
      const ended = AbortSignal.any([until, signal]);
      if (ended.aborted) return;
      const nowMs = client.clock.monotonicMs();
      const dueAtMs = isKnown ? nextDueMs(0, nowMs, interval) : nowMs;
      const goneFromMs = isNew ? nowMs + newMs : nowMs;
      const watch = { status: null, changedAtMs: nowMs, dueAtMs, notFound: 0, goneFromMs };
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      ended.addEventListener('abort', () => resolve());
      const job = { uuid, onAnswer, ended, resolve, reject, watch };
      loop.add(job);
      await promise.finally(() => loop.remove(job));
    },
  };
}

// Without the request, which may be about another job.
const causeOf = ({ status, detail }: ServiceError) =>
  `${status ? `HTTP ${status}: ` : ''}${detail}`;

function createLoop({ client, interval, signal, onUnavailable, onAvailable }: PollerOptions) {
  const { clock, random } = client;
  const readJobs = createJobReader(client);
  const watched = new Set<WatchedJob>();
  let isRunning = false;
  let wake = new AbortController();
  let health = { failures: 0, pauseMs: 0, isDown: false };
  let notBeforeMs = 0;
  let outage: { readonly answer: string; readonly sinceMs: number } | null = null;

  const look = async (due: readonly WatchedJob[]) => {
    const uuids = new Set(due.map(({ uuid }) => uuid));
    const answers = await readJobs([...uuids], signal);
    // Once nothing is watched, the connection may be closed.
    if (signal.aborted || watched.size === 0) return;
    const wasDown = health.isDown;
    health = nextPause(health.failures, [...answers.values()], random);
    notBeforeMs = clock.monotonicMs() + health.pauseMs;
    const [first] = answers.values();
    if (!health.isDown) outage = null;
    if (!health.isDown && wasDown) onAvailable();
    if (health.isDown && !wasDown && first instanceof ServiceError) {
      outage = { answer: causeOf(first), sinceMs: clock.monotonicMs() };
      onUnavailable(first);
    }
    for (const job of due) takeAnswer(job, answers.get(job.uuid), clock.monotonicMs(), interval);
  };
  const run = async () => {
    isRunning = true;
    while (watched.size > 0) {
      const nowMs = clock.monotonicMs();
      const due = [...watched].filter(({ watch }) => watch.dueAtMs <= nowMs);
      const nextMs = Math.min(...[...watched].map(({ watch }) => watch.dueAtMs));
      const waitMs = Math.max(nextMs, notBeforeMs) - nowMs;
      wake = new AbortController();
      if (waitMs > 0) await clock.sleep(waitMs, wake.signal);
      else
        await look(due).catch((error: unknown) => {
          for (const { reject } of due) reject(asError(error));
        });
    }
    isRunning = false;
  };
  return {
    unread: () => {
      const forMs = clock.monotonicMs() - (outage?.sinceMs ?? Infinity);
      return outage !== null && forMs >= minOutageMs ? { ...outage, forMs } : null;
    },
    add: (job: WatchedJob) => {
      watched.add(job);
      wake.abort();
      if (!isRunning) void run();
    },
    remove: (job: WatchedJob) => {
      watched.delete(job);
      wake.abort();
    },
  };
}

function takeAnswer(
  job: WatchedJob,
  given: Answer | undefined,
  nowMs: number,
  every: PollInterval,
) {
  if (given === undefined) throw new Error(`job ${job.uuid} was not read`);
  if (job.ended.aborted) return;
  const next = nextWatch(job.watch, given, nowMs, every);
  job.watch = next.watch;
  try {
    if (next.isReported && job.onAnswer(given)) job.resolve();
  } catch (error) {
    job.reject(asError(error));
  }
}
