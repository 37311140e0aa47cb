import { InterruptedError } from '../errors.ts';
import type { Job } from '../dispersed/schemas.ts';
import type { Ending, Sighting, Ticket, Watched } from '../records.ts';
import { isFinal } from '../verdict.ts';
import type { Clock } from '../pace.ts';

export interface WatchParts {
  readonly clock: Clock;
  /** Reads a job, through blips of the service; rejects with InterruptedError once watching has ended. */
  readonly read: (jobUuid: string) => Promise<Job>;
  /** Resolves when it is time for the next look, or once watching has ended. */
  readonly nextLook: () => Promise<void>;
  /** Why watching has ended for all jobs; undefined while it has not. */
  readonly ended: () => Ending | undefined;
  /** Whether a job that runs has done what was asked. */
  readonly enoughToRun: (job: Job) => boolean;
  /** Told of each change of status. */
  readonly onSighting: (ticket: Ticket, sighting: Sighting, job: Job) => void;
}

/**
 * Watches one job from its cook to its end, or to the end of watching.
 * @throws ServiceError when the service will not tell
 */
export async function watch(ticket: Ticket, parts: WatchParts): Promise<Watched> {
  let job = ticket.job;
  const timeline: Sighting[] = [{ status: job.status, atMs: parts.clock.now() }];
  for (;;) {
    const { status } = job;
    if (timeline.at(-1)?.status !== status) {
      const sighting = { status, atMs: parts.clock.now() };
      timeline.push(sighting);
      parts.onSighting(ticket, sighting, job);
    }
    const ending = endingOf(job, parts);
    if (ending !== undefined) return { ending, job, timeline };
    job = await look(job, parts);
  }
}

function endingOf(job: Job, { enoughToRun, ended }: WatchParts): Ending | undefined {
  if (isFinal(job.status)) return 'final';
  if (job.status === 'RUNNING' && enoughToRun(job)) return 'running';
  return ended();
}

async function look(job: Job, { read, nextLook, ended }: WatchParts): Promise<Job> {
  await nextLook();
  if (ended() !== undefined) return job;
  try {
    return await read(job.uuid);
  } catch (error) {
    if (error instanceof InterruptedError) return job;
    throw error;
  }
}
