import { asError } from '../errors.ts';
import { findEarlierJobs, type EarlierJobs } from '../cooking/attach.ts';
import { withJob } from '../custody/facts.ts';
import type { CookRequest } from '../cooking/request.ts';
import { createEntry } from './entry.ts';
import { allEntries, type Step } from './step.ts';
import { reconcileEntry, saveFacts, startTry, trackJob } from './update.ts';

/** What was taken over from earlier attempts. */
export interface Attached extends EarlierJobs {
  /** What kept it from looking for them. */
  readonly error: Error | null;
}

/** Where nothing was looked for, or it could not be. */
export function nothingAttached(error: Error | null = null): Attached {
  return { error, taken: new Map(), restartable: new Map() };
}

/**
 * Takes over the jobs of earlier attempts, also when the wait has ended meanwhile: what becomes of
 * them is decided like of any other.
 */
export async function attachAll(step: Step, requests: readonly CookRequest[]): Promise<Attached> {
  const { client, end, log } = step;
  try {
    const earlier = await findEarlierJobs(requests, client, end.deadline, log.ambiguous);
    const taken = requests.flatMap((request) => {
      const { job, tries = [] } = earlier.taken.get(request.index) ?? {};
      const last = tries.at(-1);
      const first = step.entries[request.index];
      if (job === undefined || first === undefined || last === undefined) return [];
      return [{ entry: last === request ? first : startTry(step, last), job }];
    });
    // All are kept for the post entry before the first is told of.
    for (const { entry, job } of taken)
      saveFacts(step, entry, withJob(entry.facts, { uuid: job.uuid, hasEnded: false }));
    for (const { entry, job } of taken) trackJob(step, entry, job, 'attached');
    return { error: null, ...earlier };
  } catch (error) {
    return nothingAttached(asError(error));
  }
}

/** Ends, once, what may be started once more of an entry that is cooked anew. */
export function cancelReplaced(step: Step, request: CookRequest, { restartable }: Attached): void {
  const jobs = restartable.get(request.index) ?? [];
  restartable.delete(request.index);
  if (jobs.length === 0) return;
  const entry = createEntry({ ...request, mark: null }, allEntries(step).length);
  step.earlier.push(entry);
  const left = jobs.map(({ uuid }) => ({ uuid, hasEnded: false }));
  saveFacts(step, entry, { jobs: left, stop: 'replaced' });
  void reconcileEntry(step, entry);
}
