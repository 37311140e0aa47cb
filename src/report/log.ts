import type { Job } from '../dispersed/schemas.ts';
import type { ServiceError } from '../errors.ts';
import type { Sighting, Ticket } from '../records.ts';
import type { Runner } from '../runner.ts';
import { consoleUrl } from './advice.ts';
import { formatDuration } from './durations.ts';
import { titleOf } from './facts.ts';
import { safeLine } from './safe.ts';

/** The lines of the step's log. Nothing is printed because nothing changed. */
export interface Log {
  readonly cooked: (ticket: Ticket) => void;
  readonly changed: (ticket: Ticket, sighting: Sighting, job: Job) => void;
  readonly away: (error: ServiceError) => void;
  readonly back: () => void;
  readonly stopping: (ticket: Ticket, why: string) => void;
  readonly stillAlive: (job: Job) => void;
  readonly notStopped: (job: Job, error: unknown) => void;
}

/** @param jobCount how many jobs are cooked: with several, each line says whose it is */
export function createLog(runner: Runner, jobCount: number): Log {
  const whose = ({ order, job }: Ticket) =>
    jobCount === 1
      ? ''
      : `[${order.index + 1}/${jobCount} ${safeLine(titleOf({ order, job }), 40)}] `;
  return {
    cooked: (ticket) => {
      const { job, order } = ticket;
      const title = safeLine(job.title ?? '', 200);
      const quoted = title && ` “${title}”`;
      runner.print(
        `Cooked job ${job.uuid} from recipe ${order.recipeUuid}${quoted}: ${safeLine(job.status, 60)}`,
      );
    },
    changed: (ticket, { status, atMs }, job) => {
      const elapsed = formatDuration(atMs - ticket.submittedAtMs).padStart(7);
      const reason = job.status_reason ? `: ${safeLine(job.status_reason)}` : '';
      runner.print(`${elapsed}  ${whose(ticket)}${safeLine(status, 60)}${reason}`);
    },
    away: (error) => {
      runner.print(`The service does not answer (${safeLine(error.message, 200)}); still trying`);
    },
    back: () => {
      runner.print('The service answers again');
    },
    stopping: (ticket, why) => {
      runner.print(`Cancelling job ${ticket.job.uuid}: ${why}`);
    },
    stillAlive: ({ uuid, status }) => {
      const message = `Job ${uuid} was cancelled, and is still ${safeLine(status, 60)}. Make sure that it stops: ${consoleUrl}`;
      runner.annotate('warning', 'A cancelled job has not ended yet', message);
    },
    notStopped: ({ uuid }, error) => {
      const cause = safeLine(error instanceof Error ? error.message : String(error));
      const message = `Job ${uuid} may still run, and be billed: ${cause}. Cancel it by hand: ${consoleUrl}`;
      runner.annotate('warning', 'A job could not be cancelled', message);
    },
  };
}
