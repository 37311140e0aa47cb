import type { Prices } from '../money/offers.ts';
import type { CookRequest } from '../cooking/request.ts';
import type { SubmittedJob } from '../jobs/records.ts';
import { formatStatus } from '../jobs/status.ts';
import type { Job } from '../service/schemas.ts';
import type { Runner } from '../runner.ts';
import { checkConsole, consoleUrl } from './errors.ts';
import { describeTrouble, formatDuration, withStop } from './format.ts';
import { sanitizeLine } from './sanitize.ts';

type Warn = (title: string, message: string, key?: string, level?: 'notice' | 'warning') => void;

/** The trouble beside the verdict: one method is one annotation. */
export function createWarnings(runner: Runner) {
  const shown = new Set<string>();
  // At most one for all that have the same title and key.
  const warn: Warn = (title, message, key = '', level = 'warning') => {
    if (shown.has(`${title} ${key}`)) return;
    shown.add(`${title} ${key}`);
    runner.annotate(level, title, message);
  };
  return {
    ...createFailureWarnings(warn, (error) => describeTrouble(runner, error)),
    ...createJobWarnings(warn),
  };
}

function createFailureWarnings(warn: Warn, causeOf: (error: unknown) => string) {
  return {
    notEnded: (jobUuid: string, status: string) => {
      const message = `The action asked the service to cancel job ${jobUuid}, but the status of the job is still ${formatStatus(status)}. Check in the console that it ${status === 'FAILED' ? 'is not restarted' : 'ends'}: ${consoleUrl}`;
      warn('A canceled job has not ended yet', message, jobUuid);
    },
    /** A cook without a response has created a job after all. */
    foundLater: ({ uuid, status }: Job, isKept: boolean) => {
      const fate = isKept
        ? 'The action keeps it, as set in the inputs.'
        : 'The action cancels it if it is still running, because it is no longer needed.';
      const message = `Job ${uuid} is ${sanitizeLine(formatStatus(status), 60)}. ${fate}`;
      warn('A job was found after a lost response', message, uuid);
    },
    cancelFailed: (jobUuid: string, error: unknown) => {
      const message = `Job ${jobUuid} may still be running, and billed: ${causeOf(error)} Cancel it in the console: ${consoleUrl}`;
      warn('A job could not be canceled', message, jobUuid);
    },
    lookupFailed: (mark: string, error: unknown) => {
      const message = `The response to a cook request was lost, and the action could not look for the job: ${causeOf(error)} Search for ${mark} in the job descriptions, and cancel the job if you find it: ${consoleUrl}`;
      warn('A job that the action could not find may be running', message, mark);
    },
    cleanupFailed: (error: unknown) => {
      const message = `Jobs of this step were not checked or canceled: ${causeOf(error)} ${checkConsole}`;
      warn('The cleanup failed', message);
    },
    logIncomplete: (whoseLog: string, error: unknown) => {
      const message = `The log of ${whoseLog} could not be read or saved completely: ${causeOf(error)} This does not change whether the step passes, but results in this log may be missing.`;
      warn('A log is incomplete', message);
    },
  };
}

function createJobWarnings(warn: Warn) {
  return {
    clockOff: (offsetMs: number) => {
      const direction = offsetMs > 0 ? 'behind' : 'ahead of';
      const message = `It is ${formatDuration(Math.abs(offsetMs))} ${direction} the service's clock. The service rejects requests that are more than 5 minutes off, so the action uses the service's time. Correct the clock of the runner.`;
      warn('The clock of the runner is wrong', message);
    },
    ambiguous: ({ recipeUuid }: CookRequest) => {
      const message = `Several jobs of earlier attempts may belong to this entry of recipe ${recipeUuid}, so the action cooks the entry again. ${checkConsole}`;
      warn('No earlier job was taken over', message, recipeUuid);
    },
    markMissing: ({ uuid }: Job) => {
      const message = `The description of job ${uuid} no longer ends with the mark of this action. If the response to a cook request is lost, the action cannot find the job. Use a shorter description.`;
      warn('The service changed a description', message);
    },
    recipeHidden: ({ recipeUuid }: CookRequest) => {
      const message = `The service does not show the container parameters of recipe ${recipeUuid}, so the action sends only those in the inputs. If the job does not have its image or other parameters, add them to the input parameters.`;
      warn('The container of a recipe cannot be read', message);
    },
    /** The step no longer waits for the address of a job that is running. */
    noAddress: ({ job: { uuid } }: SubmittedJob) => {
      const message = `Job ${uuid} is running, but its machine has not reported an address. Some machines report no address if ports does not contain 22: if it does not, add it. Otherwise, run the workflow again.`;
      warn('A job has no address yet', message);
    },
    resultsIgnored: (jobUuid: string, reason: string) => {
      const message = `Job ${jobUuid} printed dispersed-output lines that cannot be used: ${sanitizeLine(reason)}.`;
      warn('Some results were ignored', message, jobUuid);
    },
    noOffers: (prices: Prices) => {
      const message = describeNoOffers(prices);
      warn('No offer matches', message, message);
    },
    offersUnknown: (error: Error, hasCeiling: boolean) => {
      const cause = withStop(sanitizeLine(error.message, 200));
      const later = hasCeiling ? ' The action checks the rates when the jobs run.' : '';
      const message = `Prices are unknown until the jobs run: ${cause}${later}`;
      warn('The offers could not be read', message, '', hasCeiling ? 'warning' : 'notice');
    },
    rateUnknown: (jobUuid: string) => {
      const message = `The service does not report what job ${jobUuid} costs an hour, so the action could not apply max-hourly-rate and max-cost to it. Check the rate in the console: ${consoleUrl}`;
      warn('The rate of a job is not known', message);
    },
  };
}

/** What a job asks for that no offer has, in a sentence or two. */
export function describeNoOffers({ requirements, nearestGpu }: Prices): string {
  const { filters, gpuName } = requirements;
  // The fields of the API have the names of the inputs, but for the sign between words.
  const named = Object.entries({ ...filters, ...(gpuName !== null && { gpu_name: gpuName }) });
  const wish = named.map(([name, value]) => `${name.replaceAll('_', '-')} ${value}`).join(', ');
  if (wish === '') return 'The job may wait for a long time: the service has no offers at all.';
  const nearest =
    nearestGpu === null ? '' : ` The most similar GPU that has a matching offer is ${nearestGpu}.`;
  return sanitizeLine(
    `The job may wait for a long time. It asks for ${wish}. To get a machine sooner, ask for less hardware or more regions.${nearest}`,
    1_000,
  );
}
