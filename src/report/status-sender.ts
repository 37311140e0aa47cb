import { asError, CommitStatusError } from '../errors.ts';
import type { Status } from '../github.ts';
import type { Clock, Random } from '../clock.ts';
import { backoffMs } from '../api/retry.ts';
import type { Runner } from '../runtime.ts';
import { sanitizeLine } from './sanitize.ts';

export interface SenderParts {
  readonly runner: Pick<Runner, 'annotate'>;
  readonly clock: Clock;
  readonly random: Random;
  /** Sets a status at GitHub; rejects, with {@link CommitStatusError} where GitHub did not take it. */
  readonly set: (status: Status, signal: AbortSignal) => Promise<void>;
}

/** Sends a status; gives up when it is no longer the latest, or the signal fires. Never rejects. */
export type Send = (status: Status, isLatest: () => boolean, signal: AbortSignal) => Promise<void>;

// With the pauses between them about 5 s: a blip, and not an outage.
const maxTries = 4;

/** Tries again through a blip, and warns once, whatever goes wrong how often. */
export function createSender(parts: SenderParts): Send {
  let warned = false;
  let isHopeless = false;
  return async (status, isLatest, signal) => {
    if (isHopeless) return;
    const error = await trySeveralTimes(parts, status, isLatest, signal);
    if (error === undefined) return;
    isHopeless = !(error instanceof CommitStatusError) || error.trouble === 'forbidden';
    if (!warned) warn(parts.runner, error);
    warned = true;
  };
}

async function trySeveralTimes(
  { clock, random, set }: SenderParts,
  status: Status,
  isLatest: () => boolean,
  signal: AbortSignal,
): Promise<Error | undefined> {
  for (let tries = 1; ; tries += 1) {
    try {
      await set(status, signal);
      return undefined;
    } catch (error) {
      const isPassing = error instanceof CommitStatusError && error.trouble === 'retryable';
      if (isPassing && !isLatest()) return undefined;
      if (!isPassing || tries === maxTries || signal.aborted) return asError(error);
      await clock.sleep(backoffMs(tries, random), signal);
    }
  }
}

function warn(runner: SenderParts['runner'], error: Error): void {
  const isForbidden = error instanceof CommitStatusError && error.trouble === 'forbidden';
  const remedy = isForbidden
    ? 'Give the workflow job the permission `permissions: statuses: write`; a workflow that a pull request from a fork starts gets none.'
    : 'The jobs and the verdict of this step are not affected.';
  const said = sanitizeLine(error.message, 300);
  runner.annotate('warning', 'The commit status could not be set', `GitHub: ${said}. ${remedy}`);
}
