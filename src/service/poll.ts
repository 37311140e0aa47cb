import type { Client } from './client.ts';
import { createBatches } from './batch.ts';
import { createJobReader, type Answer } from './read-jobs.ts';
import { backoffMs, lagMs, maxPauseMs } from './retry.ts';
import type { Random } from '../clock.ts';
import { ServiceError } from '../errors.ts';

// Looks at jobs again and again, all of a step together. Times are on the monotonic clock, in ms.

/** In ms, or `auto`: by the time since the last change. */
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

/** How a job stands that is watched. */
export interface Watch {
  readonly status: string | null;
  readonly changedAtMs: number;
  readonly dueAtMs: number;
  /** Answers since the last one that was a job that were 404. */
  readonly notFound: number;
  /** From when on a second 404 is believed: what was just made may not show everywhere. */
  readonly goneFromMs: number;
}

export interface Pace {
  readonly interval: PollInterval;
  /** Where the looks of a step lie in time: fleets of workflows do not look in step. */
  readonly phaseMs: number;
  /** The longest pause. */
  readonly maxMs: number;
}

const maxNotFound = 2;
const newMs = 30_000;

/**
 * How a job stands after an answer, and whether that is reported: a transient error is not, and a 404
 * only when two answers were 404, of a new job the second half a minute after the cook.
 */
export function nextWatch(
  watch: Watch,
  answer: Answer,
  nowMs: number,
  pace: Pace,
): { readonly watch: Watch; readonly isReported: boolean } {
  if (!(answer instanceof ServiceError)) {
    const { status } = answer;
    const changedAtMs = status === watch.status ? watch.changedAtMs : nowMs;
    const dueAtMs = nextDueMs(nowMs - changedAtMs, nowMs, pace);
    return { watch: { ...watch, status, changedAtMs, dueAtMs, notFound: 0 }, isReported: true };
  }
  const isNotFound = answer.status === 404;
  const notFound = watch.notFound + (isNotFound ? 1 : 0);
  const soonMs = nextDueMs(nowMs - watch.changedAtMs, nowMs, {
    ...pace,
    maxMs: Math.min(pace.maxMs, maxAutoMs),
  });
  const dueAtMs = isNotFound ? Math.max(soonMs, nowMs + lagMs) : soonMs;
  const isGone = notFound >= maxNotFound && nowMs >= watch.goneFromMs;
  const isReported = isNotFound ? isGone : !answer.retryable;
  return { watch: { ...watch, notFound, dueAtMs }, isReported };
}

/** When to look next: at moments that are common to all jobs of a step, so that they are read together. */
function nextDueMs(unchangedMs: number, nowMs: number, { interval, phaseMs, maxMs }: Pace): number {
  const pauseMs = pollIntervalMs(interval, unchangedMs);
  // Not right after a look that came a little early.
  const afterMs = nowMs + phaseMs + pauseMs / 10;
  const commonMs = Math.ceil(afterMs / pauseMs) * pauseMs - phaseMs;
  return Math.min(commonMs, nowMs + maxMs);
}

/**
 * How long the service is left alone after a look: as long as it asks for, and longer each time while
 * it answers 429, or nothing at all that is of use.
 * @param failures such looks in a row, before this one
 */
export function nextPause(
  failures: number,
  answers: readonly Answer[],
  random: Random,
): { readonly failures: number; readonly pauseMs: number } {
  const errors = answers.filter((answer) => answer instanceof ServiceError);
  const retryAfterMs = Math.max(0, ...errors.map((error) => error.retryAfterMs ?? 0));
  const hasFailed = isDown(answers) || errors.some(({ status }) => status === 429);
  if (!hasFailed) return { failures: 0, pauseMs: Math.min(maxPauseMs, retryAfterMs) };
  return { failures: failures + 1, pauseMs: backoffMs(failures + 1, random, retryAfterMs) };
}

function isDown(answers: readonly Answer[]): boolean {
  return answers.every((answer) => answer instanceof ServiceError && answer.retryable);
}

/** Told of each look at a job; gives whether the job need not be watched any longer. */
export type OnAnswer = (answer: Answer) => boolean;

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

export type Poller = ReturnType<typeof createPoller>;

/** Creates a poller. */
export function createPoller(options: PollerOptions) {
  const { client, interval, maxIntervalMs = () => Infinity, signal } = options;
  const { clock, random } = client;
  const read = createPacedReader(options);
  const phaseMs = random() * maxAutoMs;

  return {
    /**
     * Looks at a job again and again, until `onAnswer` says so, or the signal fires.
     * @param isKnown whether it was seen just now; otherwise the first look is at once
     * @param isNew whether it was cooked just now
     * @throws what `onAnswer` throws
     */
    watch: async (
      jobUuid: string,
      onAnswer: OnAnswer,
      until: AbortSignal,
      { isKnown = true, isNew = false } = {},
    ): Promise<void> => {
      const ended = AbortSignal.any([until, signal]);
      const beganAtMs = clock.monotonicMs();
      const pace = () => ({ interval, phaseMs, maxMs: maxIntervalMs(jobUuid) });
      const firstMs = isKnown ? nextDueMs(0, beganAtMs, pace()) : beganAtMs;
      const goneFromMs = isNew ? beganAtMs + newMs : beganAtMs;
      const since = { changedAtMs: beganAtMs, dueAtMs: firstMs, goneFromMs };
      let watch: Watch = { ...since, status: null, notFound: 0 };
      while (!ended.aborted) {
        const answer = await read(jobUuid, watch.dueAtMs, ended);
        if (answer === null) return;
        const next = nextWatch(watch, answer, clock.monotonicMs(), pace());
        watch = next.watch;
        if (next.isReported && onAnswer(answer)) return;
      }
    },
  };
}

/** Reads jobs together, and leaves the service alone when it is in trouble. */
function createPacedReader({ client, onUnavailable, onAvailable }: PollerOptions) {
  const { clock, random } = client;
  const readJobs = createJobReader(client);
  let [failures, notBeforeMs, isAvailable] = [0, 0, true];

  const take = (answers: readonly Answer[]) => {
    const next = nextPause(failures, answers, random);
    failures = next.failures;
    notBeforeMs = clock.monotonicMs() + next.pauseMs;
    const [first] = answers;
    const wasAvailable = isAvailable;
    isAvailable = !isDown(answers);
    if (wasAvailable && !isAvailable && first instanceof ServiceError) onUnavailable(first);
    if (!wasAvailable && isAvailable) onAvailable();
  };
  const read = async (uuids: readonly string[], signal: AbortSignal) => {
    const answers = await readJobs(uuids, signal);
    if (!signal.aborted) take([...answers.values()]);
    return answers;
  };
  return createBatches(clock, () => notBeforeMs, read);
}
