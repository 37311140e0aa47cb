import { randomUUID } from 'node:crypto';
import { jobAt, runsAt } from './jobs.ts';
import type { JobRecord } from './jobs.ts';
import type { Listed } from './lists.ts';
import { payloadOf } from './recipes.ts';
import type { RecipeRecord } from './recipes.ts';
import type { CookFields, Job, JobRun } from './resources.ts';
import type { Generation, RecipeScript } from './types.ts';

/** All that the service remembers. Maps keep the order of creation. */
export interface Store {
  readonly recipes: ReadonlyMap<string, RecipeRecord>;
  readonly jobs: ReadonlyMap<string, JobRecord>;
  addRecipe: (script: RecipeScript) => string;
  addJob: (recipeUuid: string | null, script: RecipeScript, fields: CookFields) => JobRecord;
  /** A job that was cancelled before keeps the first time and reason. */
  cancelJob: (uuid: string, reason: string | null) => void;
  removeJob: (uuid: string) => void;
  /** As of now. */
  show: (record: JobRecord) => Job;
  /** As of now, with logs. */
  runsOf: (record: JobRecord) => Listed<JobRun>[];
}

/** An empty store with a clock of its own, in Unix ms. */
export function createStore(now: () => number, generation: Generation): Store {
  const recipes = new Map<string, RecipeRecord>();
  const jobs = new Map<string, JobRecord>();
  return {
    recipes,
    jobs,
    addRecipe(script) {
      const uuid = script.uuid ?? randomUUID();
      recipes.set(uuid, { uuid, script, createdAtMs: now() });
      return uuid;
    },
    addJob(recipeUuid, script, fields) {
      const uuid = randomUUID();
      const record = { uuid, recipeUuid, script, fields, cookedAtMs: now(), cancel: null };
      jobs.set(uuid, record);
      return record;
    },
    cancelJob(uuid, reason) {
      const record = jobs.get(uuid);
      if (record === undefined || record.cancel !== null) return;
      jobs.set(uuid, { ...record, cancel: { atMs: now(), reason } });
    },
    removeJob: (uuid) => void jobs.delete(uuid),
    show: (record) => jobAt(record, now(), generation),
    runsOf: (record) => runsAt(record, now()),
  };
}

/** What a cook of the recipe starts from. */
export function baseOf({ script }: RecipeRecord): CookFields {
  return { title: script.name, ...payloadOf(script) };
}
