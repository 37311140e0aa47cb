import type { CookBody } from '../service/endpoints.ts';
import { asNumber } from '../service/json.ts';
import type { Recipe } from '../service/schemas.ts';
import { InputError } from '../errors.ts';
import { hourMs } from './cost.ts';
import type { OfferSummary, OverBudget } from '../jobs/records.ts';

/** What the jobs of a step may cost, in US dollars; null: any amount. */
export interface Ceilings {
  /** Most that one job may cost an hour, all its nodes together. */
  readonly maxHourlyRateUsd: number | null;
  /** Most that all jobs of the step may cost. */
  readonly maxCostUsd: number | null;
}

export const noCeilings: Ceilings = { maxHourlyRateUsd: null, maxCostUsd: null };

export function hasCeiling({ maxHourlyRateUsd, maxCostUsd }: Ceilings): boolean {
  return maxHourlyRateUsd !== null || maxCostUsd !== null;
}

/** The shortest run limit that the service takes, in ms. */
export const minRunLimitMs = 60_000;

/**
 * The longest that each run of a job may take so that all jobs together stay below `max-cost`, also
 * without a runner; in ms, null without both ceilings.
 * @param retries how often the service may start the job again, with a run as long
 */
export function shareMs({ maxHourlyRateUsd, maxCostUsd }: Ceilings, jobCount: number, retries = 0) {
  if (maxHourlyRateUsd === null || maxCostUsd === null) return null;
  const hours = maxCostUsd / jobCount / maxHourlyRateUsd / (retries + 1);
  // 0.05 / 0.5 has to give 6 minutes, whatever the binary fractions are.
  return Math.floor(hours * hourMs + 1e-6);
}

/** What is wrong with ceilings that leave a job less than the service's minimum of one minute. */
export function shareProblems(ceilings: Ceilings, jobCount: number, retries = 0) {
  const share = shareMs(ceilings, jobCount, retries);
  if (share === null || share >= minRunLimitMs) return [];
  const runs = jobCount * (retries + 1);
  const leastUsd = ((ceilings.maxHourlyRateUsd ?? 0) * runs * minRunLimitMs) / hourMs;
  const jobs = jobCount === 1 ? '1 job' : `${jobCount} jobs`;
  const what = retries === 0 ? jobs : `${jobs}, max-retry-count ${retries}`;
  const message = `pays for only ${(share / 1000).toFixed(1)} s per run at max-hourly-rate (${what}), but the service needs at least 1 minute: set max-cost to at least ${Math.ceil(leastUsd * 1e4 - 1e-6) / 1e4}, or lower max-hourly-rate`;
  return [{ input: 'max-cost', message }];
}

/**
 * Has a BATCH job carry its share of `max-cost` as run limit, where that is less than its own.
 * @returns the body, and the limit in it, in ms, where that is the share
 * @throws InputError where the share is less than the service takes
 */
export function withShare(
  body: CookBody,
  recipe: Recipe | null,
  ceilings: Ceilings,
  jobCount: number,
) {
  const fields = { ...recipe?.payload, ...body };
  const { task, max_timeout_run_ms: own, max_retry_count: count } = fields;
  const retries = asNumber(count) ?? 0;
  const share = shareMs(ceilings, jobCount, retries);
  const message =
    'is required with max-cost and max-hourly-rate: the service does not show how often the recipe is retried';
  if (share !== null && count === undefined && !recipe?.payload)
    throw new InputError([{ input: 'max-retry-count', message }]);
  // A PERSISTENT job must not have a limit.
  if (share === null || task === 'PERSISTENT') return { body, shareMs: null };
  const problems = shareProblems(ceilings, jobCount, retries);
  if (problems.length > 0) throw new InputError(problems);
  if (typeof own === 'number' && own <= share) return { body, shareMs: null };
  return { body: { ...body, max_timeout_run_ms: share }, shareMs: share };
}

/** Whether a rate is above its ceiling, whatever the binary fractions of 3 × 0.10 are. */
export const isAbove = (usd: number, ceilingUsd: number) => usd > ceilingUsd * (1 + 1e-9);

/** Set where even the cheapest offer costs more than `max-hourly-rate`. */
export function exceedsRate(offers: OfferSummary | null, ceilings: Ceilings): OverBudget | null {
  const { maxHourlyRateUsd: ceilingUsd } = ceilings;
  if (offers === null || ceilingUsd === null || !isAbove(offers.minUsd, ceilingUsd)) return null;
  return { kind: 'offers', amountUsd: offers.minUsd, ceilingUsd };
}
