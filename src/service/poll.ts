import type { Random } from '../clock.ts';
import { ServiceError } from '../errors.ts';
import type { Client } from './client.ts';
import { createJobReader, type Answer } from './lists.ts';
import { backoffMs, lagMs, maxPauseMs } from './retry.ts';

// Times are on the monotonic clock, in ms.

/** In ms, or `auto`: by the time since the last change. */
export type PollInterval = number | 'auto';

/** Longest pause of `auto`, in ms. */
export const maxAutoMs = 20_000;
const autoPausesMs = [maxAutoMs, 10_000, 4_000];
const minAutoMs = 2_000;
// A change is noticed after at most a fifteenth of the time that nothing changed.
const autoShare = 1 / 15;

/**
 * How long to wait before the next look at a job, in ms. With `auto`, a job of 30 s is noticed after
 * 1 s on average, and one of 6 hours costs some 1,100 looks.
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

const maxNotFound = 2;
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

export type Poller = ReturnType<typeof createPoller>;

/** Creates a poller, which reads all jobs that are due at the same moment together. */
export function createPoller(options: PollerOptions) {
  const { interval, signal } = options;
  const { clock } = options.client;
  const service = createSharedReader(options);
  return {
    /**
     * Looks at a job again and again, until `onAnswer` says so, or the signal fires.
     * @param isKnown whether it was seen just now; otherwise the first look is at once
     * @param isNew whether it was cooked just now
     * @throws what `onAnswer` throws
     */
    watch: async (
      uuid: string,
      onAnswer: (answer: Answer) => boolean,
      until: AbortSignal,
      { isKnown = true, isNew = false } = {},
    ): Promise<void> => {
      const ended = AbortSignal.any([until, signal]);
      const nowMs = clock.monotonicMs();
      const dueAtMs = isKnown ? nextDueMs(0, nowMs, interval) : nowMs;
      const goneFromMs = isNew ? nowMs + newMs : nowMs;
      let watch: Watch = { status: null, changedAtMs: nowMs, dueAtMs, notFound: 0, goneFromMs };
      while (!ended.aborted) {
        const waitMs = Math.max(watch.dueAtMs, service.notBeforeMs()) - clock.monotonicMs();
        if (waitMs > 0) {
          await clock.sleep(waitMs, ended);
          continue;
        }
        const answer = await readUntil(ended, service.read(uuid));
        if (ended.aborted) return;
        if (answer === undefined) throw new Error(`job ${uuid} was not read`);
        const next = nextWatch(watch, answer, clock.monotonicMs(), interval);
        watch = next.watch;
        if (next.isReported && onAnswer(answer)) return;
      }
    },
  };
}

/** What is read; undefined where the signal fires before. Nothing of it is kept after that. */
async function readUntil<T>(ended: AbortSignal, reading: Promise<T>): Promise<T | undefined> {
  const done = new AbortController();
  const leaving = new Promise<undefined>((resolve) => {
    ended.addEventListener('abort', () => resolve(undefined), { signal: done.signal });
  });
  return Promise.race([reading, leaving]).finally(() => done.abort());
}

function createSharedReader({ client, signal, onUnavailable, onAvailable }: PollerOptions) {
  const { clock, random } = client;
  const readJobs = createJobReader(client);
  const due = new Set<string>();
  let look: Promise<ReadonlyMap<string, Answer>> | null = null;
  let health = { failures: 0, pauseMs: 0, isDown: false };
  let [notBeforeMs, failedAtMs] = [0, -Infinity];

  const readDue = async () => {
    // Until all that are due now have joined.
    await clock.sleep(0, signal);
    const uuids = [...due];
    due.clear();
    look = null;
    const beganAtMs = clock.monotonicMs();
    const answers = await readJobs(uuids, signal);
    const next = nextPause(health.failures, [...answers.values()], random);
    const nowMs = clock.monotonicMs();
    // Looks overlap: one that began before the last failure does not end the pause after it.
    if (signal.aborted || (next.failures === 0 && beganAtMs < failedAtMs)) return answers;
    if (next.failures > 0) failedAtMs = nowMs;
    const wasDown = health.isDown;
    health = next;
    notBeforeMs = Math.max(notBeforeMs, nowMs + health.pauseMs);
    const [first] = answers.values();
    if (health.isDown && !wasDown && first instanceof ServiceError) onUnavailable(first);
    if (!health.isDown && wasDown) onAvailable();
    return answers;
  };
  return {
    read: async (uuid: string) => {
      due.add(uuid);
      look ??= readDue();
      return (await look).get(uuid);
    },
    notBeforeMs: () => notBeforeMs,
  };
}
