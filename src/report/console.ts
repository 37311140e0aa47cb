import type { Job } from '../api/schemas.ts';
import { asError, type ServiceError } from '../errors.ts';
import type { CookRequest, Origin, StatusChange, SubmittedJob } from '../jobs/records.ts';
import type { Runner } from '../runtime.ts';
import { consoleUrl } from './error-messages.ts';
import { formatDuration } from './format.ts';
import { titleOf } from '../jobs/metrics.ts';
import { describeNodeUrl, type NodeUrl } from '../jobs/node-urls.ts';
import { sanitizeLine } from './sanitize.ts';

/** What is said while the step runs. Nothing is printed because nothing changed. */
export interface Log {
  readonly began: (ticket: SubmittedJob) => void;
  readonly changed: (ticket: SubmittedJob, sighting: StatusChange, job: Job) => void;
  readonly inDoubt: (order: CookRequest, error: ServiceError) => void;
  readonly away: (error: ServiceError) => void;
  readonly back: () => void;
  readonly clockOff: (offsetMs: number) => void;
  readonly stopping: (jobUuid: string, why: string) => void;
  readonly stillAlive: (job: Job) => void;
  readonly notStopped: (jobUuid: string, error: unknown) => void;
  readonly notLookedFor: (cookKey: string, error: unknown) => void;
  readonly notCleanedUp: (error: unknown) => void;
  /** Told once, whatever else is wrong with logs. */
  readonly logsLost: (whoseLog: string, error: unknown) => void;
  /** Told once. */
  readonly badResults: (jobUuid: string, why: string) => void;
  readonly reachable: (ticket: SubmittedJob, urls: readonly NodeUrl[]) => void;
}

/** `[1/3 Render] `, where the step has several jobs. */
export function whose({ subject, job }: SubmittedJob, jobCount: number): string {
  if (jobCount === 1) return '';
  return `[${subject.index + 1}/${jobCount} ${sanitizeLine(titleOf(subject, job), 40)}] `;
}

function beginning(origin: Origin, jobUuid: string): string {
  switch (origin) {
    case 'cooked':
      return `Cooked job ${jobUuid}`;
    case 'found':
      return `Found job ${jobUuid} after all,`;
    case 'attached':
      return `Took over job ${jobUuid} of an earlier attempt,`;
    case 'given':
      return `Watching job ${jobUuid}`;
  }
}

/** @param jobCount how many jobs the step has: with several, each line says whose it is */
export function createLog(runner: Runner, jobCount: number): Log {
  const warn = (title: string, message: string) => {
    runner.annotate('warning', title, message);
  };
  const told = new Set<string>();
  const warnOnce = (title: string, message: string) => {
    if (!told.has(title)) warn(title, message);
    told.add(title);
  };
  return {
    began: ({ origin, job, subject }) => {
      const recipeUuid = subject.recipeUuid ?? job.source_recipe_uuid;
      const recipe = recipeUuid === null ? '' : ` from recipe ${sanitizeLine(recipeUuid, 40)}`;
      const title = job.title ? ` “${sanitizeLine(job.title, 200)}”` : '';
      const status = sanitizeLine(job.status, 60);
      runner.print(`${beginning(origin, job.uuid)}${recipe}${title}: ${status}`);
    },
    changed: (ticket, { status, atMs }, job) => {
      const elapsed = formatDuration(atMs - ticket.submittedAtMs).padStart(7);
      const reason = job.status_reason ? `: ${sanitizeLine(job.status_reason)}` : '';
      runner.print(`${elapsed}  ${whose(ticket, jobCount)}${sanitizeLine(status, 60)}${reason}`);
    },
    inDoubt: ({ recipeUuid, cookKey }, error) => {
      const cause = sanitizeLine(error.message, 200);
      runner.print(
        `No clear answer to the cook of recipe ${recipeUuid} (${cause}); looking for the job by its key ${cookKey}`,
      );
    },
    away: (error) => {
      runner.print(
        `The service does not answer as it should (${sanitizeLine(error.message, 200)}); still trying`,
      );
    },
    back: () => {
      runner.print('The service answers again');
    },
    clockOff: (offsetMs) => {
      const off = formatDuration(Math.abs(offsetMs));
      const way = offsetMs > 0 ? 'behind' : 'ahead of';
      warn(
        'The clock of this runner is wrong',
        `It is ${off} ${way} the service's, which refuses what is signed more than 5 minutes off. Requests are signed by the service's clock for now; set the runner's.`,
      );
    },
    stopping: (jobUuid, why) => {
      runner.print(`Cancelling job ${jobUuid}: ${why}`);
    },
    stillAlive: ({ uuid, status }) => {
      warn(
        'A cancelled job has not ended yet',
        `Job ${uuid} was cancelled, and is still ${sanitizeLine(status, 60)}. Make sure that it ends: ${consoleUrl}`,
      );
    },
    notStopped: (jobUuid, error) => {
      warn(
        'A job could not be cancelled',
        `Job ${jobUuid} may still run, and be billed: ${sanitizeLine(asError(error).message)}. Cancel it by hand: ${consoleUrl}`,
      );
    },
    notLookedFor: (cookKey, error) => {
      warn(
        'A job may run that nobody knows of',
        `It could not be looked for: ${sanitizeLine(asError(error).message)}. Look for ${cookKey} in the descriptions at ${consoleUrl}`,
      );
    },
    notCleanedUp: (error) => {
      warn(
        'The jobs of this step could not be looked after',
        `${sanitizeLine(asError(error).message)}. Look for jobs that still run: ${consoleUrl}`,
      );
    },
    logsLost: (whoseLog, error) => {
      const cause = sanitizeLine(asError(error).message) || 'there was no time for it';
      warnOnce(
        'A log is not complete',
        `The log of ${whoseLog} could not be read and kept to its end: ${cause}. The result does not depend on it.`,
      );
    },
    badResults: (jobUuid, why) => {
      warnOnce(
        'Not all results were taken',
        `Job ${jobUuid} printed a line dispersed-output: that is of no use: ${why}.`,
      );
    },
    reachable: (ticket, urls) => {
      for (const url of urls) runner.print(`  ${whose(ticket, jobCount)}${describeNodeUrl(url)}`);
    },
  };
}
