import {
  InputError,
  InterruptedError,
  ServiceError,
  type Problem,
  type ServiceTrouble,
} from '../errors.ts';
import { firstThatFit, withStop } from './format.ts';
import { sanitizeLine } from './sanitize.ts';

/** An error for the user: what failed, why, and how to fix it. */
export interface ErrorMessage {
  readonly title: string;
  readonly cause: string;
  /** Empty where the cause says what to do. */
  readonly remedy: string;
  /** Lines of a log. Foreign text. */
  readonly evidence?: readonly string[];
}

/** Where jobs can be seen and canceled by hand. The address of a single job is not known. */
export const consoleUrl = 'https://console.dispersed.com/jobs';

/** Advice where a job may be left. */
export const checkConsole = `Check the console for jobs that are still running: ${consoleUrl}`;

/** @param attempt what failed, such as `cook recipe 01a0…` or `watch job 0198…` */
export function describeError(error: Error, attempt: string): ErrorMessage {
  if (error instanceof ServiceError) return describeServiceError(error, attempt);
  if (error instanceof InputError) return describeRecipeProblems(error);
  if (!(error instanceof InterruptedError)) return describeInternalError(error);
  return {
    title: `Could not ${attempt}: interrupted`,
    cause: 'The workflow was canceled or reached a time limit before the service responded.',
    remedy: checkConsole,
  };
}

// What does not fit the recipe, or what is wrong with several.
function describeRecipeProblems({ problems }: InputError): ErrorMessage {
  const only = 'The recipe cannot be cooked with these inputs';
  const { title, cause } = listProblems(problems, only, 'with the recipes');
  return {
    title: `${title}; nothing was cooked`,
    cause,
    remedy: 'Change the inputs or the recipe.',
  };
}

/** Everything that is wrong with the inputs, as many problems as fit. */
export function describeInputError({ problems }: InputError): ErrorMessage {
  const { title, cause } = listProblems(problems, 'An input is invalid', 'in the inputs');
  return { title: `${title}; nothing was sent`, cause, remedy: '' };
}

function listProblems(problems: readonly Problem[], only: string, several: string) {
  const lines = problems.map(
    ({ input, message }) => `${sanitizeLine(input, 100)}: ${sanitizeLine(message)}`,
  );
  // What an annotation shows.
  const shown = firstThatFit(lines, 3_900);
  const left = lines.length - shown.length;
  const more = left > 0 ? [`and ${left} more; see the job summary`] : [];
  const title = lines.length === 1 ? only : `${lines.length} problems ${several}`;
  return { title, cause: [...shown, ...more].join('\n') };
}

/** Trouble with the files of the runner, or a bug in this action. */
export function describeInternalError(error: unknown): ErrorMessage {
  const cause = sanitizeLine(
    error instanceof Error ? `${error.name}: ${error.message}` : String(error),
  );
  const [, title, remedy] = internal.find(([pattern]) => pattern.test(cause)) ?? bug;
  return { title, cause, remedy: `${remedy} ${checkConsole}` };
}

const internal = [
  [/\bENOSPC\b/, 'The disk of the runner is full', 'Free disk space before this step.'],
  // The files for outputs and saved state belong to the user that the runner runs as.
  [
    /\b(?:EACCES|EPERM|EROFS)\b|\bMissing file at path\b/,
    'A file of the runner cannot be written',
    "In a job container, run as a user that can write the runner's files, such as `options: --user root`.",
  ],
] as const;
const bug = [
  null,
  'Internal error',
  'This is a bug in this action. Please report it with this message.',
] as const;

function describeServiceError(error: ServiceError, attempt: string): ErrorMessage {
  const { request, trouble, status, detail } = error;
  const [title, remedy] = trouble === 'refused' ? explainRefusal(error) : troubles[trouble];
  // A recipe is read for all entries, before the cook of any.
  const [, recipeUuid] = /^GET \/v1\/job-recipes\/([\w-]+)$/.exec(request) ?? [];
  const failed = recipeUuid === undefined ? attempt : `read recipe ${recipeUuid}`;
  const what =
    status === undefined ? request : `The service responded with HTTP ${status} to ${request}`;
  const isRead = request.startsWith('GET ');
  const advice = isRead ? 'Run the workflow again later.' : adviceInDoubt;
  return {
    title: `Could not ${failed}: ${title}`,
    cause: `${what}: ${withStop(sanitizeLine(detail))}`,
    remedy: `${remedy} ${error.mayHaveSucceeded ? advice : ''}`.trim(),
  };
}

const adviceInDoubt = `The service may have processed the request. Before you run the workflow again, check the console: ${consoleUrl}`;

/** What happened, and how to fix it. */
type Explanation = readonly [title: string, remedy: string];

const checkUrl = 'Check that the input api-url is the Dispersed API.';

const troubles: Readonly<Record<Exclude<ServiceTrouble, 'refused'>, Explanation>> = {
  unreachable: [
    'the service cannot be reached',
    'Check the input api-url and the network. Behind a proxy, set HTTPS_PROXY on the runner.',
  ],
  'no-answer': ['no response', ''],
  'not-api': [
    'the host is not the Dispersed API',
    'Check the input api-url: use https://api.dispersed.com, or https://api.compute.x.io for the older service. If it is correct, a proxy or firewall may respond in place of the API.',
  ],
  unreadable: ['unexpected response', checkUrl],
  'too-large': ['unexpected response', checkUrl],
};

function explainRefusal(error: ServiceError): Explanation {
  const { status = 0, isKnownHost } = error;
  if (status === 401 && isKnownHost) return expired;
  const known = refusals[status];
  if (status === 422 && /region/.test(error.detail)) return unknownRegions;
  if (known !== undefined) return known;
  if (status < 400) return ['redirected elsewhere', `${checkUrl} Redirects are not followed.`];
  return error.mayHaveSucceeded
    ? ['server error', '']
    : ['the request was rejected', 'Change the inputs or the recipe as the response says.'];
}

// It was accepted earlier in this step.
const expired: Explanation = [
  'the API key is no longer accepted',
  `The key may have expired or been revoked. A running job continues, is billed, and cannot be canceled with this key. Cancel it in the console, ${consoleUrl}, and store a new key in the secrets.`,
];

const unknownRegions: Explanation = [
  'the request is invalid',
  'Correct or remove allowed-region-codes. Only api.dispersed.com supports it, not the older host, https://api.compute.x.io.',
];

const refusals: Readonly<Record<number, Explanation>> = {
  401: [
    'the API key was not accepted',
    'Check the inputs public-key and secret-key: they must be complete and valid and belong together.',
  ],
  402: ['payment required', 'Check the balance of your Dispersed account.'],
  403: [
    'access denied',
    'Check that the account of the API key can use this recipe or job, that the key has not expired, and that it can be used from any IP address, because runners have many.',
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
    'The account is over its rate limit. Run fewer workflows at once, or try again later.',
  ],
};
