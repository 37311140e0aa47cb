import type { Clock } from '../clock.ts';
import type { CookPlan } from '../cooking/plan.ts';
import { hashOfRecipe, type CookRequest } from '../cooking/request.ts';
import type { ServiceError } from '../errors.ts';
import { addressOf, hostName, type NodeUrl } from '../jobs/node-urls.ts';
import type {
  EarlierTry,
  OfferSummary,
  Origin,
  StatusChange,
  SubmittedJob,
} from '../jobs/records.ts';
import { finalResultOf, formatStatus } from '../jobs/status.ts';
import type { Ceilings } from '../money/ceilings.ts';
import type { Runner } from '../runner.ts';
import type { Job } from '../service/schemas.ts';
import { version } from '../version.ts';
import {
  describeOffers,
  describeTry,
  formatDuration,
  formatEstimate,
  formatModel,
} from './format.ts';
import { sanitizeLine } from './sanitize.ts';
import { createWarnings } from './warnings.ts';

/** What a step prints and warns of while it runs: one method is one message. */
export type Log = ReturnType<typeof createLog>;

/** Prints a safe text after the time since the start and, of several jobs, the job's number. */
export type Print = (text: string, index?: number) => void;

/** From so many jobs on, the log counts them instead of printing the changes of each. */
export const minManyJobs = 21;

export function createLog(runner: Runner, clock: Clock, jobCount: number) {
  const startMs = clock.monotonicMs();
  const print: Print = (text, index) => {
    const job = index === undefined ? '' : formatRef(index, jobCount);
    runner.print(`${formatClock(clock.monotonicMs() - startMs)}  ${job}${text}`);
  };
  return {
    print,
    ...createJobMessages(print, jobCount),
    ...createStepMessages(runner, print, jobCount),
    ...createWarnings(runner),
  };
}

/** `#3  ` before a line about one of several jobs. */
export function formatRef(index: number, jobCount: number): string {
  return jobCount === 1 ? '' : `${`#${index + 1}`.padEnd(String(jobCount).length + 1)}  `;
}

/** `00:05`, `1:00:05` */
function formatClock(ms: number): string {
  const hours = Math.floor(ms / 3_600_000);
  const time = new Date(ms).toISOString().slice('yyyy-mm-ddThh:'.length, -'.000Z'.length);
  return hours === 0 ? time : `${hours}:${time}`;
}

/** `running    on RTX 4090`: the texts after these words line up. */
function describe(word: string, text: string): string {
  return `${word.padEnd(9)}  ${text}`.trimEnd();
}

const origins: Readonly<Record<Origin, readonly [word: string, note: string]>> = {
  cooked: ['created', ''],
  found: ['found', ', after a lost response'],
  attached: ['attached', ', from an earlier attempt'],
  given: ['watching', ''],
};

