import type { Clock } from '../clock.ts';
import type { Outcome, StatusChange, SubmittedJob } from '../jobs/records.ts';
import { passes } from '../jobs/results.ts';
import { isFinal } from '../jobs/status.ts';
import type { Runner } from '../runner.ts';
import { formatDuration } from './format.ts';
import { sanitizeLine } from './sanitize.ts';

// The lines that say how far many jobs are, and that a quiet step is still waiting.

/** From so many jobs on, the log counts them instead of printing what each does. */
export const minManyJobs = 21;

interface ProgressOptions {
  readonly runner: Runner;
  readonly clock: Clock;
  readonly jobCount: number;
  readonly timeoutMs: number;
  /** What happens at the timeout. */
  readonly atTimeout: string;
  /** Fires when the step is over. */
  readonly signal: AbortSignal;
}

/** A job of the step; times on the monotonic clock, ms, null while they are to come. */
interface JobProgress {
  /** Empty where none is known yet. */
  readonly status: string;
  readonly sinceMs: number;
  readonly startedMs: number | null;
  readonly endedMs: number | null;
  readonly isBad: boolean;
}

// One line a minute at most for several jobs, and one in five minutes of silence.
const tickMs = 60_000;
const silenceMs = 300_000;

/** Prints how far the jobs are, as it is told of them, until the signal fires. */
export function startProgress(options: ProgressOptions) {
  const { clock, runner, jobCount, timeoutMs, atTimeout, signal } = options;
  const startMs = clock.monotonicMs();
  const waiting = { status: '', sinceMs: startMs, startedMs: null, endedMs: null, isBad: false };
  const jobs = Array.from({ length: jobCount }, (): JobProgress => waiting);
  let lastChangeMs = startMs;
  let lastLineMs = startMs;
  let lastCounts = '';

  const update = (index: number, change: Partial<JobProgress>) => {
    jobs[index] = { ...(jobs[index] ?? waiting), ...change };
    lastChangeMs = clock.monotonicMs();
    // Each change of a few jobs has a line of its own.
    if (jobCount < minManyJobs) lastLineMs = lastChangeMs;
  };
  const print = (text: string) => {
    lastLineMs = clock.monotonicMs();
    runner.print(`${formatDuration(lastLineMs - startMs).padStart(7)}  ${text}`);
  };
  const tick = () => {
    const nowMs = clock.monotonicMs();
    const counts = describeCounts(jobs);
    if (jobCount > 1 && counts !== lastCounts) {
      print(`${counts}${describeTimeLeft(jobs, nowMs)}`);
      lastCounts = counts;
    } else if (nowMs - lastLineMs >= silenceMs) {
      const left = formatDuration(Math.max(0, startMs + timeoutMs - nowMs));
      const [only] = jobs;
      const state =
        only !== undefined && jobCount === 1
          ? `still ${sanitizeLine(only.status || 'waiting for the service', 60)}, for ${formatDuration(nowMs - only.sinceMs)}`
          : `${counts}; nothing has changed for ${formatDuration(nowMs - lastChangeMs)}`;
      print(`${state}. The timeout is in ${left}: ${atTimeout}`);
    }
  };
  void repeat(clock, signal, tick);
  return {
    submitted: ({ ref, job: { status } }: SubmittedJob) => {
      const sinceMs = clock.monotonicMs();
      update(ref.index, { status, sinceMs, startedMs: status === 'RUNNING' ? sinceMs : null });
    },
    statusChanged: ({ ref }: SubmittedJob, { status }: StatusChange) => {
      const sinceMs = clock.monotonicMs();
      const started = status === 'RUNNING' ? { startedMs: sinceMs } : {};
      update(ref.index, { status, sinceMs, ...started, endedMs: isFinal(status) ? sinceMs : null });
    },
    ended: ({ ref, result }: Outcome) => {
      const endedMs = jobs[ref.index]?.endedMs ?? clock.monotonicMs();
      update(ref.index, { endedMs, isBad: !passes(result) });
    },
  };
}

async function repeat(clock: Clock, signal: AbortSignal, tick: () => void): Promise<void> {
  for (;;) {
    await clock.sleep(tickMs, signal);
    if (signal.aborted) return;
    tick();
  }
}

function isRunning({ status, endedMs }: JobProgress): boolean {
  return status === 'RUNNING' && endedMs === null;
}

/** `300 of 1000 done (2 did not succeed), 412 running, 288 waiting` */
function describeCounts(jobs: readonly JobProgress[]): string {
  const done = jobs.filter(({ endedMs }) => endedMs !== null).length;
  const bad = jobs.filter(({ isBad }) => isBad).length;
  const running = jobs.filter(isRunning).length;
  const unsuccessful = bad === 0 ? '' : ` (${bad} did not succeed)`;
  const waiting = jobs.length - done - running;
  return `${done} of ${jobs.length} done${unsuccessful}, ${running} running, ${waiting} waiting`;
}

// A single job that is out of the ordinary must not decide.
const minEnded = 3;

/** `; about 7m left`, where the jobs take as long as those that have ended; else empty. */
function describeTimeLeft(jobs: readonly JobProgress[], nowMs: number): string {
  const times = jobs.flatMap(({ startedMs, endedMs }) =>
    startedMs === null || endedMs === null ? [] : [endedMs - startedMs],
  );
  const running = jobs.filter(isRunning).length;
  if (times.length < minEnded || running === 0) return '';
  const meanMs = times.reduce((sum, ms) => sum + ms, 0) / times.length;
  const leftMs = jobs
    .filter(({ endedMs }) => endedMs === null)
    .map(({ startedMs }) => Math.max(0, meanMs - (startedMs === null ? 0 : nowMs - startedMs)));
  const minutes = Math.ceil(leftMs.reduce((sum, ms) => sum + ms, 0) / running / 60_000);
  return `; about ${minutes}m left`;
}
