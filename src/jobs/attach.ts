import type { Job } from '../api/schemas.ts';
import type { CookRequest, SubmittedJob } from './records.ts';
import { isFinal } from './status.ts';
import { carries, newestJobs, type FindParts } from './find.ts';

// A workflow run can be re-run for 30 days.
const maxAgeMs = 30 * 86_400_000;

/**
 * Finds the jobs that earlier attempts of the workflow run cooked for these orders, and that are
 * alive or completed. What failed or was cancelled is not taken over, nor is what there is none of.
 */
export async function attach(
  orders: readonly CookRequest[],
  parts: FindParts,
): Promise<ReadonlyMap<CookRequest, SubmittedJob>> {
  const tickets = new Map<CookRequest, SubmittedJob>();
  const wanted = orders.filter(({ earlierKeys }) => earlierKeys.length > 0);
  if (wanted.length === 0) return tickets;
  const nowMs = parts.clock.now();
  for await (const job of newestJobs(parts, nowMs - maxAgeMs)) {
    const order = wanted.find((each) => !tickets.has(each) && isFor(each, job));
    if (order === undefined || !isOfUse(job)) continue;
    tickets.set(order, { subject: order, origin: 'attached', job, submittedAtMs: nowMs });
    if (tickets.size === wanted.length) break;
  }
  return tickets;
}

function isFor({ earlierKeys, recipeUuid }: CookRequest, job: Job): boolean {
  return earlierKeys.some((key) => carries(job, key, recipeUuid));
}

function isOfUse({ status }: Job): boolean {
  return status === 'COMPLETED' || !(isFinal(status) || /^(?:CANCELLING|FAILING)$/.test(status));
}
