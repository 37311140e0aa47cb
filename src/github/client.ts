import pLimit from 'p-limit';
import * as z from 'zod/mini';
import type { Deps } from '../deps.ts';
import { GitHubError, InterruptedError, type GitHubTrouble } from '../errors.ts';
import { backoffMs, maxPauseMs } from '../service/retry.ts';

interface GitHubOptions {
  /** `owner/repo`: what all requests are about. */
  readonly repository: string;
  readonly token: string;
  readonly signal: AbortSignal;
  /** When the signal fires, in ms from now: a limit that opens later is not waited for. */
  readonly maxMs?: number;
}

type Parameters = Readonly<Record<string, unknown>>;

/** GitHub's API, for one repository. */
export type GitHub = ReturnType<typeof createGitHub>;

// GitHub asks for few at a time, and has secondary limits for those who do not listen.
const maxConcurrent = 8;
// With the pauses a quarter of a minute: what is away for longer is away for this look.
const maxTries = 6;

/** Creates a client whose requests wait for GitHub's limits, all of them together. */
export function createGitHub(
  { runner, clock, random, openGitHub }: Pick<Deps, 'runner' | 'clock' | 'random' | 'openGitHub'>,
  { repository, token, signal, maxMs = Infinity }: GitHubOptions,
) {
  const [owner = '', repo = ''] = repository.split('/');
  const post = openGitHub(runner, token);
  const inTurn = pLimit(maxConcurrent);
  const endMs = clock.monotonicMs() + maxMs;
  // The limit that was met last: when it opens, and when to try again, by the monotonic clock.
  let limit: { failure: GitHubError; opensMs: number; retryMs: number } | null = null;

  /** @throws the error of the limit where time is over before it opens, else InterruptedError */
  const waitForLimit = async () => {
    if (limit !== null && limit.opensMs > endMs) throw limit.failure;
    const pauseMs = (limit?.retryMs ?? 0) - clock.monotonicMs();
    if (pauseMs > 0) await clock.sleep(pauseMs, signal);
    if (signal.aborted) throw limit?.failure ?? new InterruptedError();
  };

  /**
   * Sends a request, again where a limit or a transient error was in the way.
   * @param isRepeatable whether it may be sent again though GitHub may have processed it
   * @throws GitHubError, InterruptedError
   */
  const send = async (route: string, parameters: Parameters = {}, isRepeatable = true) =>
    inTurn(async () => {
      for (let failures = 1; ; failures += 1) {
        await waitForLimit();
        try {
          const answer = await post(route, { owner, repo, ...parameters }, signal);
          limit = null;
          return answer;
        } catch (error) {
          const { failure, retryAfterMs } = parseRefusal(error, route, clock.now());
          const isLimit = failure.trouble === 'limited';
          // GitHub asks for a minute where it does not say how long.
          const minMs = retryAfterMs ?? (isLimit ? maxPauseMs : 0);
          const pauseMs = backoffMs(failures, random, minMs);
          const nowMs = clock.monotonicMs();
          if (isLimit) limit = { failure, opensMs: nowMs + minMs, retryMs: nowMs + pauseMs };
          else if (failure.trouble === 'unavailable' && isRepeatable && failures < maxTries)
            await clock.sleep(pauseMs, signal);
          else throw failure;
        }
      }
    });

  /**
   * Sends a request that reads.
   * @throws GitHubError also where the answer does not have the form that GitHub documents
   */
  const read = async <S extends z.core.$ZodType>(schema: S, route: string, query?: Parameters) => {
    const parsed = z.safeParse(schema, await send(route, query));
    if (parsed.success) return parsed.data;
    throw new GitHubError('refused', 200, route, new Error('unexpected response'));
  };
  return { send, read };
}

// Octokit gives a request without an answer the status 500.
const refusalSchema = z.object({
  status: z.number(),
  message: z.catch(z.string(), ''),
  response: z.optional(z.object({ headers: z.record(z.string(), z.unknown()) })),
});

/**
 * Reads what Octokit throws.
 * @param nowMs Unix ms
 * @returns with `retryAfterMs`, how long GitHub asks to be left alone; null where it does not say
 */
export function parseRefusal(error: unknown, request: string, nowMs: number) {
  const refusal = refusalSchema.safeParse(error);
  if (!refusal.success) {
    return { failure: new GitHubError('internal', 0, request, error), retryAfterMs: null };
  }
  const { status, message, response: { headers } = { headers: {} } } = refusal.data;
  // Beyond its rate limits GitHub answers 403 as well as 429, and not always with these headers.
  const isLimit =
    'retry-after' in headers ||
    headers['x-ratelimit-remaining'] === '0' ||
    /\brate limit\b/i.test(message);
  return {
    failure: new GitHubError(getTrouble(status, isLimit), status, request, error),
    retryAfterMs: getRetryAfter(headers, nowMs),
  };
}

function getTrouble(status: number, isLimit: boolean): GitHubTrouble {
  if (status >= 500) return 'unavailable';
  if (status === 429 || isLimit) return 'limited';
  if (status === 401) return 'unauthorized';
  return status === 403 || status === 404 ? 'forbidden' : 'refused';
}

function getRetryAfter(headers: Parameters, nowMs: number): number | null {
  const seconds = Number(headers['retry-after'] ?? Number.NaN);
  if (Number.isFinite(seconds)) return Math.max(0, seconds * 1_000);
  if (headers['x-ratelimit-remaining'] !== '0') return null;
  const resetMs = Number(headers['x-ratelimit-reset']) * 1_000;
  return Number.isFinite(resetMs) ? Math.max(0, resetMs - nowMs) : null;
}
