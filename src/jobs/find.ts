import { listJobs } from '../api/endpoints.ts';
import type { Client } from '../api/client.ts';
import { withRetry } from '../api/retry.ts';
import type { Job } from '../api/schemas.ts';
import type { ServiceError } from '../errors.ts';
import type { Clock, Random } from '../pace.ts';
import { isFinal } from './status.ts';

export interface FindParts {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
  /** Fires when there is no more time for it. */
  readonly signal: AbortSignal;
}

type ShouldRetry = (error: ServiceError, failures: number) => boolean;

// 1,000 jobs: what the busiest account cooks in the time a look-up takes, many times over.
const maxPages = 20;

// How far the two clocks may be apart.
const clockSlackMs = 10 * 60_000;

/**
 * The newest jobs of the account, the newest first, back to a point in time. The service has no
 * filter for recipe or description, so they are paged through.
 * @param sinceMs Unix ms
 * @param shouldRetry whether a failed page is asked for again
 */
export async function* newestJobs(
  parts: FindParts,
  sinceMs: number,
  shouldRetry: ShouldRetry = (error) => error.retryable,
): AsyncGenerator<Job, void> {
  for (let page = 1; page <= maxPages; page += 1) {
    const query = { sort: '-created_at', page: String(page) };
    const request = async () => listJobs(parts.client, query, parts.signal);
    const { items, full } = await withRetry(request, { ...parts, shouldRetry });
    yield* items;
    if (!full || items.some((job) => isBefore(job, sinceMs - clockSlackMs))) return;
  }
}

/** A cook, by what marks its jobs. */
export interface CookMark {
  readonly cookKey: string;
  readonly recipeUuid: string;
  /** When it was first sent, Unix ms. */
  readonly sentAtMs: number;
}

/** The UUIDs of the living jobs that carry a mark, but for the one that is known. */
export async function findLiving(
  parts: FindParts,
  { cookKey, recipeUuid, sentAtMs }: CookMark,
  knownUuid: string | null,
  shouldRetry?: ShouldRetry,
): Promise<readonly string[]> {
  const living: string[] = [];
  for await (const job of newestJobs(parts, sentAtMs, shouldRetry)) {
    const isOther = job.uuid !== knownUuid && carries(job, cookKey, recipeUuid);
    if (isOther && !isFinal(job.status)) living.push(job.uuid);
  }
  return living;
}

/** Whether the job was cooked with this key from this recipe. */
export function carries(job: Job, cookKey: string, recipeUuid: string): boolean {
  const isOfRecipe = job.source_recipe_uuid === null || job.source_recipe_uuid === recipeUuid;
  return isOfRecipe && (job.description?.includes(`[${cookKey}]`) ?? false);
}

function isBefore({ created_at: createdAt }: Job, ms: number): boolean {
  if (createdAt === null) return false;
  const dayMs = 86_400_000;
  // The old host tells the day only: the job may be as young as the day's last moment.
  return Date.parse(createdAt) + (createdAt.length === 10 ? dayMs : 0) < ms;
}
