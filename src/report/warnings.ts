import { asError } from '../errors.ts';
import type { HardwareWish, NoOffers } from '../money/offers.ts';
import type { CookRequest } from '../cooking/request.ts';
import type { SubmittedJob } from '../jobs/records.ts';
import type { Job } from '../service/schemas.ts';
import type { Runner } from '../runner.ts';
import { consoleUrl } from './errors.ts';
import { formatDuration, withStop } from './format.ts';
import { sanitizeLine } from './sanitize.ts';

/** What goes wrong beside the verdict: one method is one annotation. */
export interface Warnings {
  readonly clockOff: (offsetMs: number) => void;
  /** The job was cancelled, and has not ended yet. */
  readonly notEnded: (jobUuid: string, status: string | null) => void;
  /** A job that a cook without an answer has created, found later. */
  readonly foundLater: (job: Job, isKept: boolean) => void;
  /** Several jobs of earlier attempts may be meant: none is taken over. */
  readonly ambiguous: (request: CookRequest) => void;
  /** The service did not keep the end of the description. Said once for all jobs. */
  readonly markMissing: (job: Job) => void;
  /** The container parameters of a recipe cannot be read. Said once for all recipes. */
  readonly recipeHidden: (request: CookRequest) => void;
  readonly cancelFailed: (jobUuid: string, error: unknown) => void;
  readonly lookupFailed: (mark: string, error: unknown) => void;
  readonly cleanupFailed: (error: unknown) => void;
  /** Said once for all jobs. */
  readonly logIncomplete: (whoseLog: string, error: unknown) => void;
  /** Said once for all jobs. */
  readonly resultsIgnored: (jobUuid: string, reason: string) => void;
  /** It is not known where a job that runs can be reached, and nobody waits for it any more. */
  readonly noAddress: (submitted: SubmittedJob) => void;
  readonly noOffers: (wish: HardwareWish, why: NoOffers) => void;
  /** Said once for all jobs. */
  readonly offersUnknown: (error: Error) => void;
  /** Said once for all jobs. */
  readonly rateUnknown: (jobUuid: string) => void;
}

export function createWarnings(runner: Runner): Warnings {
  const warn = (title: string, message: string) => {
    runner.annotate('warning', title, message);
  };
  // What an error of Node or a library says, nobody has looked at before.
  const causeOf = (error: unknown) =>
    withStop(
      sanitizeLine(runner.redactor.redact(asError(error).message)) || 'there was no time left',
    );
  const said = new Set<string>();
  const warnOnce = (title: string, message: string) => {
    if (!said.has(title)) warn(title, message);
    said.add(title);
  };
  return {
    clockOff: (offsetMs) => {
      const off = formatDuration(Math.abs(offsetMs));
      const direction = offsetMs > 0 ? 'behind' : 'ahead of';
      warnOnce(
        'The clock of the runner is wrong',
        `It is ${off} ${direction} the service's clock. The service rejects requests that are more than 5 minutes off, so requests use the service's time for now. Correct the clock of the runner.`,
      );
    },
    notEnded: (jobUuid, status) => {
      const seen = status === null ? 'could not be read' : `is still ${sanitizeLine(status, 60)}`;
      warn(
        'A cancelled job has not ended yet',
        `The service accepted the cancel of job ${jobUuid}, but its status ${seen}. Check that it ends: ${consoleUrl}`,
      );
    },
    foundLater: ({ uuid, status }, isKept) => {
      const consequence = isKept ? 'It is left running, as the inputs ask.' : 'It is not wanted.';
      warn(
        'A job was found whose cook had no response',
        `Job ${uuid} is ${sanitizeLine(status, 60)}. ${consequence}`,
      );
    },
    ambiguous: ({ recipeUuid }) => {
      warn(
        'No earlier job was taken over',
        `Several jobs of earlier attempts may belong to this entry of recipe ${recipeUuid}, so it is cooked again. Look for jobs that are still running: ${consoleUrl}`,
      );
    },
    markMissing: ({ uuid }) => {
      warnOnce(
        'The service changed a description',
        `The description of job ${uuid} no longer ends with the mark of this action. If the response to a cook is lost, its job cannot be found. A shorter description may help.`,
      );
    },
    recipeHidden: ({ recipeUuid }) => {
      warnOnce(
        'The container of a recipe cannot be read',
        `The service does not show the container parameters of recipe ${recipeUuid}, so only those of the inputs are sent. If the job then lacks its image or other parameters, give them in the input parameters as well.`,
      );
    },
    cancelFailed: (jobUuid, error) => {
      warn(
        'A job could not be cancelled',
        `Job ${jobUuid} may still be running, and billed: ${causeOf(error)} Cancel it in the console: ${consoleUrl}`,
      );
    },
    lookupFailed: (mark, error) => {
      // Main looks several times.
      if (said.has(mark)) return;
      said.add(mark);
      warn(
        'A job may be running unnoticed',
        `The response to a cook was lost, and looking for the job failed: ${causeOf(error)} Search for ${mark} in the job descriptions: ${consoleUrl}`,
      );
    },
    cleanupFailed: (error) => {
      warn(
        'The cleanup failed',
        `Jobs of this step were not checked or cancelled: ${causeOf(error)} Look for jobs that are still running: ${consoleUrl}`,
      );
    },
    noOffers: (wish, why) => {
      warn('Nothing on offer matches', describeNoOffers(wish, why));
    },
    offersUnknown: (error) => {
      const title = 'The offers could not be read';
      if (said.has(title)) return;
      said.add(title);
      const cause = withStop(sanitizeLine(error.message, 200));
      runner.annotate('notice', title, `Prices are not known before the jobs run: ${cause}`);
    },
    rateUnknown: (jobUuid) => {
      warnOnce(
        'The rate of a job is not known',
        `The service does not say what job ${jobUuid} costs an hour, so it could not be held to max-hourly-rate or max-cost.`,
      );
    },
    logIncomplete: (whoseLog, error) => {
      const cause = causeOf(error);
      warnOnce(
        'A log is incomplete',
        `The log of ${whoseLog} could not be read or saved completely: ${cause} This does not affect the result.`,
      );
    },
    noAddress: ({ job: { uuid } }) => {
      warnOnce(
        'A job has no address yet',
        `Job ${uuid} runs, but its node has not reported where it can be reached. Some nodes never do for a container whose ports lack 22: add it to ports, or cook the job again.`,
      );
    },
    resultsIgnored: (jobUuid, reason) => {
      warnOnce(
        'Some results were ignored',
        `Job ${jobUuid} printed a dispersed-output line that cannot be used: ${reason}.`,
      );
    },
  };
}

/** Why nothing on offer matches a job, and what to change, in a sentence or two. */
export function describeNoOffers(
  { filters, gpuName }: HardwareWish,
  { fields, nearestGpu }: NoOffers,
): string {
  const named = Object.entries({ ...filters, ...(gpuName !== null && { gpu_name: gpuName }) });
  const wish = named.map(([name, value]) => `${name} ${value}`).join(', ');
  if (named.length === 0) return 'The job may wait for long: the service has no offers at all.';
  const nearest = nearestGpu === null ? '' : ` The nearest name on offer is ${nearestGpu}.`;
  const blame =
    fields.length === 0
      ? 'No single one of these leaves nothing: loosen several.'
      : `There are offers without ${fields.join(', or without ')}.`;
  return sanitizeLine(`The job may wait for long. It asks for ${wish}. ${blame}${nearest}`, 1_000);
}