function createJobMessages(print: Print, jobCount: number) {
  const canceled = new Set<string>();
  return {
    submitted: ({ origin, job, ref }: SubmittedJob) => {
      const [word, note] = origins[origin];
      const recipeUuid = ref.recipeUuid ?? job.source_recipe_uuid;
      const recipe = recipeUuid === null ? '' : `, recipe ${sanitizeLine(recipeUuid, 40)}`;
      const status = job.status === 'PENDING' ? '' : `, ${formatStatus(job.status)}`;
      const details = `(job ${job.uuid}${recipe}${note}${sanitizeLine(status, 60)})`;
      const text = `${sanitizeLine(job.title ?? '', 200)} ${details}`;
      print(describe(word, text.trimStart()), ref.index);
    },
    statusChanged: ({ ref }: SubmittedJob, { status }: StatusChange, job: Job) => {
      if (jobCount >= minManyJobs && finalResultOf(status) !== 'failed') return;
      const machine = status === 'RUNNING' && job.gpu_name ? `on ${job.gpu_name}` : '';
      // The reason of our own cancel was printed with it.
      const reason = canceled.has(job.uuid) ? '' : (job.status_reason ?? '');
      const text = [machine, reason].filter((part) => part !== '').join(': ');
      print(describe(sanitizeLine(formatStatus(status), 60), sanitizeLine(text)), ref.index);
    },
    canceling: (jobUuid: string, reason: string, index?: number) => {
      canceled.add(jobUuid);
      print(describe('canceling', `${sanitizeLine(reason)} (job ${jobUuid})`), index);
    },
    preferring: (first: CookRequest, chosen: CookRequest, offers: OfferSummary | null) => {
      const why = `no suitable offer for ${formatModel(first.gpuName)}`;
      print(`${why}; asking for ${formatOffered(chosen, offers)}`, first.index);
    },
    /** A job ended without a start, and the next model is cooked. */
    tryingNext: (done: EarlierTry, next: CookRequest, offers: OfferSummary | null) =>
      print(`${describeTry(done)}; trying ${formatOffered(next, offers)}`, next.index),
    noAddressYet: ({ ref }: SubmittedJob) =>
      print('waiting for the address: some machines report it minutes after the start', ref.index),
    notReady: ({ ref }: SubmittedJob, check: string, answer: string) =>
      print(describe('not ready', `${check}: ${sanitizeLine(answer, 200)}`), ref.index),
    gpuReady: ({ ref }: SubmittedJob) => {
      const gpu = hostName(ref.index);
      const use = `the next steps can use the machine: ${gpu} push, shell: ${gpu} {0}, ${gpu} pull`;
      print(describe('ready', use), ref.index);
      const advice =
        'You pay for the machine until the job ends, even if this runner is lost. To cancel such jobs, run the check action on a schedule.';
      print(describe('', advice), ref.index);
    },
    reachable: ({ ref }: SubmittedJob, urls: readonly NodeUrl[]) => {
      for (const url of urls) {
        const address = `${url.description ?? 'port'}: ${addressOf(url)}`;
        print(describe('address', address), ref.index);
      }
    },
  };
}

/** `RTX 4090 (2 offers match: 0.69 USD an hour)` */
function formatOffered({ gpuName }: CookRequest, offers: OfferSummary | null): string {
  return `${formatModel(gpuName)}${offers === null ? '' : ` (${describeOffers(offers)})`}`;
}

function createStepMessages(runner: Runner, print: Print, jobCount: number) {
  let isDelayed = false;
  return {
    /** @param timeoutMs null where the step does not wait @param atTimeout words after `then` */
    opening: ({ host }: URL, timeoutMs: number | null, atTimeout: string) => {
      const jobs = jobCount === 1 ? '1 job' : `${jobCount} jobs`;
      const wait =
        timeoutMs === null
          ? 'not waiting for jobs (wait: false)'
          : `timeout ${formatDuration(timeoutMs)}, then ${atTimeout}`;
      runner.print(`Dispersed Cook ${version} on ${host}: ${jobs}, ${wait}`);
    },
    /** Each recipe as it was read, in the form that pins it. */
    recipes: (plans: readonly CookPlan[]) => {
      for (const recipe of new Set(plans.map((plan) => plan.recipe))) {
        const hash = recipe === null ? null : hashOfRecipe(recipe);
        if (hash !== null) runner.print(`Recipe ${recipe?.uuid}@${hash}`);
      }
    },
    estimate: (offers: readonly (OfferSummary | null)[], ceilings: Ceilings) => {
      const estimate = formatEstimate(offers, ceilings);
      if (estimate !== '') runner.print(estimate);
    },
    cookUnanswered: ({ recipeUuid, mark, index }: CookRequest, error: ServiceError) => {
      const text = `No clear response to the cook request for recipe ${recipeUuid} (${causeOf(error)})`;
      print(`${text}. Looking for a job with the mark ${mark}`, index);
    },
    /** Printed once for all jobs. */
    cookDelayed: (error: ServiceError) => {
      if (!isDelayed)
        print(`The service did not accept the cook request yet (${causeOf(error)}). Retrying`);
      isDelayed = true;
    },
    serviceUnavailable: (error: ServiceError) =>
      print(`The service is unavailable (${causeOf(error)}). Retrying`),
    serviceAvailable: () => print('The service is available again'),
  };
}

function causeOf(error: ServiceError): string {
  return sanitizeLine(error.message, 200);
}
