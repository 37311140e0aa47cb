import * as z from 'zod/mini';
import { GitHubError, type GitHubTrouble } from '../errors.ts';

// Octokit gives a request without an answer the status 500.
const refusalSchema = z.object({
  status: z.number(),
  message: z.catch(z.string(), ''),
  response: z.optional(z.object({ headers: z.record(z.string(), z.unknown()) })),
});

/**
 * Reads what Octokit throws.
 * @param nowMs Unix ms, for a limit that says when it ends
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

function getRetryAfter(headers: Readonly<Record<string, unknown>>, nowMs: number): number | null {
  const seconds = Number(headers['retry-after'] ?? Number.NaN);
  if (Number.isFinite(seconds)) return Math.max(0, seconds * 1_000);
  if (headers['x-ratelimit-remaining'] !== '0') return null;
  const resetMs = Number(headers['x-ratelimit-reset']) * 1_000;
  return Number.isFinite(resetMs) ? Math.max(0, resetMs - nowMs) : null;
}
