import type { Clock } from '../clock.ts';
import type { Outcome, StatusChange, SubmittedJob } from '../jobs/records.ts';
import { passes } from '../jobs/results.ts';
import { formatStatus, isFinal } from '../jobs/status.ts';
import { formatDuration } from './format.ts';
import type { Print } from './log.ts';
import { sanitizeLine } from './sanitize.ts';

/** A job of the step; times on the monotonic clock, ms; null while not reached. */
type JobProgress = Readonly<{
  status: string;
  startedMs: number | null;
  endedMs: number | null;
  isBad: boolean;
}>;

const nothingYet: JobProgress = { status: '', startedMs: null, endedMs: null, isBad: false };

// One line a minute at most for several jobs, and one in five minutes of silence.
const tickMs = 60_000;
const silenceMs = 300_000;

/** Prints how far the jobs are until the signal fires. @param atTimeout the words after `then` */
export function startProgress(
  print: Print,
  clock: Clock,
  jobCount: number,
  { timeoutMs, atTimeout }: { readonly timeoutMs: number; readonly atTimeout: string },
  signal: AbortSignal,
) {
  const startMs = clock.monotonicMs();
  const jobs = Array.from({ length: jobCount }, () => nothingYet);
  let [lastChangeMs, lastLineMs] = [startMs, startMs];
  let lastCounts = '';

  const update = (index: number, change: Partial<JobProgress>) => {
    jobs[index] = { ...(jobs[index] ?? nothingYet), ...change };
    lastChangeMs = clock.monotonicMs();
    lastLineMs = lastChangeMs;
  };
  const setStatus = (index: number, status: string) => {
    const nowMs = clock.monotonicMs();
    const started = status === 'RUNNING' ? { startedMs: nowMs } : {};
    update(index, { status, ...started, endedMs: isFinal(status) ? nowMs : null });
  };
  const tick = () => {
    if (jobs.every(({ endedMs }) => endedMs !== null)) return;
    const nowMs = clock.monotonicMs();
    const counts = describeCounts(jobs);
    if (jobCount > 1 && counts !== lastCounts) {
      print(`${counts}${describeTimeLeft(jobs, nowMs)}`);
      lastCounts = counts;
    } else if (nowMs - lastLineMs >= silenceMs) {
      const status = formatStatus(jobs[0]?.status ?? '') || 'waiting for the service';
      const state = jobCount > 1 ? counts : `still ${sanitizeLine(status, 60)}`;
      const left = formatDuration(startMs + timeoutMs - nowMs);
      const quiet = formatDuration(nowMs - lastChangeMs);
      print(`${state}, no change for ${quiet}; timeout in ${left}, then ${atTimeout}`);
    } else return;
    lastLineMs = nowMs;
  };
  void repeat(clock, signal, tick);
  return {
    submitted: ({ ref, job }: SubmittedJob) => setStatus(ref.index, job.status),
    statusChanged: ({ ref }: SubmittedJob, { status }: StatusChange) =>
      setStatus(ref.index, status),
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
