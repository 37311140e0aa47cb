import type { Client } from '../service/client.ts';
import { cancelJob, readJob } from '../service/endpoints.ts';
import { retryRules, withRetry } from '../service/retry.ts';
import type { Job } from '../service/schemas.ts';
import { ServiceError } from '../errors.ts';
import { isDuplicate, unansweredCooks, withJob, type EntryFacts } from './facts.ts';
import { createFinder, lookupWindowMs, type Finder } from './find.ts';
import { nextAction, type CancelState, type Phase, type Wanted } from './policy.ts';
import { createPoller, type Poller, type PollerOptions } from '../service/poll.ts';
import { hasFinished } from '../jobs/restart.ts';
import { isFinal } from '../jobs/status.ts';

/** What the user is told of it. */
export interface ReconcileEvents {
  readonly cancelling: (jobUuid: string, reason: string) => void;
  /** The job was cancelled, and its end was not seen; its status as last seen, if it was. */
  readonly notEnded: (jobUuid: string, status: string | null) => void;
  readonly cancelFailed: (jobUuid: string, error: unknown) => void;
  /** A job was found that nobody had known of. */
  readonly foundLater: (job: Job, isKept: boolean) => void;
  /** What a cook without an answer may have created could not be looked for. */
  readonly lookupFailed: (mark: string, error: unknown) => void;
}

/** An entry whose jobs are kept or canceled, as is wanted. */
export interface CustodyEntry {
  readonly facts: () => EntryFacts;
  readonly record: (change: Partial<EntryFacts>) => void;
  readonly wanted: () => Wanted;
  /** What this process has tried already, job by job. */
  readonly cancels: Map<string, CancelState>;
  /** Why a job is cancelled: as the user is told, and as the service keeps it with the job. */
  readonly reason: (jobUuid: string) => { readonly told: string; readonly sent: string };
  /** Told of each look at a job that is to end. */
  readonly onJob: (job: Job) => void;
}

export interface ReconcileOptions {
  readonly client: Client;
  readonly finder: Finder;
  readonly poller: Poller;
  readonly events: ReconcileEvents;
  readonly phase: Phase;
  /** Fires when no more requests may be sent. */
  readonly deadline: AbortSignal;
}

/**
 * Does with the jobs of an entry what is wanted, until nothing is left to do or the deadline is
 * reached. What is slow or fails with one job holds up nothing else. Never rejects; what could not be
 * done is told. May be called again meanwhile: then what has become unwanted is cancelled at once.
 */
export async function reconcile(entry: CustodyEntry, options: ReconcileOptions): Promise<void> {
  const { cancels } = entry;
  const tasks = new Set<Promise<void>>();
  const begin = (work: Promise<void>) => {
    const task = work.finally(() => tasks.delete(task));
    tasks.add(task);
  };
  const cancelOne = async (uuid: string) => {
    cancels.set(uuid, 'sending');
    cancels.set(uuid, await cancel(uuid, entry, options));
  };
  let hasLooked = false;
  const lookOnce = async () => {
    hasLooked = true;
    // There may be one more.
    if (await look(entry, options)) hasLooked = false;
  };
  while (!options.deadline.aborted) {
    const attempts = { cancels, hasLooked };
    const action = nextAction(entry.facts(), entry.wanted(), attempts, options.phase);
    switch (action.do) {
      case 'done':
        if (tasks.size === 0) return;
        await Promise.race(tasks);
        break;
      case 'cancel':
        for (const uuid of action.jobUuids) begin(cancelOne(uuid));
        break;
      case 'look':
        begin(lookOnce());
        break;
      case 'confirm':
        for (const uuid of action.jobUuids) {
          cancels.set(uuid, 'confirming');
          begin(confirm(uuid, entry, options));
        }
        break;
    }
  }
  await Promise.all(tasks);
}

/** Asks the service to cancel a job. That it has already ended is no error. */
async function cancel(
  jobUuid: string,
  entry: CustodyEntry,
  { client, events, phase, deadline }: ReconcileOptions,
): Promise<'accepted' | 'failed'> {
  const reason = entry.reason(jobUuid);
  events.cancelling(jobUuid, reason.told);
  try {
    const request = async () => cancelJob(client, jobUuid, reason.sent, deadline);
    const last = entry.facts().sends > 0 ? retryRules.lastOwnCancel : retryRules.lastCancel;
    const rule = phase === 'post' ? last : retryRules.cancel;
    const job = await withRetry(request, rule, { ...client, signal: deadline });
    if (job !== null) see(job, entry);
    return 'accepted';
  } catch (error) {
    // How the service answers the cancel of an ended job is documented nowhere.
    const job = await readJob(client, jobUuid, deadline).catch(() => null);
    if (job !== null) see(job, entry);
    if (job !== null && hasFinished(job)) return 'accepted';
    events.cancelFailed(jobUuid, error);
    return 'failed';
  }
}

// A container gets some seconds to shut down; after that the job is reported as it stands.
// Post is the last to look: it goes on until its deadline.
const maxConfirmMs = { main: 30_000, post: 600_000 };
// A cancel that the service has lost on its way is sent again.
const cancelAgainEveryMs = 12_000;

