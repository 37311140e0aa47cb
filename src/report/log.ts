import type { Job } from '../service/schemas.ts';
import { formatReadyCheck, type ReadyCheck } from '../inputs/ready-check.ts';
import type { ServiceError } from '../errors.ts';
import { describeNodeUrl, type NodeUrl } from '../jobs/node-urls.ts';
import type { Offers } from '../money/offers.ts';
import type { CookRequest } from '../cooking/request.ts';
import type {
  EarlierTry,
  OfferSummary,
  Origin,
  StatusChange,
  SubmittedJob,
} from '../jobs/records.ts';
import { finalResultOf } from '../jobs/status.ts';
import type { Runner } from '../runner.ts';
import { version } from '../version.ts';
import { describeOffers, formatDuration } from './format.ts';
import { minManyJobs } from './progress.ts';
import { sanitizeLine } from './sanitize.ts';
import { describeTry, formatOffers, modelOf } from './tries.ts';
import { createWarnings, type Warnings } from './warnings.ts';

/** How a step begins. */
export interface Opening {
  readonly apiUrl: URL;
  /** null where nothing is waited for. */
  readonly timeoutMs: number | null;
  /** What happens at the timeout, after `then`. */
  readonly atTimeout: string;
}

/** What is said while the step runs, beside warnings: one method is one message. */
interface Messages {
  /** How the step begins: what it does, where, and for how long. */
  readonly opening: (opening: Opening) => void;
  readonly submitted: (submitted: SubmittedJob) => void;
  readonly statusChanged: (submitted: SubmittedJob, change: StatusChange, job: Job) => void;
  /** It is unknown whether the service created a job. */
  readonly cookUnanswered: (request: CookRequest, error: ServiceError) => void;
  /** A cook is sent again after a pause. Said once for all jobs. */
  readonly cookDelayed: (error: ServiceError) => void;
  readonly serviceUnavailable: (error: ServiceError) => void;
  readonly serviceAvailable: () => void;
  /** The first model of an entry is not on offer, and another one is. */
  readonly preferring: (first: CookRequest, chosen: CookRequest, offers: Offers | null) => void;
  /** A try has ended without a start, and the next model is cooked. */
  readonly tryingNext: (
    tried: CookRequest,
    done: EarlierTry,
    next: CookRequest,
    offers: Offers | null,
  ) => void;
  readonly cancelling: (jobUuid: string, reason: string) => void;
  /** The job runs, and its node has not said yet where it can be reached. */
  readonly noAddressYet: (submitted: SubmittedJob) => void;
  /** The server does not answer as it should, or answers otherwise than before. */
  readonly notReady: (submitted: SubmittedJob, check: ReadyCheck, answer: string) => void;
  readonly reachable: (submitted: SubmittedJob, urls: readonly NodeUrl[]) => void;
  readonly offers: (offers: OfferSummary) => void;
}

/** All that is said while the step runs. */
export type Console = Messages & Warnings;

/**
 * `#3 `, where the step has several jobs: before a line about one of them. The line that says that
 * it was cooked tells which it is.
 */
export function jobPrefix({ ref }: Pick<SubmittedJob, 'ref'>, jobCount: number): string {
  if (jobCount === 1) return '';
  return `${`#${ref.index + 1}`.padEnd(String(jobCount).length + 1)} `;
}

/** Of our own lines: one of a container's log has another mark. */
export function ownPrefix({ ref }: Pick<SubmittedJob, 'ref'>, jobCount: number): string {
  const prefix = jobPrefix({ ref }, jobCount);
  return prefix === '' ? '' : `${prefix}│ `;
}

const openings: Readonly<Record<Origin, string>> = {
  cooked: 'Cooked',
  found: 'Found',
  attached: 'Took over',
  given: 'Watching',
};
const notes: Readonly<Record<Origin, string>> = {
  cooked: '',
  found: ' (after a lost response)',
  attached: ' (from an earlier attempt)',
  given: '',
};

/** @param jobCount how many jobs the step has: with several, each line says which one it is about */
export function createConsole(runner: Runner, jobCount: number): Console {
  return { ...createMessages(runner, jobCount), ...createWarnings(runner) };
}

