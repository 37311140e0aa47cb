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
  { repository, token, signal, maxRequestMs }: GitHubOptions,
) {
  const [owner = '', repo = ''] = repository.split('/');
  const post = openGitHub(runner, token, maxRequestMs);
  const inTurn = pLimit(maxConcurrent);
  const gate = createGate(clock, signal);

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
          const pauseMs = backoffMs(failures, random, minMs);
          if (isLimit) gate.close(failure, pauseMs);
          else await clock.sleep(pauseMs, signal);
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

/** What all requests pass: after a limit, not before GitHub allows it. */
function createGate(clock: Clock, signal: AbortSignal) {
  let notBeforeMs = 0;
  let limit: GitHubError | null = null;
  return {
    /** @throws the error of the limit where time is over meanwhile, else InterruptedError */
    pass: async () => {
      const pauseMs = notBeforeMs - clock.monotonicMs();
      if (pauseMs > 0) await clock.sleep(pauseMs, signal);
      if (signal.aborted) throw limit ?? new InterruptedError();
    },
    open: () => {
      limit = null;
    },
    close: (failure: GitHubError, pauseMs: number) => {
      limit = failure;
      notBeforeMs = clock.monotonicMs() + pauseMs;
    },
  };
}
