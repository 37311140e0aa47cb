import type { Job } from '../service/schemas.ts';
import type { ServiceError } from '../errors.ts';
import { describeNodeUrl, type NodeUrl } from '../jobs/node-urls.ts';
import type { CookPlan } from '../cooking/plan.ts';
import { hashOfRecipe, type CookRequest } from '../cooking/request.ts';
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
import { describeOffers, formatDuration, formatOffers } from './format.ts';
import { minManyJobs } from './progress.ts';
import { sanitizeLine } from './sanitize.ts';
import { describeTry, formatModel } from './remedies.ts';
import { createWarnings } from './warnings.ts';

/** All that a step prints and warns of while it runs: one method is one message. */
export type Log = ReturnType<typeof createLog>;

/** @param jobCount how many jobs the step has: with several, each line says which one it is about */
export function createLog(runner: Runner, jobCount: number) {
  return {
    ...createJobMessages(runner, jobCount),
    ...createStepMessages(runner, jobCount),
    ...createWarnings(runner),
  };
}

/** `#3 ` before a line about one of several jobs. The line that says that it was cooked names it. */
export function jobPrefix({ ref }: Pick<SubmittedJob, 'ref'>, jobCount: number): string {
  if (jobCount === 1) return '';
  return `${`#${ref.index + 1}`.padEnd(String(jobCount).length + 1)} `;
}

/** Of our own lines: one of a container's log has another mark. */
export function ownPrefix({ ref }: Pick<SubmittedJob, 'ref'>, jobCount: number): string {
  const prefix = jobPrefix({ ref }, jobCount);
  return prefix === '' ? '' : `${prefix}│ `;
}

const origins: Readonly<Record<Origin, { readonly verb: string; readonly note: string }>> = {
  cooked: { verb: 'Cooked', note: '' },
  found: { verb: 'Found', note: ' (after a lost response)' },
  attached: { verb: 'Took over', note: ' (from an earlier attempt)' },
  given: { verb: 'Watching', note: '' },
};

function createJobMessages(runner: Runner, jobCount: number) {
  const print = (about: Pick<SubmittedJob, 'ref'>, text: string, indent = '') => {
    runner.print(`${indent}${ownPrefix(about, jobCount)}${text}`);
  };
  return {
    submitted: (submitted: SubmittedJob) => {
      const { origin, job, ref } = submitted;
      const recipeUuid = ref.recipeUuid ?? job.source_recipe_uuid;
      const recipe = recipeUuid === null ? '' : ` from recipe ${sanitizeLine(recipeUuid, 40)}`;
      const title = job.title ? ` “${sanitizeLine(job.title, 200)}”` : '';
      const { verb, note } = origins[origin];
      const status = sanitizeLine(job.status, 60);
      print(submitted, `${verb} job ${job.uuid}${recipe}${title}${note}: ${status}`);
    },
    statusChanged: (submitted: SubmittedJob, { status, atMs }: StatusChange, job: Job) => {
      // Of many jobs only failures are printed, beside the progress.
      if (jobCount >= minManyJobs && finalResultOf(status) !== 'failed') return;
      const elapsed = formatDuration(atMs - submitted.submittedAtMs).padStart(7);
      const reason = job.status_reason ? `: ${sanitizeLine(job.status_reason)}` : '';
      print(submitted, `${sanitizeLine(status, 60)}${reason}`, `${elapsed}  `);
    },
    /** The first model of an entry is not on offer, and another one is. */
    preferring: (first: CookRequest, chosen: CookRequest, offers: OfferSummary | null) => {
      const why = `${formatModel(first.gpuName)}: no offers; cooking ${formatModel(chosen.gpuName)}`;
      print({ ref: first }, `${why}${formatOffers(offers)}`);
    },
    /** A try has ended without a start, and the next model is cooked. */
    tryingNext: (
      tried: CookRequest,
      done: EarlierTry,
      next: CookRequest,
      offers: OfferSummary | null,
    ) => {
      const trying = `trying ${formatModel(next.gpuName)}${formatOffers(offers)}`;
      print({ ref: tried }, `${describeTry(done)}; ${trying}`);
    },
    /** The job runs, and its node has not reported yet where it can be reached. */
    noAddressYet: (submitted: SubmittedJob) => {
      const text =
        'Waiting for the address, which some nodes report minutes after the start, until the timeout';
      print(submitted, text, '  ');
    },
    /** The server does not answer as it should, or answers otherwise than before. */
    notReady: (submitted: SubmittedJob, check: string, answer: string) => {
      const what = `${check}: ${sanitizeLine(answer, 200)}`;
      print(submitted, `Not ready: ${what}. Asking again until the timeout`, '  ');
    },
    /** Later steps can run on the machine. */
    gpuReady: (submitted: SubmittedJob) => {
      for (const line of describeGpu(submitted.ref.index)) print(submitted, line, '  ');
    },
    reachable: (submitted: SubmittedJob, urls: readonly NodeUrl[]) => {
      for (const url of urls) print(submitted, describeNodeUrl(url), '  ');
    },
  };
}

