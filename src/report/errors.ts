import { InputError, InterruptedError, ServiceError, type Problem } from '../errors.ts';
import { withStop } from './format.ts';
import { sanitizeLine } from './sanitize.ts';

/** An error for the user: what failed, why, and what to do. */
export interface ErrorMessage {
  readonly title: string;
  readonly cause: string;
  /** Empty where the cause says what to do. */
  readonly remedy: string;
  /** Lines of a log. Foreign text. */
  readonly evidence?: readonly string[];
}

/** Where jobs can be seen and cancelled by hand. The address of a single job is not known. */
export const consoleUrl = 'https://console.dispersed.com/jobs';

const lookForJobs = `Look for jobs that are still running: ${consoleUrl}`;

/** @param attempt what failed, such as `cook recipe 01a0…` or `watch job 0198…` */
export function describeError(error: Error, attempt: string): ErrorMessage {
  if (error instanceof ServiceError)
    return describeServiceError(error, `Could not ${readOf(error) ?? attempt}`);
  if (error instanceof InputError) return describeProblems(error.problems);
  if (!(error instanceof InterruptedError)) return describeInternalError(error);
  return {
    title: `Could not ${attempt}: interrupted`,
    cause: 'The workflow was cancelled or reached a time limit before the service responded.',
    remedy: lookForJobs,
  };
}

// A recipe is read for all entries, before the cook of any.
function readOf({ request }: ServiceError): string | null {
  const [, recipeUuid] = /^GET \/v1\/job-recipes\/([\w-]+)$/.exec(request) ?? [];
  return recipeUuid === undefined ? null : `read recipe ${recipeUuid}`;
}

// What does not fit the recipe, or what is wrong with several.
function describeProblems(problems: readonly Problem[]): ErrorMessage {
  const cause = problems.map(formatProblem).join('\n');
  const remedy = 'Change the inputs or the recipe.';
  return problems.length === 1
    ? { title: 'The recipe cannot be cooked with these inputs; nothing was cooked', cause, remedy }
    : { title: `${problems.length} problems with the recipes; nothing was cooked`, cause, remedy };
}

/** A problem in one line. */
export function formatProblem({ input, message }: Problem): string {
  return `${sanitizeLine(input, 100)}: ${sanitizeLine(message)}`;
}

/** Trouble with the files of the runner, or a bug in this action. */
export function describeInternalError(error: unknown): ErrorMessage {
  const cause = sanitizeLine(
    error instanceof Error ? `${error.name}: ${error.message}` : String(error),
  );
  if (/\bENOSPC\b/.test(cause)) {
    const remedy = `Free space on it before this step. ${lookForJobs}`;
    return { title: 'The disk of the runner is full', cause, remedy };
  }
  // The runner's own files, for outputs and saved state, belong to the user that it runs as.
  if (/\b(?:EACCES|EPERM|EROFS)\b|\bMissing file at path\b/.test(cause)) {
    const remedy = `In a job container, run as a user that may write to the runner's files, such as \`options: --user root\`. ${lookForJobs}`;
    return { title: 'A file of the runner cannot be written', cause, remedy };
  }
  const remedy = `This is a bug in this action. Please report it with this message. ${lookForJobs}`;
  return { title: 'Internal error', cause, remedy };
}

const checkUrl = 'Check that api-url is the Dispersed API';

function describeServiceError(error: ServiceError, failed: string): ErrorMessage {
  const detail = withStop(sanitizeLine(error.detail));
  const { request } = error;
  switch (error.trouble) {
    case 'unreachable':
      return {
        title: `${failed}: the service cannot be reached`,
        cause: `No connection to the API could be made: ${detail}`,
        remedy:
          'Check the input api-url and the network. Behind a proxy, set HTTPS_PROXY on the runner.',
      };
    case 'no-answer':
      return {
        title: `${failed}: no response`,
        cause: `${request} was sent, but there was no response: ${detail}`,
        remedy: adviseAfterDoubt(error),
      };
    case 'not-api':
      return {
        title: `${failed}: the host is not the Dispersed API`,
        cause: `${request}: ${detail}`,
        remedy:
          'Check the input api-url: it is https://api.dispersed.com, or https://api.compute.x.io for the older service. If it is right, a proxy or firewall may answer in its place.',
      };
    case 'unreadable':
    case 'too-large':
      return {
        title: `${failed}: unexpected response`,
        cause: `${request}: ${detail}`,
        remedy: `${checkUrl}. ${adviseAfterDoubt(error)}`,
      };
    case 'refused':
      return describeRefusal(error, failed, detail);
  }
}

function describeRefusal(error: ServiceError, failed: string, detail: string): ErrorMessage {
  const { status = 0, request, isKnownHost } = error;
  const isExpired = status === 401 && isKnownHost;
  const [title, remedy] = isExpired ? expired : (refusals[status] ?? otherRefusal(error, status));
  const cause = `The service responded with HTTP ${status} to ${request}: ${detail}`;
  return { title: `${failed}: ${title}`, cause, remedy };
}

function otherRefusal(error: ServiceError, status: number): readonly [string, string] {
  const advice = adviseAfterDoubt(error);
  if (status < 400)
    return ['redirected elsewhere', `${checkUrl}: redirects are not followed. ${advice}`];
  return error.mayHaveSucceeded
    ? ['server error', advice]
    : ['the request was rejected', 'Change the inputs or the recipe as the response says.'];
}

// A read changes nothing.
function adviseAfterDoubt({ request }: ServiceError): string {
  return request.startsWith('GET ')
    ? 'Run the workflow again later.'
    : `The service may have processed the request: check the console before you run the workflow again: ${consoleUrl}`;
}

// It was accepted earlier in this step.
const expired = [
  'the API key is no longer accepted',
  `The key may have expired or been revoked. A job that is running continues, is billed, and cannot be cancelled with this key: cancel it in the console, ${consoleUrl}, and store a new key in the secrets.`,
] as const;

// By status: a title, and what to do.
const refusals: Readonly<Record<number, readonly [string, string]>> = {
  401: [
    'the API key was not accepted',
    'Check the inputs public-key and secret-key: they must be complete, valid and belong together, and the secrets must exist in this repository.',
  ],
  402: ['payment required', 'Check the balance of the Dispersed account.'],
  403: [
    'access denied',
    'Check that the account of the API key may use this recipe or job, and that the key has not expired and may be used from any IP address: runners have many.',
  ],
  404: [
    'not found',
    'Check the UUID, that it belongs to the account of the API key, and that api-url is the right host.',
  ],
  413: ['the request is too large', 'Shorten the parameters or the environment.'],
  422: [
    'the request is invalid',
    'Change the field that the response names, in the inputs or in the recipe.',
  ],
  429: [
    'too many requests',
    'The account is over its rate limit: run fewer workflows at once, or try again later.',
  ],
};
