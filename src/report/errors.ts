import {
  GitHubError,
  InputError,
  InterruptedError,
  NotEndedError,
  ServiceError,
  UncheckedRateError,
  type GitHubTrouble,
  type ServiceTrouble,
} from '../errors.ts';
import type { Runner } from '../runner.ts';
import { capitalize, describeTrouble, withStop } from './format.ts';
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

export const checkConsole = `Check the console for jobs that are still running: ${consoleUrl}`;

/** @param attempt what failed, such as `cook recipe 01a0…` or `watch job 0198…` */
export function describeError(error: unknown, attempt: string): ErrorMessage {
  if (error instanceof ServiceError) return describeServiceError(error, attempt);
  if (error instanceof GitHubError) return describeGitHubError(error);
  if (error instanceof InputError) return describeInputError(error, recipeWords);
  if (error instanceof UncheckedRateError)
    return {
      title: 'Could not check max-hourly-rate: the offers could not be read',
      cause: `With \`wait: false\`, no step watches the rate of a job. ${withStop(sanitizeLine(error.message))}`,
      remedy: 'Run the workflow again later, or remove max-hourly-rate.',
    };
  if (error instanceof NotEndedError)
    return {
      title: `Could not ${attempt}: it has not ended`,
      cause: `${capitalize(sanitizeLine(error.message))}.`,
      remedy: `It may still be running, and billed. Cancel it in the console: ${consoleUrl}`,
    };
  if (!(error instanceof InterruptedError)) return describeInternalError(error);
  return {
    title: `Could not ${attempt}: interrupted`,
    cause: 'The workflow was canceled, or the step ran out of time, before this was done.',
    remedy: checkConsole,
  };
}

const inputWords = ['An input is invalid', 'in the inputs', 'sent'];
const recipeWords = ['The recipe cannot be cooked with these inputs', 'with the recipes', 'cooked'];

export function describeInputError(
  { problems }: InputError,
  [only, several, undone] = inputWords,
): ErrorMessage {
  const lines = problems.map(
    ({ input, message }) => `${sanitizeLine(input, 100)}: ${sanitizeLine(message)}`,
  );
  const what = lines.length === 1 ? only : `${lines.length} problems ${several}`;
  return { title: `${what}; nothing was ${undone}`, cause: lines.join('\n'), remedy: '' };
}

function describeInternalError(error: unknown): ErrorMessage {
  const cause = sanitizeLine(
    error instanceof Error ? `${error.name}: ${error.message}` : String(error),
  );
  const [title, remedy] = explainInternal(cause);
  return { title, cause, remedy: `${remedy} ${checkConsole}` };
}

function explainInternal(cause: string): Explanation {
  if (/\bENOSPC\b/.test(cause))
    return ['The disk of the runner is full', 'Free disk space before this step.'];
  // The files for outputs and saved state belong to the user that the runner runs as.
  if (/\b(?:EACCES|EPERM|EROFS)\b|\bMissing file at path\b/.test(cause))
    return [
      'A file of the runner cannot be written',
      "In a job container, run as a user that can write to the runner's files. For example, set `options: --user root`.",
    ];
  return [
    'Internal error',
    'This is a bug in this action. Report it at https://github.com/dispersed-cook/dispersed-cook/issues with this message.',
  ];
}

function describeServiceError(error: ServiceError, attempt: string): ErrorMessage {
  const { request, trouble, status, detail } = error;
  const [title, remedy] = trouble === 'refused' ? explainRefusal(error) : troubles[trouble];
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

type Explanation = readonly [title: string, remedy: string];

const checkUrl = 'Check that the input api-url is the URL of the Dispersed API.';

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
  // It was accepted earlier in this step.
  if (status === 401 && isKnownHost)
    return [
      'the API key is no longer accepted',
      `The key may have expired or been revoked. A running job continues and is billed, and this key cannot cancel it. Cancel the job in the console, ${consoleUrl}, and store a new API key pair as secrets.`,
    ];
  if (status === 422 && /region/.test(error.detail))
    return [
      'the request is invalid',
      'Correct or remove allowed-region-codes. The older host, https://api.compute.x.io, does not support it.',
    ];
  const known = refusals[status];
  if (known !== undefined) return known;
  if (status < 400)
    return ['the host sent a redirect', `${checkUrl} The action does not follow redirects.`];
  return error.mayHaveSucceeded
    ? ['server error', '']
    : ['the request was rejected', 'Change the inputs or the recipe as the response says.'];
}

