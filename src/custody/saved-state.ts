import * as z from 'zod/mini';
import { parseJson } from '../service/json.ts';
import type { Runner } from '../runner.ts';
import { parseEntryFacts, parseStepFacts, type EntryFacts, type StepFacts } from './facts.ts';

// What the post entry must know if main does not live to the end, in the step's saved state: facts,
// ids and marks, never secrets. Written before each request leaves; the runner reads it when the
// process has ended, however it ended.

const planName = 'plan';
const stepName = 'step';
const statusesName = 'commit-statuses';
const entryName = (index: number, choice: number) =>
  choice === 0 ? `entry-${index}` : `entry-${index}-${choice}`;

const planSchema = z.object({
  count: z.number(),
  /** How many records an entry may have: one a try, and one for what earlier attempts left. */
  records: z.number(),
  policy: z.object({
    onTimeout: z.enum(['cancel', 'fail', 'detach']),
    onWorkflowCancel: z.enum(['cancel', 'detach']),
  }),
});

/** What post must know of the step's inputs: main has read them with the defaults of its action. */
export type SavedPlan = Readonly<z.infer<typeof planSchema>>;

export function savePlan(runner: Runner, { count, records, policy }: SavedPlan): void {
  runner.saveState(planName, JSON.stringify({ count, records, policy }));
}

/**
 * @param index the entry's place in the step, from 0
 * @param choice the record's place among those of its entry, from 0
 */
export function saveEntry(runner: Runner, index: number, choice: number, facts: EntryFacts): void {
  runner.saveState(entryName(index, choice), JSON.stringify(facts));
}

export function saveStep(runner: Runner, facts: StepFacts): void {
  runner.saveState(stepName, JSON.stringify(facts));
}

/**
 * Saves what post can do without: it takes main for killed then, and looks for the jobs. Where a disk
 * is full, that is no reason not to cancel them now.
 */
export function saveIfPossible(save: () => void): void {
  try {
    save();
  } catch {
    // What was saved before the cook left is there.
  }
}

/** @param sha the commit whose statuses are still to be finished; empty where none is */
export function savePendingStatuses(runner: Runner, sha: string): void {
  runner.saveState(statusesName, sha);
}

/** What main saved. */
export interface SavedState {
  readonly policy: SavedPlan['policy'];
  readonly step: StepFacts;
  readonly entries: readonly EntryFacts[];
  /** The commit whose statuses main was still to finish; empty where there is none. */
  readonly pendingSha: string;
}

/** Reads what main saved; null where it sent nothing. */
export function readSavedState(runner: Runner): SavedState | null {
  const plan = planSchema.safeParse(parseJson(runner.state(planName)));
  if (!plan.success) return null;
  const { count, records, policy } = plan.data;
  const entries = Array.from({ length: count * records }, (_, place) =>
    parseEntryFacts(
      parseJson(runner.state(entryName(Math.floor(place / records), place % records))),
    ),
  ).filter((facts) => facts !== null);
  const step = parseStepFacts(parseJson(runner.state(stepName)));
  return { policy, step, entries, pendingSha: runner.state(statusesName) };
}