function createMessages(runner: Runner, jobCount: number): Messages {
  let isDelayed = false;
  return {
    opening: ({ apiUrl, timeoutMs, atTimeout }) => {
      const jobs = jobCount === 1 ? '1 job' : `${jobCount} jobs, #1 to #${jobCount} in their order`;
      runner.print(`dispersed-cook ${version} on ${apiUrl.origin}: ${jobs}`);
      const wait =
        timeoutMs === null
          ? 'Nothing is waited for'
          : `The timeout is ${formatDuration(timeoutMs)}: then ${atTimeout}`;
      runner.print(wait);
    },
    submitted: (submitted) => {
      const { origin, job, ref } = submitted;
      const recipeUuid = ref.recipeUuid ?? job.source_recipe_uuid;
      const recipe = recipeUuid === null ? '' : ` from recipe ${sanitizeLine(recipeUuid, 40)}`;
      const title = job.title ? ` “${sanitizeLine(job.title, 200)}”` : '';
      const status = sanitizeLine(job.status, 60);
      const details = `${recipe}${title}${notes[origin]}: ${status}`;
      const prefix = ownPrefix(submitted, jobCount);
      runner.print(`${prefix}${openings[origin]} job ${job.uuid}${details}`);
    },
    statusChanged: (submitted, { status, atMs }, job) => {
      // Of many jobs the progress is told, and what is not as it should be.
      if (jobCount >= minManyJobs && finalResultOf(status) !== 'failed') return;
      const elapsed = formatDuration(atMs - submitted.submittedAtMs).padStart(7);
      const reason = job.status_reason ? `: ${sanitizeLine(job.status_reason)}` : '';
      const prefix = ownPrefix(submitted, jobCount);
      runner.print(`${elapsed}  ${prefix}${sanitizeLine(status, 60)}${reason}`);
    },
    cookUnanswered: ({ recipeUuid, mark }, error) => {
      const cause = sanitizeLine(error.message, 200);
      runner.print(
        `No clear response to the cook of recipe ${recipeUuid} (${cause}). Looking for a job with the mark ${mark}`,
      );
    },
    cookDelayed: (error) => {
      if (isDelayed) return;
      isDelayed = true;
      runner.print(`The cook has to wait (${sanitizeLine(error.message, 200)}). Trying again`);
    },
    serviceUnavailable: (error) => {
      runner.print(`The service is unavailable (${sanitizeLine(error.message, 200)}). Retrying`);
    },
    serviceAvailable: () => {
      runner.print('The service is available again');
    },
    preferring: (first, chosen, offers) => {
      const why = `${modelOf(first.gpuName)}: no offers; cooking ${modelOf(chosen.gpuName)}`;
      runner.print(`${ownPrefix({ ref: first }, jobCount)}${why}${formatOffers(offers)}`);
    },
    tryingNext: (tried, done, next, offers) => {
      const line = `${describeTry(done)}; trying ${modelOf(next.gpuName)}${formatOffers(offers)}`;
      runner.print(`${ownPrefix({ ref: tried }, jobCount)}${line}`);
    },
    offers: (offers) => {
      runner.print(describeOffers(offers));
    },
    cancelling: (jobUuid, reason) => {
      runner.print(`Cancelling job ${jobUuid}: ${sanitizeLine(reason)}`);
    },
    noAddressYet: (submitted) => {
      runner.print(
        `  ${ownPrefix(submitted, jobCount)}Waiting for the address, which some nodes report minutes after the start, until the timeout`,
      );
    },
    notReady: (submitted, check, answer) => {
      const target = formatReadyCheck(check);
      runner.print(
        `  ${ownPrefix(submitted, jobCount)}Not ready: ${target}: ${sanitizeLine(answer, 200)}. Asking again until the timeout`,
      );
    },
    reachable: (submitted, urls) => {
      for (const url of urls) {
        runner.print(`  ${ownPrefix(submitted, jobCount)}${describeNodeUrl(url)}`);
      }
    },
  };
}
