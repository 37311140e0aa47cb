import type { Job } from '../api/schemas.ts';
import { InterruptedError, ServiceError } from '../errors.ts';
import type { Clock } from '../pace.ts';
import type { StopReason, EndOfWatch, StatusChange, SubmittedJob, Watched } from './records.ts';
import { isFinal } from './status.ts';

export interface WatchParts {
  readonly clock: Clock;
  /** Reads the job, through blips of the service; rejects with InterruptedError once watching has ended. */
  readonly read: () => Promise<Job>;
  /** Resolves when it is time for the next look, or once watching has ended. */
  readonly nextLook: () => Promise<void>;
  /** Why watching has ended for all jobs; undefined while it has not. */
  readonly ended: () => EndOfWatch | undefined;
  /** Whether a job that runs has done what was asked. */
  readonly enoughToRun: (job: Job) => boolean;
  /** Told of each change of status. */
  readonly onStatusChange: (ticket: SubmittedJob, sighting: StatusChange, job: Job) => void;
}

/** Watches one job to its end, or to the end of watching. */
export async function watch(ticket: SubmittedJob, parts: WatchParts): Promise<Watched> {
  let { job } = ticket;
  const timeline: StatusChange[] = [{ status: job.status, atMs: parts.clock.now() }];
  let looksAtFailed = 0;
  for (;;) {
    looksAtFailed = job.status === 'FAILED' ? looksAtFailed + 1 : 0;
    const ending = endingOf(job, looksAtFailed, parts);
    if (ending !== undefined) return { ending, job, timeline, error: null };
    try {
      job = await look(job, parts);
    } catch (error) {
      if (error instanceof ServiceError) return { ending: 'lost', job, timeline, error };
      throw error;
    }
    if (timeline.at(-1)?.status === job.status) continue;
    const sighting = { status: job.status, atMs: parts.clock.now() };
    timeline.push(sighting);
    parts.onStatusChange(ticket, sighting, job);
  }
}

function endingOf(job: Job, looksAtFailed: number, parts: WatchParts): StopReason | undefined {
  if (isFinal(job.status) && !mayBeRetried(job, looksAtFailed)) return 'final';
  if (job.status === 'RUNNING' && parts.enoughToRun(job)) return 'running';
  const ended = parts.ended();
  return ended !== undefined && isFinal(job.status) ? 'final' : ended;
}

// Whether FAILED shows between two runs of a job is documented nowhere: it needs a second look.
function mayBeRetried(job: Job, looksAtFailed: number): boolean {
  return job.status === 'FAILED' && (job.max_retry_count ?? 0) > 0 && looksAtFailed < 2;
}

async function look(job: Job, { read, nextLook, ended }: WatchParts): Promise<Job> {
  await nextLook();
  if (ended() !== undefined) return job;
  try {
    return await read();
  } catch (error) {
    if (error instanceof InterruptedError) return job;
    throw error;
  }
}
