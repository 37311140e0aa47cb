import { request } from '@octokit/request';
import { EnvHttpProxyAgent, type Dispatcher } from 'undici';
import * as z from 'zod/mini';
import { asError, CommitStatusError } from './errors.ts';

// A client of GitHub's API, for the one thing this action asks of it. In a chunk of its own, which
// is loaded when it is used: most steps never do.

/** The commit a workflow run is about, and where its statuses are kept. */
export interface Commit {
  /** Address of GitHub's API; on GitHub Enterprise Server it has a path. */
  readonly apiUrl: string;
  readonly owner: string;
  readonly repo: string;
  readonly sha: string;
  /** Where a status leads to; undefined outside of GitHub. */
  readonly runUrl: string | undefined;
}

/** A commit status, as GitHub takes it. */
export interface Status {
  /** Tells the statuses of a commit apart; a later one of the same context replaces it. */
  readonly context: string;
  readonly state: 'pending' | 'success' | 'failure' | 'error';
  readonly description: string;
}

/** The statuses of one commit. */
export interface Statuses {
  /** Sets one; rejects with {@link CommitStatusError}, also when the signal fires. */
  readonly set: (status: Status, signal: AbortSignal) => Promise<void>;
  /** Drops every open socket, so that the process can end. */
  readonly close: () => Promise<void>;
}

// GitHub answers within a second; the whole of it has to fit into the last moments of a step.
const maxExchangeMs = 4_000;

/** Opens a way to a commit's statuses. `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` are honoured. */
export function openStatuses(commit: Commit, token: string): Statuses {
  const { apiUrl, owner, repo, sha, runUrl } = commit;
  const dispatcher = new EnvHttpProxyAgent();
  const post = request.defaults({
    baseUrl: apiUrl.replace(/\/+$/, ''),
    headers: { authorization: `token ${token}`, 'user-agent': 'dispersed-cook' },
    request: {
      fetch: async (url: string, options: FetchOptions) => fetchOver(dispatcher, url, options),
      log: silent,
    },
  });
  return {
    set: async (status, signal) => {
      const bound = AbortSignal.any([signal, AbortSignal.timeout(maxExchangeMs)]);
      const target = runUrl === undefined ? {} : { target_url: runUrl };
      const fields = { owner, repo, sha, ...target, ...status, request: { signal: bound } };
      await post('POST /repos/{owner}/{repo}/statuses/{sha}', fields).catch((error: unknown) => {
        throw toCommitStatusError(error, bound);
      });
    },
    close: async () => dispatcher.destroy(),
  };
}

interface FetchOptions {
  readonly method: Dispatcher.HttpMethod;
  readonly headers: Record<string, string>;
  readonly body: string | undefined;
  readonly signal: AbortSignal;
}

// As much of fetch as octokit asks for; undici's own would be a quarter of the bundle.
async function fetchOver(
  dispatcher: Dispatcher,
  url: string,
  { method, headers, body, signal }: FetchOptions,
): Promise<Response> {
  const { origin, pathname, search } = new URL(url);
  const path = pathname + search;
  const answer = await dispatcher.request({
    origin,
    path,
    method,
    headers,
    body: body ?? null,
    signal,
  });
  const text = await answer.body.text();
  if (answer.statusCode < 400 && answer.statusCode >= 300)
    throw new Error('a redirect is not followed');
  const answerHeaders = Object.entries(answer.headers).map(([name, value]): [string, string] => [
    name,
    String(value),
  ]);
  // A Response with status 204 must have no body at all.
  const content = answer.statusCode === 204 ? null : text;
  return new Response(content, { status: answer.statusCode, headers: answerHeaders });
}

// Its warnings hold text of the answer, and would go to the log as they are.
const silent = { debug: mute, info: mute, warn: mute, error: mute };

function mute(): void {}

const refusalSchema = z.object({
  status: z.number(),
  response: z.object({ headers: z.record(z.string(), z.unknown()) }),
});

function toCommitStatusError(error: unknown, bound: AbortSignal): CommitStatusError {
  if (bound.aborted)
    return new CommitStatusError('retryable', 'GitHub did not answer in time', error);
  const { message } = asError(error);
  const refusal = refusalSchema.safeParse(error);
  if (!refusal.success) return new CommitStatusError('retryable', message, error);
  const { status, response } = refusal.data;
  const said = `HTTP ${status}: ${message}`;
  if (status >= 500 || isLimit(status, response.headers)) {
    return new CommitStatusError('retryable', said, error);
  }
  const trouble = [401, 403, 404].includes(status) ? 'forbidden' : 'refused';
  return new CommitStatusError(trouble, said, error);
}

// Beyond its rate limits GitHub answers 403 as well as 429.
function isLimit(status: number, headers: Readonly<Record<string, unknown>>): boolean {
  if (status === 429) return true;
  return 'retry-after' in headers || headers['x-ratelimit-remaining'] === '0';
}
