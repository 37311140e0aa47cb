import { asError, ServiceError } from '../errors.ts';
import { isDuplicate, type EntryFacts } from '../custody/facts.ts';
import { getWanted } from '../custody/policy.ts';
import {
  duplicateReason,
  ownReason,
  reconcile,
  type ReconcileEvents,
} from '../custody/reconcile.ts';
import type { StepEnd } from './end.ts';
import { observe, record, type Entry } from './entry.ts';
import type { Step } from './step.ts';

/** Does with the jobs of an entry what is wanted, from main and from the cancel action. */
export async function reconcileEntry(step: Step, entry: Entry): Promise<void> {
  const { client, finder, poller, end, plan } = step;
  // Nobody comes after the cancel action.
  const phase = plan.cancelReason === undefined ? 'main' : 'post';
  const options = { client, finder, poller, deadline: end.deadline, phase } as const;
  await reconcile(
    {
      facts: () => entry.facts,
      record: (change) => {
        record(step, entry, change);
      },
      wanted: () =>
        plan.cancelReason === undefined
          ? getWanted(entry.facts, end.facts(), plan.policy, 'main')
          : 'cancel',
      cancels: entry.cancels,
      reason: (jobUuid) => reasonFor(entry, jobUuid, step),
      onJob: (job) => {
        observe(step, entry, job);
      },
    },
    { ...options, events: eventsOf(step, entry) },
  );
}

function eventsOf({ console, plan }: Step, entry: Entry): ReconcileEvents {
  const isOwn = (jobUuid: string) => entry.facts.jobs[0]?.uuid === jobUuid;
  return {
    ...console,
    cancelling: (jobUuid, reason) => {
      if (isOwn(jobUuid)) entry.cancel = 'accepted';
      console.cancelling(jobUuid, reason);
    },
    cancelFailed: (jobUuid, error) => {
      if (isOwn(jobUuid)) entry.cancel = 'failed';
      // Where the cancel is all that was asked for, its failure is that of the step.
      if (plan.cancelReason !== undefined) entry.error = asError(error);
      // Of a job that nobody has ever seen, the verdict tells that the service knows of none.
      else if (entry.submitted !== null || !isUnknown(entry.error) || !isUnknown(error))
        console.cancelFailed(jobUuid, error);
    },
  };
}

function isUnknown(error: unknown): boolean {
  return error instanceof ServiceError && error.status === 404;
}

function reasonFor({ facts }: Entry, jobUuid: string, { end, plan }: Step) {
  const { cancelReason } = plan;
  if (cancelReason !== undefined) return { told: cancelReason, sent: cancelReason };
  return ownReason(isDuplicate(facts, jobUuid) ? duplicateReason : whyUnwanted(facts, end));
}

function whyUnwanted(facts: EntryFacts, end: StepEnd): string {
  const [reason] = end.facts().ends;
  if (reason !== undefined) return endWords[reason];
  switch (facts.stop) {
    case 'over-budget':
      return 'it is over budget';
    case 'ended':
      return 'it has failed, and may be started once more';
    case 'replaced':
      return 'it has failed, may be started once more, and is cooked anew';
    case 'goal':
    case 'lost':
    case 'not-cooked':
    case null:
      return 'its status is unknown';
  }
}

const endWords = {
  timeout: 'the timeout was reached',
  interrupt: 'the workflow was cancelled',
  'fail-fast': 'another job of the step failed',
  'max-cost': 'max-cost is nearly reached',
} as const;
