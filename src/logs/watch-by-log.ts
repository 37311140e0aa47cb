import type { Job } from '../api/schemas.ts';
import type { JobLog } from './job-log.ts';
import type { Reader } from '../jobs/poll.ts';
import type { Clock } from '../clock.ts';

// A large log takes its time; the status does not wait for it.
const mostPatienceMs = 3_000;
// Should a run's status lag behind its job's, this is how often it can do so.
const mostLooksByLog = 6;

export interface WatchByLogParts {
  readonly clock: Clock;
  readonly end: { readonly signal: AbortSignal };
  readonly read: Reader;
  /** UUIDs of the jobs whose logs are read while they run. */
  readonly streaming: Set<string>;
}

export interface WatchByLog {
  /** Reads the job; its last state serves on where its runs say that it runs. */
  readonly read: () => Promise<Job>;
  /** Ends a look at the log that is under way. */
  readonly stop: () => Promise<void>;
}

/**
 * Reads a job by way of its log, as long as that tells that it runs.
 * @param jobLog null where it is not read while the job runs
 */
export function watchByLog(first: Job, jobLog: JobLog | null, parts: WatchByLogParts): WatchByLog {
  const { clock, streaming, end } = parts;
  const stopped = new AbortController();
  const signal = AbortSignal.any([end.signal, stopped.signal]);
  let job = first;
  let looks = 0;
  let looking: Promise<boolean> | undefined;

  const lookInTime = async () => {
    if (jobLog === null || job.status !== 'RUNNING') return false;
    streaming.add(job.uuid);
    looking ??= jobLog.look(signal).finally(() => {
      looking = undefined;
    });
    return inTime(looking, mostPatienceMs, clock, signal);
  };
  return {
    read: async () => {
      looks += 1;
      if ((await lookInTime()) && looks <= mostLooksByLog) return job;
      looks = 0;
      job = await parts.read(job.uuid);
      return job;
    },
    stop: async () => {
      stopped.abort();
      streaming.delete(job.uuid);
      await looking;
    },
  };
}

/** Whether something comes true soon. */
async function inTime(
  promise: Promise<boolean>,
  maxMs: number,
  clock: Clock,
  signal: AbortSignal,
): Promise<boolean> {
  const done = new AbortController();
  const tooLate = clock.sleep(maxMs, AbortSignal.any([signal, done.signal])).then(() => false);
  const answer = await Promise.race([promise, tooLate]);
  done.abort();
  return answer;
}
