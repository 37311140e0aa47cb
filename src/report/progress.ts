import type { Clock } from '../clock.ts';
import type { Job } from '../service/schemas.ts';
import { estimateLeftMs } from './estimate.ts';
import type { Outcome, StatusChange, SubmittedJob } from '../jobs/records.ts';
import { results, type Result } from '../jobs/results.ts';
import { isFinal } from '../jobs/status.ts';
import type { Runner } from '../runner.ts';
import { formatDuration } from './format.ts';
import { sanitizeLine } from './sanitize.ts';

// What is said while nothing is, and of many jobs at once.

/** Jobs from here on are counted: the log of each would be too much for a page. */
export const minManyJobs = 21;

export interface ProgressOptions {
  readonly runner: Runner;
  readonly clock: Clock;
  readonly jobCount: number;
  readonly timeoutMs: number;
  /** What happens at the timeout, after `then`. */
  readonly atTimeout: string;
  /** Fires when the step is over. */
  readonly signal: AbortSignal;
}

/** Told of what happens to the jobs; says from time to time how far they are. */
export interface Progress {
  readonly submitted: (job: SubmittedJob) => void;
  readonly statusChanged: (job: SubmittedJob, change: StatusChange, seen: Job) => void;
  readonly ended: (outcome: Outcome) => void;
}

// One line a minute at most of several jobs, and one in five of silence.
const tickMs = 60_000;
const silenceMs = 300_000;

interface Seen {
  readonly kind: string;
  readonly status: string;
  readonly sinceMs: number;
  readonly startedMs: number | null;
  readonly endedMs: number | null;
  readonly result: Result | null;
}

/** Starts to watch the clock, until the signal fires. */
export function startProgress(options: ProgressOptions): Progress {
  const { clock, runner, jobCount, signal } = options;
  const startMs = clock.monotonicMs();
  const jobs = new Map<number, Seen>();
  let lastChangeMs = startMs;
  let lastLineMs = startMs;
  let lastCounts = '';

  const say = (text: string) => {
    lastLineMs = clock.monotonicMs();
    runner.print(`${formatDuration(lastLineMs - startMs).padStart(7)}  ${text}`);
  };
  const change = (index: number, seen: Seen) => {
    jobs.set(index, seen);
    lastChangeMs = clock.monotonicMs();
    // Of a single job, or a few, each change has its own line.
    if (jobCount < minManyJobs) lastLineMs = lastChangeMs;
  };
  const tick = () => {
    const nowMs = clock.monotonicMs();
    const all = [...jobs.values()];
    const counts = describeCounts(all, jobCount);
    const isNew = jobCount > 1 && counts !== lastCounts;
    if (isNew) say(`${counts}${describeLeft(all, jobCount, nowMs)}`);
    else if (nowMs - lastLineMs >= silenceMs)
      say(describeSilence(all, { ...options, nowMs, startMs, lastChangeMs }));
    if (isNew) lastCounts = counts;
  };
  void repeat(clock, signal, tick);
  return {
    submitted: ({ ref, job }) => {
      const kind = `${ref.recipeUuid ?? job.source_recipe_uuid} ${job.gpu_name}`;
      const nowMs = clock.monotonicMs();
      const startedMs = job.status === 'RUNNING' ? nowMs : null;
      const none = { endedMs: null, result: null };
      change(ref.index, { kind, status: job.status, sinceMs: nowMs, startedMs, ...none });
    },
    statusChanged: ({ ref }, { status }) => {
      const before = jobs.get(ref.index);
      if (before === undefined) return;
      const nowMs = clock.monotonicMs();
      const startedMs = status === 'RUNNING' ? nowMs : before.startedMs;
      const endedMs = isFinal(status) ? nowMs : null;
      change(ref.index, { ...before, status, sinceMs: nowMs, startedMs, endedMs });
    },
    ended: ({ ref, result }) => {
      const before = jobs.get(ref.index) ?? unknown;
      const endedMs = before.endedMs ?? clock.monotonicMs();
      change(ref.index, { ...before, endedMs, result });
    },
  };
}

const unknown: Seen = {
  kind: '',
  status: '',
  sinceMs: 0,
  startedMs: null,
  endedMs: null,
  result: null,
};

async function repeat(clock: Clock, signal: AbortSignal, tick: () => void): Promise<void> {
  for (;;) {
    await clock.sleep(tickMs, signal);
    if (signal.aborted) return;
    tick();
  }
}

/** `300 of 1000 done (2 did not succeed), 412 running, 288 waiting` */
function describeCounts(jobs: readonly Seen[], jobCount: number): string {
  const done = jobs.filter(({ endedMs, result }) => endedMs !== null || result !== null);
  const bad = done.filter(({ result }) => result !== null && !results[result].passes).length;
  const running = jobs.filter(
    ({ status, endedMs, result }) => status === 'RUNNING' && endedMs === null && result === null,
  ).length;
  const unsuccessful = bad === 0 ? '' : ` (${bad} did not succeed)`;
  const waiting = jobCount - done.length - running;
  return `${done.length} of ${jobCount} done${unsuccessful}, ${running} running, ${waiting} waiting`;
}

function describeLeft(jobs: readonly Seen[], jobCount: number, nowMs: number): string {
  // What is not cooked yet is like the rest, where all the rest is alike.
  const kinds = [...new Set(jobs.map(({ kind }) => kind))];
  const [kind = ''] = kinds;
  const missing = Array.from({ length: jobCount - jobs.length }, () => ({ ...unknown, kind }));
  if (missing.length > 0 && kinds.length > 1) return '';
  const leftMs = estimateLeftMs([...jobs, ...missing], nowMs);
  return leftMs === null ? '' : `; about ${roughly(leftMs)} left`;
}

// No more exact than an estimate is.
function roughly(ms: number): string {
  const minutes = Math.ceil(ms / 60_000);
  if (minutes < 60) return `${minutes}m`;
  const tens = Math.round(minutes / 10) * 10;
  return tens % 60 === 0 ? `${tens / 60}h` : `${Math.floor(tens / 60)}h ${tens % 60}m`;
}

interface Silence extends ProgressOptions {
  readonly nowMs: number;
  readonly startMs: number;
  readonly lastChangeMs: number;
}

function describeSilence(jobs: readonly Seen[], silence: Silence): string {
  const { nowMs, startMs, lastChangeMs, timeoutMs, atTimeout, jobCount } = silence;
  const [only] = jobs;
  const what =
    jobCount === 1
      ? `still ${sanitizeLine(only?.status || 'waiting for the service', 60)}, for ${formatDuration(nowMs - (only?.sinceMs ?? startMs))}`
      : `${describeCounts(jobs, jobCount)}; nothing has changed for ${formatDuration(nowMs - lastChangeMs)}`;
  const left = formatDuration(Math.max(0, startMs + timeoutMs - nowMs));
  return `${what}. The timeout is in ${left}: then ${atTimeout}`;
}