const refusals: Readonly<Record<number, Explanation>> = {
  401: [
    'the API key was not accepted',
    'Check the inputs public-key and secret-key: they must be complete and valid, and belong to the same API key pair.',
  ],
  402: ['payment required', 'Check the balance of your Dispersed account.'],
  403: [
    'access denied',
    'Check that the account of the API key can use this recipe or job, that the key has the preset Compute Consumer and has not expired, and that it is not restricted to IP addresses, because GitHub-hosted runners use many.',
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
    'The account is over its rate limit. Run fewer workflows at the same time, or run the workflow again later.',
  ],
};

const expired =
  'The github-token may have expired: an installation access token of a GitHub App expires after one hour.';

// What a check wants of a request, the permission that it needs, and how to fix what GitHub refuses.
const purposes = [
  {
    request: /\/dispatches$/,
    attempt: 'start the follow-up',
    permission: 'actions: write',
    ifRefused:
      'Put the workflow file on the default branch and on the branch or tag in ref, with `on: workflow_dispatch` and the inputs job-uuid, result, title, and sha. The commit statuses stay pending until the workflow starts.',
  },
  {
    request: /\/statuses\//,
    attempt: 'finish a commit status',
    permission: 'statuses: write',
    ifRefused:
      'GitHub accepts at most 1,000 statuses with one context for each commit. The commit status stays pending. If the workflow runs have no follow-up for this job, start it manually, and give new jobs another title.',
  },
  { request: /\/runs/, attempt: 'read the workflow runs', permission: 'actions: read' },
  { request: /\{repo\}$/, attempt: 'read the default branch', permission: 'contents: read' },
] as const;
const otherPurpose = { attempt: 'read the commit statuses', permission: 'statuses: write' };

function describeGitHubError(error: GitHubError): ErrorMessage {
  const { request, status, message } = error;
  const said = withStop(sanitizeLine(message, 300));
  const cause = status === 0 ? said : `GitHub responded with HTTP ${status} to ${request}: ${said}`;
  const [title, remedy] = explainGitHubError(error);
  return { title, cause, remedy };
}

function explainGitHubError({ request, status, trouble }: GitHubError): Explanation {
  const purpose = purposes.find((known) => known.request.test(request)) ?? otherPurpose;
  const { attempt, permission } = purpose;
  // A workflow that is not there is answered like one that the token may not see.
  const isRefused = status === 422 || (status === 404 && request.endsWith('/dispatches'));
  if (isRefused && 'ifRefused' in purpose)
    return [`Could not ${attempt}: GitHub rejected the request`, purpose.ifRefused];
  if (trouble === 'forbidden')
    return [
      `Could not ${attempt}: the permission ${permission} is missing`,
      `Add \`${permission}\` to the permissions of the workflow's job, or pass a github-token that has this permission.`,
    ];
  if (trouble === 'unauthorized')
    return [
      `Could not ${attempt}: GitHub did not accept the github-token`,
      `${expired} The next check with a valid token continues.`,
    ];
  if (trouble !== 'limited')
    return [`Could not ${attempt}: the request to GitHub failed`, 'The next check tries again.'];
  const remedy =
    'The next check tries again. Check less often, or set the input since to a shorter duration.';
  return [`Could not ${attempt}: GitHub's rate limit was reached`, remedy];
}

const statusRemedies: Partial<Record<GitHubTrouble, string>> = {
  unauthorized: `${expired} A check with a valid token finishes the commit status.`,
  forbidden:
    "Add `statuses: write` to the permissions of the workflow's job. Workflows that are triggered by pull requests from forks cannot have this permission.",
};

/** Warns that a commit status stays as it is. */
export function warnStatusNotSet(runner: Runner, error: unknown): void {
  const trouble = error instanceof GitHubError ? error.trouble : null;
  const remedy =
    (trouble && statusRemedies[trouble]) ??
    'This does not affect the jobs or the result of this step.';
  const isTheirs = trouble !== null || error instanceof InterruptedError;
  const message = `${isTheirs ? 'GitHub: ' : ''}${describeTrouble(runner, error)} ${remedy}`;
  runner.annotate('warning', 'The commit status could not be set', message);
}
