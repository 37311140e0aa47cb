import pLimit from 'p-limit';
import type { Job } from '../service/schemas.ts';
import { newEntryFacts } from '../custody/facts.ts';
import { createFactsReconciler } from '../custody/reconcile.ts';
import type { MarkedJob } from './jobs.ts';
import type { Check } from '../commands/check.ts';

// The service is not to be rushed.
const maxConcurrent = 16;

const reason = 'the workflow run that cooked it is over';

/**
 * Cancels jobs, and confirms that they end; what could not be cancelled is told.
 * @returns the jobs as last seen, by their UUIDs
 */
export async function cancelOrphans(
  { client, console, signal }: Check,
  orphans: readonly MarkedJob[],
): Promise<ReadonlyMap<string, Job>> {
  const seen = new Map<string, Job>();
  const inTurn = pLimit(maxConcurrent);
  const { serviceUnavailable: onUnavailable, serviceAvailable: onAvailable } = console;
  const reconcile = createFactsReconciler(
    { client, events: console, phase: 'main', deadline: signal },
    { onUnavailable, onAvailable },
    reason,
    (job) => seen.set(job.uuid, job),
  );
  const cancel = async ({ job: { uuid } }: MarkedJob) =>
    reconcile({ ...newEntryFacts(null), jobs: [{ uuid, hasEnded: false }] }, () => 'cancel');
  await Promise.all(orphans.map(async (orphan) => inTurn(async () => cancel(orphan))));
  return seen;
}
