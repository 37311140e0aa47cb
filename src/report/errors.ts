import { InputError, InterruptedError, ServiceError } from '../errors.ts';
import { withStop } from './format.ts';
import { sanitizeLine } from './sanitize.ts';

/** An error for the user: what failed, why, and what to do. */
export interface ErrorMessage {
  readonly title: string;
  readonly cause: string;
  readonly remedy: string;
  /** Lines of a log. Foreign text. */
  readonly evidence?: readonly string[];
}

/** Where jobs can be seen and cancelled by hand. The address of a single job is not known. */
export const consoleUrl = 'https://console.dispersed.com/jobs';

/** @param attempt what failed, such as `cook recipe 01a0…` or `watch job 0198…` */
export function describeError(error: Error, attempt: string): ErrorMessage {
  if (error instanceof ServiceError) return describeServiceError(error, attempt);
  if (error instanceof InputError) {
    return {
      title: `Could not ${attempt}: the request is invalid`,
      cause: sanitizeLine(error.message),
      remedy: 'Change the inputs or the recipe.',
    };
  }
  if (!(error instanceof InterruptedError)) return describeInternalError(error);
  return {
    title: `Could not ${attempt}: interrupted`,
    cause: 'The workflow was cancelled or reached a time limit before the service responded.',
    remedy: `Look for jobs that are still running: ${consoleUrl}`,
  };
}

/** A bug in this action, or a runner that it cannot write to. */
export function describeInternalError(error: unknown): ErrorMessage {
  const cause = sanitizeLine(
    error instanceof Error ? `${error.name}: ${error.message}` : String(error),
  );
  if (/\bENOSPC\b/.test(cause)) {
    const remedy = `Free space on it before this step. Look for jobs that are still running: ${consoleUrl}`;
    return { title: 'The disk of the runner is full', cause, remedy };
  }
  return {
    title: 'Internal error',
    cause,
    remedy: `This is a bug in this action. Please report it with this message. Look for jobs that are still running: ${consoleUrl}`,
  };
}

function describeServiceError(error: ServiceError, attempt: string): ErrorMessage {
  const detail = withStop(sanitizeLine(error.detail));
  switch (error.trouble) {
    case 'unreachable':
      return {
        title: `Could not ${attempt}: the service cannot be reached`,
        cause: `No connection to the API could be made: ${detail}`,
        remedy:
          'Check the input api-url and the network. Behind a proxy, set HTTPS_PROXY on the runner.',
      };
    case 'no-answer':
      return {
        title: `Could not ${attempt}: no response`,
        cause: `${error.request} was sent, but there was no response: ${detail}`,
        remedy: mayHaveSucceeded,
      };
    case 'unreadable':
    case 'too-large':
      return {
        title: `Could not ${attempt}: unexpected response`,
        cause: `${error.request}: ${detail}`,
        remedy: `Check that api-url is the Dispersed API. ${mayHaveSucceeded}`,
      };
    case 'refused':
      return describeHttpStatus(error, attempt, detail);
  }
}

const mayHaveSucceeded = `The service may have processed the request: check the console before you run the workflow again: ${consoleUrl}`;

function describeHttpStatus(error: ServiceError, attempt: string, detail: string): ErrorMessage {
  const status = error.status ?? 0;
  const ofKind = error.mayHaveSucceeded ? serverError : otherRejection;
  const { title, remedy } = httpStatusMessages[status] ?? (status < 400 ? redirected : ofKind);
  return {
    title: `Could not ${attempt}: ${title}`,
    cause: `The service responded with HTTP ${status} to ${error.request}: ${detail}`,
    remedy,
  };
}

const redirected = {
  title: 'redirected elsewhere',
  remedy: `Check that api-url is the Dispersed API: redirects are not followed. ${mayHaveSucceeded}`,
};

const serverError = { title: 'server error', remedy: mayHaveSucceeded };

const otherRejection = {
  title: 'the request was rejected',
  remedy: 'Change the inputs or the recipe as the response says.',
};

const httpStatusMessages: Readonly<Record<number, { title: string; remedy: string }>> = {
  401: {
    title: 'the API key was not accepted',
    remedy:
      'Check the inputs public-key and secret-key: they must be complete, valid and belong together, and the secrets must exist in this repository.',
  },
  402: {
    title: 'payment required',
    remedy: 'Check the balance of the Dispersed account.',
  },
  403: {
    title: 'access denied',
    remedy:
      'Check that the account of the API key may use this recipe or job, and that the key has not expired and may be used from any IP address: runners have many.',
  },
  404: {
    title: 'not found',
    remedy:
      'Check the UUID, that it belongs to the account of the API key, and that api-url is the right host.',
  },
  413: {
    title: 'the request is too large',
    remedy: 'Shorten the parameters or the environment.',
  },
  422: {
    title: 'the request is invalid',
    remedy: 'Change the field that the response names, in the inputs or in the recipe.',
  },
  429: {
    title: 'too many requests',
    remedy: 'The account is over its rate limit: run fewer workflows at once, or try again later.',
  },
};