async function confirm(
  jobUuid: string,
  entry: CustodyEntry,
  options: ReconcileOptions,
): Promise<void> {
  const { client, poller, events, phase, deadline } = options;
  const over = new AbortController();
  const until = AbortSignal.any([deadline, over.signal]);
  void client.clock.sleep(maxConfirmMs[phase], until).then(() => {
    over.abort();
  });
  const hasFailedLongAgo = entry.facts().stop === 'ended';
  const settledAtMs = hasFailedLongAgo ? client.clock.monotonicMs() + maxLateRestartMs : Infinity;
  let status: string | null = null;
  let isUnreadable = false;
  const isOver = (answer: Job | ServiceError) => {
    isUnreadable = answer instanceof ServiceError;
    if (answer instanceof ServiceError) return true;
    ({ status } = answer);
    see(answer, entry);
    const isSettled = status === 'FAILED' && client.clock.monotonicMs() >= settledAtMs;
    return hasFinished(answer) || isSettled;
  };
  const repeating = cancelAgain(jobUuid, entry, options, until, (job) => {
    if (isOver(job)) over.abort();
  });
  await poller.watch(jobUuid, isOver, until);
  over.abort();
  await repeating;
  // Nothing more will be seen of it, and the service may have lost the first cancel.
  if (isUnreadable) await cancelOnce(jobUuid, entry, client, deadline, isOver);
  // After an interrupt main has seconds; post goes on from there.
  if (phase === 'main' && deadline.aborted) return;
  // Nothing started it once more in all this time.
  if (status === 'FAILED') entry.record(withJob(entry.facts(), { uuid: jobUuid, hasEnded: true }));
  else if (status === null || !isFinal(status)) events.notEnded(jobUuid, status);
}

// A job that had failed a minute ago, and still shows it so long after a cancel, and after one more, has
// ended.
const maxLateRestartMs = cancelAgainEveryMs + 3_000;

/** Sends the cancel again and again, in case the service has lost it. */
async function cancelAgain(
  jobUuid: string,
  entry: CustodyEntry,
  { client }: ReconcileOptions,
  until: AbortSignal,
  onJob: (job: Job) => void,
): Promise<void> {
  for (;;) {
    await client.clock.sleep(cancelAgainEveryMs, until);
    if (until.aborted) return;
    await cancelOnce(jobUuid, entry, client, until, onJob);
  }
}

async function cancelOnce(
  jobUuid: string,
  entry: CustodyEntry,
  client: Client,
  signal: AbortSignal,
  onJob: (job: Job) => void,
): Promise<void> {
  const job = await cancelJob(client, jobUuid, entry.reason(jobUuid).sent, signal).catch(
    () => null,
  );
  if (job !== null) onJob(job);
}

/** Notes what was seen of a job that was cancelled. */
function see(job: Job, entry: CustodyEntry): void {
  if (hasFinished(job)) entry.record(withJob(entry.facts(), { uuid: job.uuid, hasEnded: true }));
  entry.onJob(job);
}

/** Looks for a job that a cook without an answer may have created; gives whether there is one. */
async function look(
  entry: CustodyEntry,
  { finder, events, phase }: ReconcileOptions,
): Promise<boolean> {
  const facts = entry.facts();
  const mark = facts.mark ?? '';
  try {
    const job = await finder.find({
      mark,
      knownUuids: facts.jobs.map(({ uuid }) => uuid),
      serverSentAtMs: facts.serverSentAtMs,
      windowMs: phase === 'post' && unansweredCooks(facts) > 0 ? lookupWindowMs : 0,
      isLast: phase === 'post',
    });
    // Another look may have found it meanwhile.
    if (job === null || entry.facts().jobs.some(({ uuid }) => uuid === job.uuid)) return false;
    const isKept = entry.facts().jobs.length === 0 && entry.wanted() === 'keep';
    entry.record(withJob(entry.facts(), { uuid: job.uuid, hasEnded: hasFinished(job) }));
    events.foundLater(job, isKept);
    entry.onJob(job);
    return true;
  } catch (error) {
    // What was refused most likely created nothing: nobody is to be alarmed.
    if (unansweredCooks(entry.facts()) > 0) events.lookupFailed(mark, error);
    return false;
  }
}

/**
 * A way to reconcile entries of which only facts are left, without a step: in post and in a check.
 * @param reason why their own jobs are canceled
 * @param onJob told of each look at a job that is to end
 */
export function createFactsReconciler(
  { client, events, phase, deadline }: Omit<ReconcileOptions, 'finder' | 'poller'>,
  health: Pick<PollerOptions, 'onUnavailable' | 'onAvailable'>,
  reason: string,
  onJob: (job: Job) => void = () => {},
) {
  const poller = createPoller({ client, interval: 'auto', signal: deadline, ...health });
  const options = {
    client,
    events,
    phase,
    deadline,
    poller,
    finder: createFinder(client, deadline),
  };
  return async (saved: EntryFacts, wanted: (facts: EntryFacts) => Wanted): Promise<void> => {
    let facts = saved;
    const entry: CustodyEntry = {
      facts: () => facts,
      record: (change) => {
        facts = { ...facts, ...change };
      },
      wanted: () => wanted(facts),
      cancels: new Map(),
      reason: (jobUuid) => ownReason(isDuplicate(facts, jobUuid) ? duplicateReason : reason),
      onJob,
    };
    await reconcile(entry, options);
  };
}

/** Why a duplicate is cancelled. */
export const duplicateReason = 'the cook was repeated and created two jobs';

/** What a reason of this action's own begins with at the service. */
export const ownName = 'GitHub Actions: ';

/** A reason of this action's own. */
export function ownReason(told: string): ReturnType<CustodyEntry['reason']> {
  return { told, sent: ownName + told };
}
