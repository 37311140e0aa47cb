/** One thing wrong with one input, in the words the user will read. */
export interface Problem {
  /** The input's name, or a place inside it such as `recipes[2].gpu_count`. */
  readonly input: string;
  /** What is wrong and what is accepted, as one sentence without the name. */
  readonly message: string;
}

/** The inputs cannot be used. Nothing has been sent. */
export class InputError extends Error {
  override readonly name = 'InputError';
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(problems.map(({ input, message }) => `${input}: ${message}`).join('\n'));
    this.problems = problems;
  }
}

/**
 * What came between us and the service:
 * - `unreachable`: no connection was made, so nothing was sent
 * - `no-answer`: sent, and then the connection broke or time ran out
 * - `refused`: an HTTP status that is no success
 * - `unreadable`: an answer that is not what the API describes
 * - `too-large`: an answer that is longer than what is read
 * - `not-api`: the host has never answered as the API does, but with web pages, say
 */
export type ServiceTrouble =
  'unreachable' | 'no-answer' | 'refused' | 'unreadable' | 'too-large' | 'not-api';

type Optional = 'status' | 'retryAfterMs' | 'isForeign' | 'isLasting' | 'isKnownHost' | 'cause';
type ServiceFailure = Pick<ServiceError, 'trouble' | 'request' | 'detail'> &
  Partial<Pick<ServiceError, Optional>>;

/** A request to the service that failed. */
export class ServiceError extends Error {
  override readonly name = 'ServiceError';
  declare readonly trouble: ServiceTrouble;
  /** Method and path, for example `GET /v1/jobs`. */
  declare readonly request: string;
  /** What the service or the network said. Foreign text. */
  declare readonly detail: string;
  /** HTTP status, where there was an answer. */
  readonly status: number | undefined;
  /** How long the service asks to wait (`Retry-After`), in milliseconds. */
  readonly retryAfterMs: number | undefined;
  /** Whether no API answers so: a web page, a redirect, another form of JSON. */
  readonly isForeign: boolean = false;
  /** Whether the host has never answered, for so long that asking again is pointless. */
  readonly isLasting: boolean = false;
  /** Whether the service has answered as it should before. */
  readonly isKnownHost: boolean = false;
  readonly #failure: ServiceFailure;

  constructor(failure: ServiceFailure) {
    const { request, status, detail, cause } = failure;
    super(`${request}${status === undefined ? '' : ` (HTTP ${status})`}: ${detail}`, { cause });
    this.#failure = failure;
    Object.assign(this, failure);
  }

  /** The same error, changed in some of it. */
  with(change: Partial<ServiceFailure>): ServiceError {
    return new ServiceError({ ...this.#failure, ...change });
  }

  /** Whether the service may have acted on the request, for all that we know. */
  get mayHaveSucceeded(): boolean {
    if (this.trouble === 'refused') return !isClientError(this.status) || this.status === 408;
    return this.trouble !== 'unreachable' && this.trouble !== 'not-api';
  }

  /** Whether the same read may well succeed a little later. */
  get retryable(): boolean {
    if (this.trouble === 'not-api' || this.isLasting) return false;
    if (this.trouble !== 'refused') return true;
    // A redirect, too, leads elsewhere for a while: to a page that says why.
    return !isClientError(this.status) || this.status === 408 || this.status === 429;
  }
}

/**
 * Why a request to GitHub did not succeed:
 * - `limited`: beyond a rate limit; it was not processed
 * - `unavailable`: no answer, or a server error; it may have been processed
 * - `unauthorized`: the token is not valid, or not any more
 * - `forbidden`: the token may not do this, or not see it
 * - `refused`: any other answer
 * - `internal`: it was never sent
 */
export type GitHubTrouble =
  'limited' | 'unavailable' | 'unauthorized' | 'forbidden' | 'refused' | 'internal';

/** A request to GitHub that failed. The message is foreign text. */
export class GitHubError extends Error {
  override readonly name = 'GitHubError';
  readonly trouble: GitHubTrouble;
  /** HTTP status; 0 where nothing was sent. */
  readonly status: number;
  /** Such as `GET /repos/{owner}/{repo}/actions/runs`. */
  readonly request: string;

  constructor(trouble: GitHubTrouble, status: number, request: string, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.trouble = trouble;
    this.status = status;
    this.request = request;
  }

  /** Whether the next request of this kind will not succeed either. */
  get isLasting(): boolean {
    return ['unauthorized', 'forbidden', 'internal'].includes(this.trouble);
  }
}

/** A cancel of the workflow, or the end of the wait, came in the middle of something. */
export class InterruptedError extends Error {
  override readonly name = 'InterruptedError';
}

/** The service accepted the cancel of a job, and the job has not ended. The message is foreign text. */
export class NotEndedError extends Error {
  override readonly name = 'NotEndedError';
}

/** The offers could not be read, and no step watches the rate of the job. The message is foreign text. */
export class UncheckedRateError extends Error {
  override readonly name = 'UncheckedRateError';
}

/** Whatever was thrown, as an Error. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

function isClientError(status = 0): boolean {
  return status >= 400 && status < 500;
}
