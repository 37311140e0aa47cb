import * as z from 'zod/mini';
import { endReasons } from '../jobs/records.ts';
import type { Runner } from '../runner.ts';
import { parseJson } from '../service/json.ts';
import type { Job } from '../service/schemas.ts';

// What was sent, answered and seen, and why the wait ended: plain data, never a conclusion and never
// a secret. It is kept in the step's saved state, for the post entry, before each request leaves; the
// runner reads it when the process has ended, however it ended.

/** What was asked to be done with jobs that have not ended when the step does. */
const policySchema = z.object({
  onTimeout: z.enum(['cancel', 'fail', 'detach']),
  onWorkflowCancel: z.enum(['cancel', 'detach']),
  /** For the post entry alone. */
  onJobEnd: z.enum(['keep', 'cancel']),
});

export type Policy = Readonly<z.infer<typeof policySchema>>;

const jobFactsSchema = z.object({
  uuid: z.string(),
  /** Whether it was seen with a final status that nothing will change any more. */
  hasEnded: z.boolean(),
});

const entryFactsSchema = z.object({
  /** At the end of the description of the entry's job; null for a job given by its UUID. */
  mark: z.nullable(z.string()),
  /** Cooks that have left. */
  sends: z.number(),
  /** Of these, the ones that never reached the service: no connection was made. */
  unsent: z.number(),
  /** Of these, the ones that the service refused. */
  refused: z.number(),
  /** The service's clock when the last cook left, Unix ms; null: not known. */
  serverSentAtMs: z.nullable(z.number()),
  /** How often its job may be started again, as it was sent or is in the recipe; null: not known. */
  retries: z.nullable(z.number()),
  /** How many nodes its job asks for, likewise. */
  nodes: z.nullable(z.number()),
  /** Jobs of this entry: first the one that the step reports, then duplicates. */
  jobs: z.array(jobFactsSchema),
  /**
   * Why the step no longer watches this entry, where that is not the end of the whole step:
   * - `goal`: the job does what was asked for: it runs, or was submitted
   * - `ended`: the job has ended, though perhaps the service starts it again
   * - `lost`: the job can no longer be read
   * - `not-cooked`: no job was created, as far as is known
   * - `over-budget`: it costs more than it may, or would have
   * - `replaced`: an earlier attempt cooked it, and its entry is cooked again
   */
  stop: z.nullable(z.enum(['goal', 'ended', 'lost', 'not-cooked', 'over-budget', 'replaced'])),
});

export type EntryFacts = Readonly<z.infer<typeof entryFactsSchema>>;

const stepFactsSchema = z.object({
  /** Why the wait has ended, in the order in which it happened; empty before. */
  ends: z.array(z.enum(endReasons)),
  /** Whether main has its verdict: nothing that happens later changes what it decided. */
  hasVerdict: z.boolean(),
});

export type StepFacts = Readonly<z.infer<typeof stepFactsSchema>>;

export const newStepFacts: StepFacts = { ends: [], hasVerdict: false };

/** An entry of which nothing has been sent. */
export function newEntryFacts(mark: string | null): EntryFacts {
  const none = { sends: 0, unsent: 0, refused: 0, serverSentAtMs: null };
  return { mark, ...none, retries: null, nodes: null, jobs: [], stop: null };
}

/** How many cooks may have created a job that is not known. */
export function unansweredCooks({ sends, unsent, refused, jobs }: EntryFacts): number {
  return Math.max(0, sends - unsent - refused - jobs.length);
}

/** The jobs of an entry, with one added, or with more known of it. */
export function withJob({ jobs }: EntryFacts, job: EntryFacts['jobs'][number]) {
  const isKnown = jobs.some(({ uuid }) => uuid === job.uuid);
  return {
    jobs: isKnown ? jobs.map((known) => (known.uuid === job.uuid ? job : known)) : [...jobs, job],
  };
}

/** A job with the nodes that were asked for, and with the retries where the service does not say it. */
export function withSent(job: Job, { retries, nodes }: Pick<EntryFacts, 'retries' | 'nodes'>): Job {
  return {
    ...job,
    max_retry_count: job.max_retry_count ?? retries,
    max_node_count: nodes ?? job.max_node_count,
  };
}

/** Whether a job is a second one that a repeated cook has created. */
export function isDuplicate({ mark, jobs }: EntryFacts, jobUuid: string): boolean {
  return mark !== null && jobs[0]?.uuid !== jobUuid;
}

/** What is saved beside the facts, by name: without the policy, post takes it that nothing was sent. */
export const stateNames = {
  policy: 'policy',
  step: 'step',
  /** The commit whose statuses are still to be finished; empty where none is. */
  pendingSha: 'commit-statuses',
  /** The folder with the key of the step, for post to delete. */
  sshFolder: 'ssh-folder',
};

const entryName = (place: number) => `entry-${place}`;

export function savePolicy(runner: Runner, policy: Policy): void {
  runner.saveState(stateNames.policy, JSON.stringify(policy));
}

/** @param place among all entries of the step, from 0, without gaps */
export function saveEntry(runner: Runner, place: number, facts: EntryFacts): void {
  runner.saveState(entryName(place), JSON.stringify(facts));
}

export function saveStep(runner: Runner, facts: StepFacts): void {
  runner.saveState(stateNames.step, JSON.stringify(facts));
}

/**
 * Saves what post can do without: it takes main for killed then, and looks for the jobs. Where a disk
 * is full, that is no reason not to cancel them now.
 */
export function saveIfPossible(save: () => void): void {
  try {
    save();
  } catch {}
}

/** Reads what main saved; null where it sent nothing. */
export function readSavedState(runner: Runner) {
  const read = <S extends z.core.$ZodType>(name: string, schema: S): z.output<S> | null => {
    const parsed = z.safeParse(schema, parseJson(runner.state(name)));
    return parsed.success ? parsed.data : null;
  };
  const policy = read(stateNames.policy, policySchema);
  if (policy === null) return null;
  const entries: EntryFacts[] = [];
  for (let place = 0; runner.state(entryName(place)) !== ''; place += 1) {
    const facts = read(entryName(place), entryFactsSchema);
    if (facts !== null) entries.push(facts);
  }
  const step: StepFacts = read(stateNames.step, stepFactsSchema) ?? newStepFacts;
  return { policy, step, entries, pendingSha: runner.state(stateNames.pendingSha) };
}
