import { nowOf, type Client } from '../service/client.ts';
import { listJobRuns, readRecipe } from '../service/endpoints.ts';
import { asNumber } from '../service/json.ts';
import type { Job, JobRun, Recipe } from '../service/schemas.ts';
import { latestMs } from './metrics.ts';
import { isFinal, isKnown } from './status.ts';

// Not documented: whether FAILED shows between two runs of a job with retries left, and which statuses
// there are beside the known ones. So neither counts as the end at once.

/** How final a status is: `open` for now, `final`, or `early`, when no new run came in time. */
export type EndState = 'open' | 'final' | 'early';

/** How long a job waits for a machine at most, where neither recipe nor inputs say. */
export const defaultAssignMs = 300_000;
const slackMs = 30_000;
const unknownMs = 60_000;
const readEveryMs = 10_000;

// A new run needs a machine, which may take as long as the job lets it.
function patienceMs({ status, max_timeout_assign_ms: assignMs }: Job): number {
  return isFinal(status) ? (assignMs ?? defaultAssignMs) + slackMs : unknownMs;
}

/** Creates a check of one job, to call with each look at it. */
export function createEndCheck(client: Client, signal: AbortSignal): (job: Job) => EndState {
  const { clock } = client;
  let status: string | null = null;
  let sinceMs = 0;
  let runs: readonly JobRun[] | null = null;
  let recipe: Recipe | null = null;
  let readFromMs = 0;

  const readRuns = async (job: Job) => {
    readFromMs = Infinity;
    const known = runs?.length ?? 0;
    runs = await listJobRuns(client, job.uuid, signal).catch(() => runs);
    if (runs !== null && (runs.length !== known || runs.some(isAlive)))
      sinceMs = clock.monotonicMs();
    if (job.max_retry_count === null && job.source_recipe_uuid !== null)
      recipe ??= await readRecipe(client, job.source_recipe_uuid, signal).catch(() => null);
    readFromMs = clock.monotonicMs() + readEveryMs;
  };
  return (job) => {
    if (job.status !== status) {
      [status, sinceMs, runs, readFromMs] = [job.status, clock.monotonicMs(), null, 0];
    }
    const isEnded = isFinal(job.status);
    const mayChange = isEnded ? mayRestart(job) : !isKnown(job.status) && job.completed_at !== null;
    if (!mayChange) return isEnded ? 'final' : 'open';
    const isIdle = runs?.some(isAlive) !== true;
    // Neither the service nor the recipe has a number: most likely there are no retries.
    const isUnlikely = recipe?.payload && !asNumber(recipe.payload['max_retry_count']);
    const forMs = isUnlikely ? unknownMs : patienceMs(job);
    const isLong = clock.monotonicMs() - sinceMs >= forMs;
    const isOld = job.completed_at !== null && hasEndedForGood(job, nowOf(client));
    const isQuiet = isIdle && (isLong || (runs !== null && isOld));
    // Of several nodes, each may have a run of its own.
    const maxRuns = (job.max_node_count ?? 1) > 1 ? Infinity : job.max_retry_count;
    const hasAllRuns = isEnded && (runs?.length ?? 0) > (maxRuns ?? Infinity);
    if (isIdle && hasAllRuns) return 'final';
    if (isQuiet && isEnded) return 'early';
    if (isQuiet && runs !== null) return 'final';
    if (clock.monotonicMs() >= readFromMs) void readRuns(job);
    return 'open';
  };
}

function isAlive({ status, ended_at_ms: endedAtMs }: JobRun): boolean {
  return !isFinal(status) && endedAtMs === null;
}

/** Whether a job that fails may be started again, as far as is known. */
export function mayRestart(job: Job): boolean {
  return ['FAILED', 'FAILING'].includes(job.status) && job.max_retry_count !== 0;
}

/** Whether a job has ended, and will not be started again. */
export function hasFinished(job: Job): boolean {
  return isFinal(job.status) && !mayRestart(job);
}

/**
 * Whether a job has ended for good, as far as a single look shows.
 * @param nowMs Unix ms, by the service's clock
 */
export function hasEndedForGood(job: Job, nowMs: number): boolean {
  if (hasFinished(job)) return true;
  const { status, completed_at: completedAt, created_at: createdAt } = job;
  if (isKnown(status) && !isFinal(status)) return false;
  const endedAt = completedAt ?? (isFinal(status) ? createdAt : null);
  return endedAt !== null && nowMs - latestMs(endedAt) >= patienceMs(job);
}
