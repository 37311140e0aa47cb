import { asError } from '../errors.ts';
import type { Prices } from '../cooking/plan.ts';
import type { CookRequest } from '../cooking/request.ts';
import type { SubmittedJob } from '../jobs/records.ts';
import type { Job } from '../service/schemas.ts';
import type { Runner } from '../runner.ts';
import { consoleUrl } from './errors.ts';
import { formatDuration, withStop } from './format.ts';
import { sanitizeLine } from './sanitize.ts';

/** Annotates, at most once for all that have the same key; without one, each time. */
type Warn = (title: string, message: string, key?: string) => void;

/** The trouble beside the verdict: one method is one annotation. */
export function createWarnings(runner: Runner) {
  const shown = new Set<string>();
  const once =
    (level: 'warning' | 'notice'): Warn =>
    (title, message, key) => {
      if (key !== undefined && shown.has(key)) return;
      if (key !== undefined) shown.add(key);
      runner.annotate(level, title, message);
    };
  // An error of Node or a library may quote anything.
  const causeOf = (error: unknown) =>
    withStop(
      sanitizeLine(runner.redactor.redact(asError(error).message)) || 'there was no time left',
    );
  const warn = once('warning');
  return {
    ...createCancelWarnings(warn, causeOf),
    ...createCookWarnings(warn),
    ...createPriceWarnings(warn, once('notice')),
    ...createLogWarnings(warn, causeOf),
  };
}

function createCancelWarnings(warn: Warn, causeOf: (error: unknown) => string) {
  return {
    /** The job was cancelled, and has not ended yet. */
    notEnded: (jobUuid: string, status: string | null) => {
      const seen = status === null ? 'could not be read' : `is still ${sanitizeLine(status, 60)}`;
      warn(
        'A cancelled job has not ended yet',
        `The service accepted the cancel of job ${jobUuid}, but its status ${seen}. Check that it ends: ${consoleUrl}`,
      );
    },
    /** A job that a cook without a response has created, found later. */
    foundLater: ({ uuid, status }: Job, isKept: boolean) => {
      const consequence = isKept
        ? 'It is left running, as the inputs ask.'
        : 'It is not needed any more.';
      warn(
        'A job was found whose cook had no response',
        `Job ${uuid} is ${sanitizeLine(status, 60)}. ${consequence}`,
      );
    },
    cancelFailed: (jobUuid: string, error: unknown) => {
      warn(
        'A job could not be cancelled',
        `Job ${jobUuid} may still be running, and billed: ${causeOf(error)} Cancel it in the console: ${consoleUrl}`,
      );
    },
    /** Shown once for each mark. */
    lookupFailed: (mark: string, error: unknown) => {
      warn(
        'A job may be running unnoticed',
        `The response to a cook was lost, and looking for the job failed: ${causeOf(error)} Search for ${mark} in the job descriptions: ${consoleUrl}`,
        mark,
      );
    },
    cleanupFailed: (error: unknown) => {
      warn(
        'The cleanup failed',
        `Jobs of this step were not checked or cancelled: ${causeOf(error)} Look for jobs that are still running: ${consoleUrl}`,
      );
    },
  };
}

// What has its title as its key is shown once for all jobs.
function createCookWarnings(warn: Warn) {
  return {
    clockOff: (offsetMs: number) => {
      const title = 'The clock of the runner is wrong';
      const direction = offsetMs > 0 ? 'behind' : 'ahead of';
      const message = `It is ${formatDuration(Math.abs(offsetMs))} ${direction} the service's clock. The service rejects requests that are more than 5 minutes off, so requests use the service's time for now. Correct the clock of the runner.`;
      warn(title, message, title);
    },
    /** Several jobs of earlier attempts may be meant: none is taken over. */
    ambiguous: ({ recipeUuid }: CookRequest) => {
      warn(
        'No earlier job was taken over',
        `Several jobs of earlier attempts may belong to this entry of recipe ${recipeUuid}, so it is cooked again. Look for jobs that are still running: ${consoleUrl}`,
      );
    },
    /** The service did not keep the end of the description. */
    markMissing: ({ uuid }: Job) => {
      const title = 'The service changed a description';
      const message = `The description of job ${uuid} no longer ends with the mark of this action. If the response to a cook is lost, its job cannot be found. A shorter description may help.`;
      warn(title, message, title);
    },
    /** The container parameters of a recipe cannot be read. */
    recipeHidden: ({ recipeUuid }: CookRequest) => {
      const title = 'The container of a recipe cannot be read';
      const message = `The service does not show the container parameters of recipe ${recipeUuid}, so only those of the inputs are sent. If the job then lacks its image or other parameters, give them in the input parameters as well.`;
      warn(title, message, title);
    },
    /** It is not known where a job that runs can be reached, and the step no longer waits for it. */
    noAddress: ({ job: { uuid } }: SubmittedJob) => {
      const title = 'A job has no address yet';
      const message = `Job ${uuid} runs, but its node has not reported where it can be reached. Some nodes never do for a container whose ports lack 22: add it to ports, or cook the job again.`;
      warn(title, message, title);
    },
  };
}

function createPriceWarnings(warn: Warn, notice: Warn) {
  return {
    noOffers: (prices: Prices) => {
      const message = describeNoOffers(prices);
      warn('Nothing on offer matches', message, message);
    },
    /** @param hasCeiling whether the rates of the jobs have a ceiling */
    offersUnknown: (error: Error, hasCeiling: boolean) => {
      const title = 'The offers could not be read';
      const cause = withStop(sanitizeLine(error.message, 200));
      const text = `Prices are not known before the jobs run: ${cause}`;
      if (hasCeiling) warn(title, `${text} Rates are checked once the jobs run.`, title);
      else notice(title, text, title);
    },
    rateUnknown: (jobUuid: string) => {
      const title = 'The rate of a job is not known';
      const message = `The service does not say what job ${jobUuid} costs an hour, so it could not be held to max-hourly-rate or max-cost.`;
      warn(title, message, title);
    },
  };
}

function createLogWarnings(warn: Warn, causeOf: (error: unknown) => string) {
  return {
    logIncomplete: (whoseLog: string, error: unknown) => {
      const title = 'A log is incomplete';
      const message = `The log of ${whoseLog} could not be read or saved completely: ${causeOf(error)} This does not decide whether the step passes, but results printed there may be missing.`;
      warn(title, message, title);
    },
    resultsIgnored: (jobUuid: string, reason: string) => {
      const title = 'Some results were ignored';
      const message = `Of what job ${jobUuid} printed on dispersed-output lines, this cannot be used: ${sanitizeLine(reason)}.`;
      warn(title, message, `${title} ${jobUuid}`);
    },
  };
}

/** What a job asks for that is not on offer, in a sentence or two. */
export function describeNoOffers({
  requirements: { filters, gpuName },
  nearestGpu,
}: Pick<Prices, 'requirements' | 'nearestGpu'>): string {
  const named = Object.entries({ ...filters, ...(gpuName !== null && { gpu_name: gpuName }) });
  const wish = named.map(([name, value]) => `${inputOf(name)} ${value}`).join(', ');
  if (named.length === 0) return 'The job may wait for long: the service has no offers at all.';
  const nearest =
    nearestGpu === null ? '' : ` The nearest GPU on offer with the rest of it is ${nearestGpu}.`;
  return sanitizeLine(`The job may wait for long. It asks for ${wish}.${nearest}`, 1_000);
}

// The API's fields have the names of the inputs, but for the sign between words.
function inputOf(field: string): string {
  return field.replaceAll('_', '-');
}
