import * as z from 'zod/mini';
import { parseJson } from '../service/json.ts';
import type { Runner } from '../runner.ts';
import { entryFactsSchema, newStepFacts, stepFactsSchema } from './facts.ts';
import type { EntryFacts, StepFacts } from './facts.ts';
import { policySchema, type Policy } from './policy.ts';

// What the post entry must know if main does not live to the end, in the step's saved state: facts,
// ids and marks, never secrets. Written before each request leaves; the runner reads it when the
// process has ended, however it ended.

const policyName = 'policy';
const stepName = 'step';
const statusesName = 'commit-statuses';
const sshFolderName = 'ssh-folder';
const entryName = (place: number) => `entry-${place}`;

/** Saved first: without it, post takes it that nothing was sent. */
export function savePolicy(runner: Runner, policy: Policy): void {
  runner.saveState(policyName, JSON.stringify(policy));
}

/** @param place among all entries of the step, from 0, without gaps */
export function saveEntry(runner: Runner, place: number, facts: EntryFacts): void {
  runner.saveState(entryName(place), JSON.stringify(facts));
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

/** Saves where the key of the step is, so that post deletes it. */
export function saveSshFolder(runner: Runner, path: string): void {
  runner.saveState(sshFolderName, path);
}

/** Where the key of the step is; empty where there is none. */
export function readSshFolder(runner: Runner): string {
  return runner.state(sshFolderName);
}

/** Reads what main saved; null where it sent nothing. */
export function readSavedState(runner: Runner) {
  const read = <S extends z.core.$ZodType>(name: string, schema: S): z.output<S> | null => {
    const parsed = z.safeParse(schema, parseJson(runner.state(name)));
    return parsed.success ? parsed.data : null;
  };
  const policy = read(policyName, policySchema);
  if (policy === null) return null;
  const entries: EntryFacts[] = [];
  for (let place = 0; runner.state(entryName(place)) !== ''; place += 1) {
    const facts = read(entryName(place), entryFactsSchema);
    if (facts !== null) entries.push(facts);
  }
  const step: StepFacts = read(stepName, stepFactsSchema) ?? newStepFacts;
  /** The commit whose statuses main was still to finish; empty where there is none. */
  const pendingSha = runner.state(statusesName);
  return { policy, step, entries, pendingSha };
}