function describeGpu(index: number): readonly string[] {
  const gpu = index === 0 ? 'gpu' : `gpu-${index + 1}`;
  return [
    `The steps after this one can use the machine: ${gpu} push, shell: ${gpu} {0}, ${gpu} pull`,
    'It is billed until the job is cancelled, also if this runner is lost: run the check action on a schedule, too',
  ];
}

function createStepMessages(runner: Runner, jobCount: number) {
  let isDelayed = false;
  return {
    /** The recipes as they were read, each in the form that pins it. */
    recipes: (plans: readonly CookPlan[]) => {
      for (const recipe of new Set(plans.map((plan) => plan.recipe))) {
        const hash = recipe === null ? null : hashOfRecipe(recipe);
        if (hash !== null) runner.print(`Recipe ${recipe?.uuid}@${hash}`);
      }
    },
    /**
     * What the step does, where, and for how long.
     * @param timeoutMs null where nothing is waited for
     * @param atTimeout what happens at the timeout, after `then`
     */
    opening: (apiUrl: URL, timeoutMs: number | null, atTimeout: string) => {
      const jobs = jobCount === 1 ? '1 job' : `${jobCount} jobs, #1 to #${jobCount} in their order`;
      runner.print(`dispersed-cook ${version} on ${apiUrl.origin}: ${jobs}`);
      runner.print(
        timeoutMs === null
          ? 'Not waiting for jobs (wait: false)'
          : `The timeout is ${formatDuration(timeoutMs)}: ${atTimeout}`,
      );
    },
    /** It is unknown whether the service created a job. */
    cookUnanswered: ({ recipeUuid, mark }: CookRequest, error: ServiceError) => {
      const text = `No clear response to the cook of recipe ${recipeUuid} (${causeOf(error)})`;
      runner.print(`${text}. Looking for a job with the mark ${mark}`);
    },
    /** A cook is sent again after a pause. Printed once for all jobs. */
    cookDelayed: (error: ServiceError) => {
      if (!isDelayed) runner.print(`The cook has to wait (${causeOf(error)}). Trying again`);
      isDelayed = true;
    },
    serviceUnavailable: (error: ServiceError) => {
      runner.print(`The service is unavailable (${causeOf(error)}). Retrying`);
    },
    serviceAvailable: () => {
      runner.print('The service is available again');
    },
    offers: (offers: OfferSummary) => {
      runner.print(describeOffers(offers));
    },
    cancelling: (jobUuid: string, reason: string) => {
      runner.print(`Cancelling job ${jobUuid}: ${sanitizeLine(reason)}`);
    },
  };
}

function causeOf(error: ServiceError): string {
  return sanitizeLine(error.message, 200);
}
