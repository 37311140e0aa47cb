import pLimit from 'p-limit';
import * as z from 'zod/mini';
import { backoffMs, maxPauseMs } from '../service/retry.ts';
import type { Clock } from '../clock.ts';
import type { Deps } from '../deps.ts';
import { GitHubError, InterruptedError } from '../errors.ts';
import { parseRefusal } from './trouble.ts';

export interface GitHubOptions {
  /** `owner/repo`: what all requests are about. */
  readonly repository: string;
  readonly token: string;
  /** Ends the patience. */
  readonly signal: AbortSignal;
  /** When that is, in ms from now, where it is known: a limit that opens later is not waited for. */
  readonly maxMs?: number;
  /** How long one request may take. */
  readonly maxRequestMs?: number;
}

type Parameters = Readonly<Record<string, unknown>>;

/** A patient way to GitHub's API, for one repository. */
export type GitHub = ReturnType<typeof createGitHub>;

// GitHub asks for few at a time, and has secondary limits for those who do not listen.
const maxConcurrent = 8;
// With the pauses a quarter of a minute: what is away for longer is away for this look.
const maxTries = 6;
// GitHub asks for a minute where it does not say how long.
const defaultLimitPauseMs = maxPauseMs;

/** Creates a client that meets GitHub's limits with patience, all requests together. */
export function createGitHub(
  { runner, clock, random, openGitHub }: Pick<Deps, 'runner' | 'clock' | 'random' | 'openGitHub'>,
  { repository, token, signal, maxMs = Infinity, maxRequestMs }: GitHubOptions,
) {
  const [owner = '', repo = ''] = repository.split('/');
  const post = openGitHub(runner, token, maxRequestMs);
  const inTurn = pLimit(maxConcurrent);
  const gate = createGate(clock, signal, clock.monotonicMs() + maxMs);

  /**
   * Sends a request, again where a limit or a transient error was in the way.
   * @param isRepeatable whether it may be sent again though GitHub may have processed it
   * @throws GitHubError, InterruptedError
   */
  const send = async (route: string, parameters: Parameters = {}, isRepeatable = true) =>
    inTurn(async () => {
      for (let failures = 1; ; failures += 1) {
        await gate.pass();
        try {
          const answer = await post(route, { owner, repo, ...parameters }, signal);
          gate.open();
          return answer;
        } catch (error) {
          const { failure, retryAfterMs } = parseRefusal(error, route, clock.now());
          const isLimit = failure.trouble === 'limited';
          const isTransient = failure.trouble === 'unavailable' && isRepeatable;
          if (!isLimit && !(isTransient && failures < maxTries)) throw failure;
          const minMs = retryAfterMs ?? (isLimit ? defaultLimitPauseMs : 0);
          if (isLimit) gate.close(failure, minMs, backoffMs(failures, random, minMs));
          else await clock.sleep(backoffMs(failures, random, minMs), signal);
        }
      }
    });

  /**
   * Sends a request that reads.
   * @throws GitHubError also where the answer does not have the form that GitHub documents
   */
  const read = async <S extends z.core.$ZodType>(
    schema: S,
    route: string,
    parameters?: Parameters,
  ) => {
    const parsed = z.safeParse(schema, await send(route, parameters));
    if (parsed.success) return parsed.data;
    throw new GitHubError('refused', 200, route, new Error('unexpected response'));
  };
  return { send, read };
}

/**
 * What all requests pass: after a limit, not before GitHub allows it.
 * @param endMs when time is over, by the monotonic clock
 */
function createGate(clock: Clock, signal: AbortSignal, endMs: number) {
  let notBeforeMs = 0;
  let opensMs = 0;
  let limit: GitHubError | null = null;
  return {
    /** @throws the error of the limit where time is over before it opens, else InterruptedError */
    pass: async () => {
      if (limit !== null && opensMs > endMs) throw limit;
      const pauseMs = notBeforeMs - clock.monotonicMs();
      if (pauseMs > 0) await clock.sleep(pauseMs, signal);
      if (signal.aborted) throw limit ?? new InterruptedError();
    },
    open: () => {
      limit = null;
    },
    /** @param limitMs how long GitHub asks to wait, of which `pauseMs` are waited before a new try */
    close: (failure: GitHubError, limitMs: number, pauseMs: number) => {
      limit = failure;
      opensMs = clock.monotonicMs() + limitMs;
      notBeforeMs = clock.monotonicMs() + pauseMs;
    },
  };
}
