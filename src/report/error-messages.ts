import { ServiceError } from '../errors.ts';
import { sanitizeLine } from './sanitize.ts';

/** An error in words for people: what failed, why, what to do. */
export interface ErrorMessage {
  readonly title: string;
  readonly cause: string;
  readonly remedy: string;
  /** Lines of a log that tell more. Foreign text. */
  readonly evidence?: readonly string[];
}

/** Where jobs can be looked at and cancelled by hand. The address of a single job is not known. */
export const consoleUrl = 'https://console.dispersed.com/jobs';

/** What the attempt was, for the title of the error: `cook the recipe`, `follow the job`. */
export function describeError(error: Error, attempt: string): ErrorMessage {
  return error instanceof ServiceError
    ? describeServiceError(error, attempt)
    : describeInternalError(error);
}

/** A fault of this action itself, in words. */
export function describeInternalError(error: unknown): ErrorMessage {
  return {
    title: 'A fault in this action',
    cause: sanitizeLine(error instanceof Error ? `${error.name}: ${error.message}` : String(error)),
    remedy: `Please report it, with this line. Look at ${consoleUrl} for jobs that may still run.`,
  };
}

function describeServiceError(error: ServiceError, attempt: string): ErrorMessage {
  const said = sanitizeLine(error.detail);
  switch (error.trouble) {
    case 'unreachable':
      return {
        title: `Could not ${attempt}: the service cannot be reached`,
        cause: `No connection to the API was made: ${said}.`,
        remedy:
          'Check the input api-url and the service status; behind a proxy, set HTTPS_PROXY on the runner.',
      };
    case 'no-answer':
      return {
        title: `Could not ${attempt}: no answer`,
        cause: `${error.request} was sent, and no answer came: ${said}.`,
        remedy: `The service may have acted on it: look at ${consoleUrl} before running the workflow again.`,
      };
    case 'unreadable':
    case 'too-large':
      return {
        title: `Could not ${attempt}: an answer that makes no sense`,
        cause: `${error.request}: ${said}.`,
        remedy: `Check that api-url is the Dispersed API; the service may have acted on the request, so look at ${consoleUrl}.`,
      };
    case 'refused':
      return describeHttpStatus(error, attempt, said);
  }
}

function describeHttpStatus(error: ServiceError, attempt: string, said: string): ErrorMessage {
  const status = error.status ?? 0;
  const advice = statusAdvice[status] ?? (status >= 500 ? serverTrouble : otherRefusal);
  return {
    title: `Could not ${attempt}: ${advice.title}`,
    cause: `The service answered HTTP ${status} to ${error.request}: ${said}.`,
    remedy: advice.remedy,
  };
}

const serverTrouble = {
  title: 'the service is in trouble',
  remedy: `The service may have acted on the request all the same: look at ${consoleUrl} before running the workflow again.`,
};

const otherRefusal = {
  title: 'the service refused',
  remedy: 'Read what the service says above and change the inputs, or the recipe, to match.',
};

const statusAdvice: Readonly<Record<number, { title: string; remedy: string }>> = {
  401: {
    title: 'the API key was not accepted',
    remedy:
      'Check the inputs public-key and secret-key: do they belong together, are they whole and still valid, and does the secret exist in this repository?',
  },
  402: {
    title: 'payment is required',
    remedy: 'Check the balance of the Dispersed account.',
  },
  403: {
    title: 'not allowed',
    remedy:
      'Check that the account of the inputs public-key and secret-key may use this recipe or job.',
  },
  404: {
    title: 'not found',
    remedy:
      'Check the UUIDs, that they belong to the account of public-key, and that api-url is the host they live on.',
  },
  413: {
    title: 'the order is too large',
    remedy: 'Shorten the parameters or the environment of the order.',
  },
  422: {
    title: 'the order was refused',
    remedy: 'Change the field that the service names, in the inputs or in the recipe.',
  },
  429: {
    title: 'too many requests',
    remedy: 'The account is over its rate limit: run fewer workflows at once, or try again later.',
  },
};
