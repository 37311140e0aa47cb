import * as z from 'zod/mini';
import { parseJson } from '../service/json.ts';
import type { Runner } from '../runner.ts';
import {
  entryFactsSchema,
  newStepFacts,
  stepFactsSchema,
  type EntryFacts,
  type StepFacts,
} from './facts.ts';

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

const sshFolderName = 'ssh-folder';

/** Saves where the key of the step is, so that post deletes it. */
export function saveSshFolder(runner: Runner, path: string): void {
  runner.saveState(sshFolderName, path);
}

/** Where the key of the step is; empty where there is none. */
export function readSshFolder(runner: Runner): string {
  return runner.state(sshFolderName);
}

/** What main saved. */
export type SavedState = NonNullable<ReturnType<typeof readSavedState>>;

/** Reads what main saved; null where it sent nothing. */
export function readSavedState(runner: Runner) {
  const read = <S extends z.core.$ZodType>(name: string, schema: S): z.output<S> | null => {
    const parsed = z.safeParse(schema, parseJson(runner.state(name)));
    return parsed.success ? parsed.data : null;
  };
  const plan = read(planName, planSchema);
  if (plan === null) return null;
  const entries: EntryFacts[] = [];
  for (let index = 0; index < plan.count; index += 1) {
    for (let choice = 0; choice < plan.records; choice += 1) {
      const facts = read(entryName(index, choice), entryFactsSchema);
      if (facts !== null) entries.push(facts);
    }
  }
  const step: StepFacts = read(stepName, stepFactsSchema) ?? newStepFacts;
  /** The commit whose statuses main was still to finish; empty where there is none. */
  const pendingSha = runner.state(statusesName);
  return { policy: plan.policy, step, entries, pendingSha };
}
