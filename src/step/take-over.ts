import { asError } from '../errors.ts';
import type { Job } from '../service/schemas.ts';
import { findEarlierJobs } from '../cooking/attach.ts';
import { withJob } from '../custody/facts.ts';
import type { CookRequest } from '../cooking/request.ts';
import { createEntry } from './entry.ts';
import { reconcileEntry } from './reconcile-entry.ts';
import type { Step } from './step.ts';
import { saveFacts, startTry, trackJob } from './update.ts';

/** What was taken over from earlier attempts. */
export interface Attached {
  /** What kept it from looking for them. */
  readonly error: Error | null;
  /** The tries of each entry up to the one taken over, by its index. */
  readonly tries: ReadonlyMap<number, readonly CookRequest[]>;
  /** What failed and may be started once more, by the index of its entry. */
  readonly restartable: Map<number, Restartable>;
}

interface Restartable {
  readonly jobs: readonly Job[];
  /** Its place among the records of its entry: after those of all tries. */
  readonly place: number;
}

/** Where nothing was looked for, or it could not be. */
export function nothingAttached(error: Error | null = null): Attached {
  return { error, tries: new Map(), restartable: new Map() };
}

/**
 * Takes over the jobs of earlier attempts, also when the wait has ended meanwhile: what becomes of
 * them is decided like of any other.
 */
export async function attachAll(step: Step, requests: readonly CookRequest[]): Promise<Attached> {
  const { client, end, log } = step;
  try {
    const earlier = await findEarlierJobs(requests, client, end.deadline, log.ambiguous);
    const taken = [...earlier.taken].flatMap(([index, { job, tries }]) => {
      const last = tries.at(-1);
      const first = step.entries[index];
      if (first === undefined || last === undefined) return [];
      return [{ entry: last.choice === 0 ? first : startTry(step, last, []), job }];
    });
    // All are kept for the post entry before the first is told of.
    for (const { entry, job } of taken)
      saveFacts(step, entry, withJob(entry.facts, { uuid: job.uuid, hasEnded: false }));
    for (const { entry, job } of taken) trackJob(step, entry, job, 'attached');
    const tries = new Map([...earlier.taken].map(([index, each]) => [index, each.tries]));
    const restartable = new Map(
      requests.map(({ index, alternatives }) => {
        const jobs = earlier.restartable.get(index) ?? [];
        return [index, { jobs, place: 1 + alternatives.length }];
      }),
    );
    return { error: null, tries, restartable };
  } catch (error) {
    return nothingAttached(asError(error));
  }
}

/** Ends, once, what may be started once more of an entry that is cooked anew. */
export function cancelReplaced(step: Step, request: CookRequest, { restartable }: Attached): void {
  const { jobs, place } = restartable.get(request.index) ?? { jobs: [], place: 0 };
  restartable.delete(request.index);
  if (jobs.length === 0) return;
  const entry = createEntry({ ref: request, mark: null }, place);
  step.earlier.push(entry);
  const left = jobs.map(({ uuid }) => ({ uuid, hasEnded: false }));
  saveFacts(step, entry, { jobs: left, stop: 'replaced' });
  void reconcileEntry(step, entry);
}
