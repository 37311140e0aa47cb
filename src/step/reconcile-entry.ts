import { isDuplicate, type EntryFacts } from '../custody/facts.ts';
import { getWanted } from '../custody/policy.ts';
import { duplicateReason, reconcile, type ReconcileEvents } from '../custody/reconcile.ts';
import { asError, ServiceError } from '../errors.ts';
import type { OverBudget } from '../jobs/records.ts';
import { type Entry, setSeen } from './entry.ts';
import type { Step } from './step.ts';
import { applyUpdate, saveFacts } from './update.ts';

/**
 * Does with the jobs of an entry what is wanted; resolves when nothing is left to do. Calls do not
 * wait for each other: what is unwanted now must not wait for what is being confirmed.
 */
export async function reconcileEntry(step: Step, entry: Entry): Promise<void> {
  const both = Promise.all([entry.reconciling, reconcileNow(step, entry)]);
  entry.reconciling = both.then(() => {});
  // Whoever waits for it is told of what it throws; else whoever reconciles it next.
  entry.reconciling.catch(() => {});
  return entry.reconciling;
}

/** Stops a job that costs more than it may; its cancel follows from that. */
export function stopOverBudget(step: Step, entry: Entry, why: OverBudget): void {
  const { stop } = entry.facts;
  if (stop !== null && stop !== 'goal') return;
  setSeen(entry, { overBudget: why });
  saveFacts(step, entry, { stop: 'over-budget' });
  entry.unwatch.abort();
  // Of a job that did what was asked for, nothing else takes care any more.
  if (stop === 'goal') void reconcileEntry(step, entry);
}

async function reconcileNow(step: Step, entry: Entry): Promise<void> {
  const { client, finder, poller, end, plan } = step;
  const { cancelReason } = plan;
  await reconcile(
    {
      facts: () => entry.facts,
      record: (change) => {
        saveFacts(step, entry, change);
      },
      wanted: () =>
        cancelReason === undefined
          ? getWanted(entry.facts, end.facts(), plan.policy, 'main')
          : 'cancel',
      canceled: entry.canceled,
      reason: (jobUuid) =>
        cancelReason ??
        (isDuplicate(entry.facts, jobUuid) ? duplicateReason : cause(entry.facts, step)),
      onJob: (job) => {
        applyUpdate(step, entry, job);
      },
    },
    {
      client,
      finder,
      poller,
      deadline: end.deadline,
      // Nothing comes after the cancel action.
      phase: cancelReason === undefined ? 'main' : 'post',
      events: createEvents(step, entry),
    },
  );
}

function createEvents({ log, plan }: Step, entry: Entry): ReconcileEvents {
  const isOwn = (jobUuid: string) => entry.facts.jobs[0]?.uuid === jobUuid;
  return {
    ...log,
    cancelling: (jobUuid, reason) => {
      if (isOwn(jobUuid)) setSeen(entry, { cancel: 'accepted' });
      log.cancelling(jobUuid, reason, entry.ref.index);
    },
    cancelFailed: (jobUuid, error) => {
      const { submitted, error: before } = entry.seen;
      if (isOwn(jobUuid)) setSeen(entry, { cancel: 'failed' });
      // Where the cancel is all that was asked for, its failure is that of the step.
      if (plan.cancelReason !== undefined) setSeen(entry, { error: asError(error) });
      // Of a job that was never seen, the verdict says that the service knows of none.
      else if (submitted !== null || !isUnknown(before) || !isUnknown(error))
        log.cancelFailed(jobUuid, error);
    },
  };
}

function isUnknown(error: unknown): boolean {
  return error instanceof ServiceError && error.status === 404;
}

/** Why a job is unwanted, for the log and the service. */
function cause({ stop }: EntryFacts, { end }: Step): string {
  const [reason] = end.facts().ends;
  return reason === undefined ? causesByStop[stop ?? 'lost'] : causesByEnd[reason];
}

const causesByEnd = {
  timeout: 'the timeout was reached',
  interrupt: 'the workflow was cancelled',
  'fail-fast': 'another job of the step failed',
  'max-cost': 'max-cost is nearly reached',
} as const;

const unknownStatus = 'its status is unknown';
const causesByStop: Readonly<Record<NonNullable<EntryFacts['stop']>, string>> = {
  'over-budget': 'it is over budget',
  ended: 'it has failed, and may be started once more',
  replaced: 'it has failed, may be started once more, and is cooked anew',
  goal: unknownStatus,
  lost: unknownStatus,
  'not-cooked': unknownStatus,
};
