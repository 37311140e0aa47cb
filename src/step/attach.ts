import type { CookRequest } from '../cooking/request.ts';
import { withJob } from '../custody/facts.ts';
import { readHashAndNonce } from '../custody/mark.ts';
import { hasEndedForGood, mayRestart } from '../jobs/restart.ts';
import { isEnding, isFinal } from '../jobs/status.ts';
import { nowOf, type Client } from '../service/client.ts';
import { createDescribedReader } from '../service/lists.ts';
import { retryRules } from '../service/retry.ts';
import type { Job } from '../service/schemas.ts';
import { createEntry } from './entry.ts';
import { allEntries, type Step } from './step.ts';
import { reconcileEntry, saveFacts, startTry, trackJob } from './update.ts';

// GitHub lets a workflow run be re-run for 30 days; the rest is for clocks that are off.
const maxAgeMs = 60 * 86_400_000;

interface EarlierJob {
  readonly job: Job;
  /** The tries of its entry in that attempt; the one whose job it is comes last. */
  readonly tries: readonly CookRequest[];
}

/** What earlier attempts have left of the entries, by the index of the entry. */
export interface EarlierJobs {
  readonly taken: Map<number, EarlierJob>;
  /** What failed, and the service may restart beside the new job. */
  readonly restartable: Map<number, readonly Job[]>;
}

export const noEarlierJobs = (): EarlierJobs => ({ taken: new Map(), restartable: new Map() });

/**
 * Finds the jobs that earlier attempts of the workflow run cooked for these entries, and that run or
 * have completed. What failed or was canceled is not taken over. Where several jobs may be meant,
 * as of two steps that look the same, none is.
 * @param onAmbiguous called for each entry that is cooked again because of that
 */
export async function findEarlierJobs(
  requests: readonly CookRequest[],
  client: Client,
  signal: AbortSignal,
  onAmbiguous: (request: CookRequest) => void,
): Promise<EarlierJobs> {
  const wanted = requests.filter(({ earlierHashes }) => earlierHashes.length > 0);
  const { taken, restartable } = noEarlierJobs();
  if (wanted.length === 0) return { taken, restartable };
  const byHash = await readByHash(client, signal);
  for (const request of wanted) {
    const attempts = attemptsOf(request, byHash);
    const choice = chooseJob(attempts);
    if (choice === 'ambiguous') onAmbiguous(request);
    else if (choice === undefined) restartable.set(request.index, failuresOf(attempts, client));
    else taken.set(request.index, choice);
  }
  return { taken, restartable };
}

/** Jobs by the hash in their mark; the key of those without a mark is undefined. */
async function readByHash(client: Client, signal: AbortSignal) {
  const read = createDescribedReader(client, signal, retryRules.lookUp);
  const oldestMs = client.clock.now() - maxAgeMs;
  const jobs: Job[] = [];
  for await (const job of read(() => oldestMs)) jobs.push(job);
  return Map.groupBy(jobs, (job) => readHashAndNonce(job)?.hash);
}

/** What one attempt has left of an entry, try by try. */
type AttemptJobs = readonly { readonly request: CookRequest; readonly jobs: readonly Job[] }[];

function attemptsOf(first: CookRequest, byHash: ReadonlyMap<string | undefined, readonly Job[]>) {
  const tries = [first, ...first.alternatives];
  const jobsOf = ({ earlierHashes }: CookRequest, attempt: number) =>
    byHash.get(earlierHashes[attempt] ?? '') ?? [];
  return first.earlierHashes.map((_, attempt) =>
    tries.map((request) => ({ request, jobs: jobsOf(request, attempt) })),
  );
}

function isOfSeveralSteps(found: AttemptJobs): boolean {
  const nonces = found.flatMap(({ jobs }) => jobs.map((job) => readHashAndNonce(job)?.nonce));
  return new Set(nonces).size > 1;
}

function chooseJob(attempts: readonly AttemptJobs[]): EarlierJob | 'ambiguous' | undefined {
  for (const found of attempts) {
    const usable = found.flatMap(({ request, jobs }) =>
      jobs.filter(isUsable).map((job) => ({ request, job })),
    );
    const [choice] = usable;
    if (choice === undefined) continue;
    if (isOfSeveralSteps(found) || usable.length > 1) return 'ambiguous';
    const before = found.filter(
      ({ request, jobs }) => request !== choice.request && jobs.length > 0,
    );
    return { job: choice.job, tries: [...before.map(({ request }) => request), choice.request] };
  }
  return undefined;
}

function failuresOf(attempts: readonly AttemptJobs[], client: Client): readonly Job[] {
  const own = attempts.filter((found) => !isOfSeveralSteps(found)).flat();
  const isOver = (job: Job) => job.completed_at !== null && hasEndedForGood(job, nowOf(client));
  return own.flatMap(({ jobs }) => jobs).filter((job) => mayRestart(job) && !isOver(job));
}

function isUsable({ status }: Job): boolean {
  return status === 'COMPLETED' || !(isFinal(status) || isEnding(status));
}

/** Takes over the jobs of earlier attempts; rejects where it could not look for them. */
export async function attachAll(step: Step, requests: readonly CookRequest[]) {
  const { client, end, log } = step;
  const earlier = await findEarlierJobs(requests, client, end.deadline, log.ambiguous);
  const taken = requests.flatMap((request) => {
    const { job, tries = [] } = earlier.taken.get(request.index) ?? {};
    const last = tries.at(-1);
    const first = step.entries[request.index];
    if (job === undefined || first === undefined || last === undefined) return [];
    return [{ entry: last === request ? first : startTry(step, last), job }];
  });
  // All are kept for the post entry before the first is reported.
  for (const { entry, job } of taken)
    saveFacts(step, entry, withJob(entry.facts, { uuid: job.uuid, hasEnded: false }));
  for (const { entry, job } of taken) trackJob(step, entry, job, 'attached');
  return earlier;
}

/** Cancels, once, what the service may restart of an entry that is cooked again. */
export function cancelReplaced(step: Step, request: CookRequest, { restartable }: EarlierJobs) {
  const jobs = restartable.get(request.index) ?? [];
  restartable.delete(request.index);
  if (jobs.length === 0) return;
  const entry = createEntry({ ...request, mark: null }, allEntries(step).length);
  step.earlier.push(entry);
  const left = jobs.map(({ uuid }) => ({ uuid, hasEnded: false }));
  saveFacts(step, entry, { jobs: left, stop: 'replaced' });
  void reconcileEntry(step, entry);
}
