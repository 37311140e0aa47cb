import * as z from 'zod/mini';
import type { GitHubTrouble } from '../errors.ts';

// What GitHub's client throws, read once for all who use it.

// Octokit gives a request without an answer the status 500.
const refusalSchema = z.object({
  status: z.number(),
  message: z.catch(z.string(), ''),
  response: z.optional(z.object({ headers: z.record(z.string(), z.unknown()) })),
});

/**
 * Why a request to GitHub did not succeed:
 * - `limited`: beyond a rate limit; it was not processed
 * - `unavailable`: no answer, or a server error; it may have been processed
 * - `forbidden`: the token may not do this, or not see it
 * - `refused`: any other answer
 * - `internal`: it was never sent
 */
export interface Trouble {
  readonly kind: GitHubTrouble;
  /** HTTP status; 0 where nothing was sent. */
  readonly status: number;
  /** How long GitHub asks to be left alone, in ms; null where it does not say. */
  readonly retryAfterMs: number | null;
}

/** @param nowMs Unix ms, for a limit that says when it ends */
export function troubleOf(error: unknown, nowMs: number): Trouble {
  const refusal = refusalSchema.safeParse(error);
  if (!refusal.success) return { kind: 'internal', status: 0, retryAfterMs: null };
  const { status, message, response: { headers } = { headers: {} } } = refusal.data;
  // Beyond its rate limits GitHub answers 403 as well as 429, and not always with these headers.
  const isLimit =
    'retry-after' in headers ||
    headers['x-ratelimit-remaining'] === '0' ||
    /\brate limit\b/i.test(message);
  return {
    kind: troubleOfStatus(status, isLimit),
    status,
    retryAfterMs: retryAfterOf(headers, nowMs),
  };
}

function troubleOfStatus(status: number, isLimit: boolean): GitHubTrouble {
  if (status >= 500) return 'unavailable';
  if (status === 429 || isLimit) return 'limited';
  return [401, 403, 404].includes(status) ? 'forbidden' : 'refused';
}

function retryAfterOf(headers: Readonly<Record<string, unknown>>, nowMs: number): number | null {
  const seconds = Number(headers['retry-after'] ?? Number.NaN);
  if (Number.isFinite(seconds)) return Math.max(0, seconds * 1_000);
  if (headers['x-ratelimit-remaining'] !== '0') return null;
  const resetMs = Number(headers['x-ratelimit-reset']) * 1_000;
  return Number.isFinite(resetMs) ? Math.max(0, resetMs - nowMs) : null;
}
