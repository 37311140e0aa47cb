import type { Runner } from '../runtime.ts';
import { parseJson } from '../api/json.ts';
import * as z from 'zod/mini';

// What the post entry must know if main does not live to the end, kept in the step's saved state:
// ids and keys, never secrets. Written before each request leaves.

const entrySchema = z.object({
  recipeUuid: z.nullable(z.string()),
  /** null for a job that was given by its UUID. */
  cookKey: z.nullable(z.string()),
  jobUuid: z.nullable(z.string()),
  /** When the first cook was sent, Unix ms. */
  sentAtMs: z.number(),
  /** How many cooks were sent: after a second one, the first may have come to be after all. */
  sends: z.number(),
  /**
   * - `sent`: a cook has left; whether a job came to be is not known
   * - `refused`: the service refused the cook
   * - `missing`: it was in doubt whether a job came to be, none was found, and the user was told so
   * - `followed`: there is a job, and main is with it
   * - `doomed`: the job is to be cancelled, and its end was not seen
   * - `kept`: the job is to live on
   * - `over`: the job has ended
   */
  fate: z.enum(['sent', 'refused', 'missing', 'followed', 'doomed', 'kept', 'over']),
});

/** What is known of one job of the step. */
export type SavedEntry = Readonly<z.infer<typeof entrySchema>>;

/** Writes the entries of one step. */
export interface SavedState {
  /** @param index the job's place in the step, from 0 */
  readonly write: (index: number, change: Partial<SavedEntry>) => void;
}

const countName = 'jobs';
const entryName = (index: number) => `job-${index}`;

/** @param count how many jobs the step may have */
export function openSavedState(runner: Runner, count: number, nowMs: number): SavedState {
  const entries = new Map<number, SavedEntry>();
  runner.saveState(countName, String(count));
  return {
    write: (index, change) => {
      const blank = { recipeUuid: null, cookKey: null, jobUuid: null, sentAtMs: nowMs, sends: 0 };
      const before = entries.get(index) ?? { ...blank, fate: 'sent' as const };
      const entry = { ...before, ...change };
      entries.set(index, entry);
      runner.saveState(entryName(index), JSON.stringify(entry));
    },
  };
}

/** The entries that main wrote; empty where it sent nothing. */
export function readSavedState(runner: Runner): readonly SavedEntry[] {
  const count = Number(runner.state(countName) || 0);
  return Array.from({ length: count }, (_, index) => {
    const parsed = entrySchema.safeParse(parseJson(runner.state(entryName(index))));
    return parsed.success ? [parsed.data] : [];
  }).flat();
}
