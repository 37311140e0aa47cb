import pLimit from 'p-limit';
import type { Job } from '../service/schemas.ts';
import { newEntryFacts, type EntryFacts } from '../custody/facts.ts';
import { createFinder } from '../custody/find.ts';
import { createPoller } from '../service/poll.ts';
import {
  ownReason,
  reconcile,
  type Reconciled,
  type ReconcileOptions,
} from '../custody/reconcile.ts';
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
  const poller = createPoller({
    client,
    interval: 'auto',
    signal,
    onUnavailable: console.serviceUnavailable,
    onAvailable: console.serviceAvailable,
  });
  const finder = createFinder(client);
  const options: ReconcileOptions = {
    client,
    finder,
    poller,
    events: console,
    phase: 'main',
    deadline: signal,
  };
  const cancel = async ({ job }: MarkedJob) =>
    reconcile(
      unwanted(job, (last) => seen.set(last.uuid, last)),
      options,
    );
  await Promise.all(orphans.map(async (each) => inTurn(async () => cancel(each))));
  return seen;
}

function unwanted({ uuid }: Job, onJob: (job: Job) => void): Reconciled {
  let facts: EntryFacts = { ...newEntryFacts(null), jobs: [{ uuid, hasEnded: false }] };
  return {
    facts: () => facts,
    record: (change) => {
      facts = { ...facts, ...change };
    },
    wanted: () => 'gone',
    cancels: new Map(),
    confirmed: new Set(),
    reason: () => ownReason(reason),
    onJob,
  };
}
