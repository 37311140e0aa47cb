import type { EndReason } from '../jobs/records.ts';
import { unansweredCooks, type EntryFacts, type Policy, type StepFacts } from './facts.ts';

// What is known and asked for → what is wanted → what is done: the whole of the promise that no
// unwanted job is left running. Pure; `reconcile.ts` does what it says, in main and in post alike.

export type Wanted = 'keep' | 'cancel';

/** Where the facts are looked at: in main, or in post, when the workflow's job has ended. */
export type Phase = 'main' | 'post';

/** What is wanted of the jobs of an entry: once that is `cancel`, they are not kept again. */
export function getWanted(facts: EntryFacts, step: StepFacts, policy: Policy, phase: Phase) {
  if (phase === 'post' && policy.onJobEnd === 'cancel') return 'cancel';
  // Without a verdict, main was killed before it could note an interrupt.
  const isKilled = phase === 'post' && !step.hasVerdict;
  const ends: readonly EndReason[] = isKilled ? [...step.ends, 'interrupt'] : step.ends;
  return endsByItself(facts, policy) || ends.some((end) => endCancels(end, facts, policy))
    ? 'cancel'
    : 'keep';
}

function endsByItself({ stop, mark }: EntryFacts, policy: Policy): boolean {
  switch (stop) {
    // The step fails without a job: one that shows up later is not watched.
    case 'not-cooked':
    case 'over-budget':
    // If the service starts it again, there are two.
    case 'replaced':
      return true;
    // If the service starts it again, it is not watched.
    case 'ended':
      return mark !== null || policy.onTimeout === 'cancel';
    // Not watched any more, it is treated like one whose time is over.
    case 'lost':
      return policy.onTimeout === 'cancel';
    case 'goal':
    case null:
      return false;
  }
}

function endCancels(end: EndReason, { stop }: EntryFacts, policy: Policy): boolean {
  switch (end) {
    case 'interrupt':
      return policy.onWorkflowCancel === 'cancel';
    case 'fail-fast':
    // Also a job that does what was asked for keeps costing money.
    case 'max-cost':
      return true;
    // A job that does what was asked for in time has not timed out.
    case 'timeout':
      return policy.onTimeout === 'cancel' && stop !== 'goal';
  }
}

/** What has been tried with the jobs of an entry by this process. */
export interface Attempts {
  readonly canceled: ReadonlySet<string>;
  readonly hasLooked: boolean;
}

/** What to do next about an entry: cancel what is unwanted, and look for what may have been created. */
export function nextAction(
  facts: EntryFacts,
  wanted: Wanted,
  { canceled, hasLooked }: Attempts,
  phase: Phase,
) {
  const [own, ...duplicates] = facts.jobs;
  const unwanted = [...(own && wanted === 'cancel' ? [own] : []), ...duplicates];
  const jobUuids = unwanted
    .filter(({ uuid, hasEnded }) => !hasEnded && !canceled.has(uuid))
    .map(({ uuid }) => uuid);
  if (jobUuids.length > 0) return { do: 'cancel', jobUuids } as const;
  return { do: !hasLooked && mayHaveMore(facts, phase) ? 'look' : 'done' } as const;
}

function mayHaveMore(facts: EntryFacts, phase: Phase): boolean {
  if (facts.mark === null) return false;
  if (unansweredCooks(facts) > 0) return true;
  // What was refused most likely created nothing; post makes sure of it.
  return phase === 'post' && facts.refused > 0 && facts.jobs.length === 0;
}
