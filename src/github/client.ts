import pLimit from 'p-limit';
import * as z from 'zod/mini';
import { backoffMs, maxPauseMs } from '../service/retry.ts';
import type { Clock, Random } from '../clock.ts';
import { GitHubError, InterruptedError } from '../errors.ts';
import type { Runner } from '../runner.ts';
import { troubleOf } from './trouble.ts';

/** One request to GitHub's API, sent once; gives the body of a success, rejects as Octokit does. */
export type SendToGitHub = (
  route: string,
  parameters: Readonly<Record<string, unknown>>,
  signal: AbortSignal,
) => Promise<unknown>;

/** A patient way to GitHub's API. */
export interface GitHub {
  /**
   * Sends a request, again where a limit or a transient error was in the way.
   * @param isRepeatable whether it may be sent again though GitHub may have processed it
   * @throws GitHubError, InterruptedError
   */
  readonly request: (
    route: string,
    parameters?: Readonly<Record<string, unknown>>,
    isRepeatable?: boolean,
  ) => Promise<unknown>;
}

export interface GitHubOptions {
  readonly send: SendToGitHub;
  readonly clock: Clock;
  readonly random: Random;
  /** Ends the patience. */
  readonly signal: AbortSignal;
}

// GitHub asks for few at a time, and has secondary limits for those who do not listen.
const maxConcurrent = 8;
// With the pauses a quarter of a minute: what is away for longer is away for this look.
const maxTries = 6;
// GitHub asks for a minute where it does not say how long.
const defaultLimitPauseMs = maxPauseMs;

/** Creates a client that meets GitHub's limits with patience, all requests together. */
export function createGitHub({ send, clock, random, signal }: GitHubOptions): GitHub {
  const inTurn = pLimit(maxConcurrent);
  let notBeforeMs = 0;
  // What all wait for: whose time is over meanwhile tells of it.
  let limit: GitHubError | null = null;

  const sendOnce = async (route: string, parameters: Readonly<Record<string, unknown>>) => {
    const pauseMs = notBeforeMs - clock.monotonicMs();
    if (pauseMs > 0) await clock.sleep(pauseMs, signal);
    if (signal.aborted) throw limit ?? new InterruptedError();
    const answer = await send(route, parameters, signal);
    limit = null;
    return answer;
  };

  return {
    request: async (route, parameters = {}, isRepeatable = true) =>
      inTurn(async () => {
        for (let failures = 1; ; failures += 1) {
          try {
            return await sendOnce(route, parameters);
          } catch (error) {
            if (error instanceof InterruptedError || error instanceof GitHubError) throw error;
            const { kind, status, retryAfterMs } = troubleOf(error, clock.now());
            const failure = new GitHubError(kind, status, route, error);
            const isTransient = kind === 'unavailable' && isRepeatable && failures < maxTries;
            if (kind !== 'limited' && !isTransient) throw failure;
            const minMs = retryAfterMs ?? (kind === 'limited' ? defaultLimitPauseMs : 0);
            const pauseMs = backoffMs(failures, random, minMs);
            if (kind === 'limited') {
              limit = failure;
              notBeforeMs = clock.monotonicMs() + pauseMs;
            } else await clock.sleep(pauseMs, signal);
          }
        }
      }),
  };
}

/** How GitHub's API is reached; tests pass another way. */
export type OpenGitHub = (runner: Runner, token: string) => SendToGitHub;

// GitHub answers within seconds, or not at all.
const maxRequestMs = 30_000;

// Its warnings hold text of the answer, and would go to the log as they are.
const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** Opens the real way to GitHub's API, on GitHub Enterprise Server too. */
export function openOctokit(runner: Runner, token: string): SendToGitHub {
  const baseUrl = runner.env['GITHUB_API_URL'] || 'https://api.github.com';
  const connect = async () => {
    // Loaded when used: it is large, and few steps need it.
    const { getOctokit } = await import('@actions/github');
    return getOctokit(token, { baseUrl, userAgent: 'dispersed-cook' });
  };
  let connection: ReturnType<typeof connect> | undefined;
  return async (route, parameters, signal) => {
    const octokit = await (connection ??= connect());
    const bound = AbortSignal.any([signal, AbortSignal.timeout(maxRequestMs)]);
    const request = { signal: bound, redirect: 'error', log: silent } as const;
    if (route === graphqlRoute) {
      const { query, ...variables } = parameters;
      return octokit.graphql(String(query), { ...variables, request });
    }
    const answer: { readonly data: unknown } = await octokit.request(route, {
      ...parameters,
      request,
    });
    return answer.data;
  };
}

/** Stands for GraphQL, whose address differs on GitHub Enterprise Server. */
export const graphqlRoute = 'GRAPHQL';

/** @throws GitHubError where the answer does not have the form that GitHub documents */
export function parseAnswer<S extends z.core.$ZodType>(
  schema: S,
  answer: unknown,
  route: string,
): z.output<S> {
  const parsed = z.safeParse(schema, answer);
  if (parsed.success) return parsed.data;
  throw new GitHubError('refused', 200, route, new Error('unexpected response'));
}
