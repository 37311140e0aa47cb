import { cancelJob, readJob } from '../service/endpoints.ts';
import type { Client } from '../service/client.ts';
import { createPoller, type Poller } from '../service/poll.ts';
import { retryRules, withRetry } from '../service/retry.ts';
import type { Job } from '../service/schemas.ts';
import { startDeadline, withDeadline } from '../clock.ts';
import { NotEndedError, ServiceError } from '../errors.ts';
import { ownName } from '../jobs/failure.ts';
import { createEndCheck, hasFinished } from '../jobs/restart.ts';
import { formatStatus, isLeaving } from '../jobs/status.ts';
import { isDuplicate, unansweredCooks, withJob, withSent, type EntryFacts } from './facts.ts';
import { createFinder, lookupWindowMs, type Find } from './find.ts';
import { nextAction, type Phase, type Wanted } from './policy.ts';

interface CustodyLog {
  readonly canceling: (jobUuid: string, reason: string) => void;
  /** The job was canceled, and its end was not seen; its status as last seen. */
  readonly notEnded: (jobUuid: string, status: string) => void;
  readonly cancelFailed: (jobUuid: string, error: unknown) => void;
  /** A job was found that was not known. */
  readonly foundLater: (job: Job, isKept: boolean) => void;
  /** What a cook without an answer may have created could not be looked for. */
  readonly lookupFailed: (mark: string, error: unknown) => void;
}

/** An entry whose jobs are kept or canceled, as is wanted, and what that takes. */
export interface Custody {
  readonly client: Client;
  readonly find: Find;
  readonly poller: Poller;
  readonly log: CustodyLog;
  readonly phase: Phase;
  /** Fires when no more requests may be sent. */
  readonly deadline: AbortSignal;
  readonly facts: () => EntryFacts;
  readonly record: (change: Partial<EntryFacts>) => void;
  readonly wanted: () => Wanted;
  /** The jobs that this process has canceled, or tried to. */
  readonly canceled: Set<string>;
  /** Why its own job is canceled: for the user, and for the service to keep with the job. */
  readonly reason: () => string;
  /** Called at each look at a job that is canceled. */
  readonly onJob: (job: Job) => void;
}

/**
 * Does with the jobs of an entry what is wanted, until nothing is left to do or the deadline is
 * reached. What is slow or fails with one job holds up nothing else. Never rejects; what could not be
 * done is reported. May be called again meanwhile: then what has become unwanted is canceled at once.
 */
export async function reconcile(custody: Custody): Promise<void> {
  const { facts, wanted, canceled, phase, deadline } = custody;
  const tasks = new Set<Promise<void>>();
  const begin = (work: Promise<void>) => {
    const task = work.finally(() => tasks.delete(task));
    tasks.add(task);
  };
  let hasLooked = false;
  const look = async () => {
    hasLooked = true;
    if (await findJob(custody)) hasLooked = false;
  };
  while (!deadline.aborted) {
    const action = nextAction(facts(), wanted(), { canceled, hasLooked }, phase);
    if (action.do === 'cancel') for (const uuid of action.jobUuids) begin(endJob(uuid, custody));
    else if (action.do === 'look') begin(look());
    else if (tasks.size === 0) return;
    else await Promise.race(tasks);
  }
  await Promise.all(tasks);
}

// That the job has already ended is no error.
async function endJob(jobUuid: string, custody: Custody): Promise<void> {
  const { client, log, phase, deadline, facts } = custody;
  custody.canceled.add(jobUuid);
  const isSecond = isDuplicate(facts(), jobUuid);
  const reason = isSecond ? 'a repeated cook request created two jobs' : custody.reason();
  log.canceling(jobUuid, reason);
  const cancel = async (signal: AbortSignal) =>
    cancelJob(client, jobUuid, ownName + reason, signal);
  const options = { ...client, signal: deadline };
  const checkEnd = createEndCheck(client, deadline);
  const see = (answer: Job) => {
    const job = withSent(answer, facts());
    // What has failed long ago, and is canceled now, is not started again.
    const isOld = job.status === 'FAILED' && facts().stop === 'ended';
    const isOver = isOld || checkEnd(job) !== 'open';
    if (isOver) custody.record(withJob(facts(), { uuid: jobUuid, hasEnded: true }));
    custody.onJob(job);
    return isOver;
  };
  let refusal: ServiceError | null = null;
  try {
    const last = facts().sends > 0 ? retryRules.lastOwnCancel : retryRules.lastCancel;
    const rule = phase === 'post' ? last : retryRules.cancel;
    const job = await withRetry(async () => cancel(deadline), rule, options);
    if (job !== null && see(job)) return;
  } catch (error) {
    // How the service answers the cancel of a job that has ended or failed is documented nowhere.
    refusal = error instanceof ServiceError ? error : null;
    const read = async () => readJob(client, jobUuid, deadline);
    const isLeft = refusal === null || refusal.isLasting;
    const job = isLeft ? null : await withRetry(read, retryRules.run, options).catch(() => null);
    if (job !== null && see(job)) return;
    // It may have been between two runs.
    if (job === null || ![400, 409, 422].includes(refusal?.status ?? 0)) {
      log.cancelFailed(jobUuid, error);
      return;
    }
  }
  await confirmEnd(jobUuid, custody, refusal, cancel, see);
}

// A container gets some seconds to shut down; post, the last to look, continues until its deadline.
const maxConfirmMs = { main: 30_000, post: 600_000 };
const cancelAgainEveryMs = 12_000;

async function confirmEnd(
  jobUuid: string,
  { client: { clock }, poller, log, phase, deadline }: Custody,
  refusal: ServiceError | null,
  cancel: (signal: AbortSignal) => Promise<Job | null>,
  see: (job: Job) => boolean,
): Promise<void> {
  const time = startDeadline(clock, maxConfirmMs[phase], deadline);
  const last = { status: '', isOver: false, isUnreadable: false };
  const take = (answer: Job | ServiceError) => {
    last.isUnreadable = answer instanceof ServiceError;
    if (answer instanceof ServiceError) return true;
    last.status = answer.status;
    last.isOver = see(answer);
    return last.isOver;
  };
  for (;;) {
    const next = startDeadline(clock, cancelAgainEveryMs, time.signal);
    await poller.watch(jobUuid, take, next.signal);
    next.clear();
    if (last.isOver || time.signal.aborted) break;
    const { isUnreadable } = last;
    const again = withDeadline(clock, cancelAgainEveryMs, time.signal, cancel);
    const job = await again.catch(() => null);
    if (job !== null) take(job);
    // Where the job can be read no longer, one more cancel is all that was left to do.
    if (last.isOver || isUnreadable) break;
  }
  time.clear();
  // After an interrupt main has seconds; post continues from there.
  if (last.isOver || (phase === 'main' && deadline.aborted)) return;
  const seen = last.status === '' ? 'could not be read' : `is still ${formatStatus(last.status)}`;
  const cause = `the service accepted the cancel request, but the job ${seen}`;
  if (refusal === null && isLeaving(last.status)) log.notEnded(jobUuid, last.status);
  else log.cancelFailed(jobUuid, refusal ?? new NotEndedError(cause));
}

/** Looks for a job that a cook without an answer may have created; gives whether there is one. */
async function findJob(custody: Custody): Promise<boolean> {
  const { find, log, phase } = custody;
  const facts = custody.facts();
  try {
    const job = await find({
      ...facts,
      windowMs: phase === 'post' && unansweredCooks(facts) > 0 ? lookupWindowMs : 0,
      isLast: phase === 'post',
    });
    const { jobs } = custody.facts();
    // Another look may have found it meanwhile.
    if (job === null || jobs.some(({ uuid }) => uuid === job.uuid)) return false;
    const isKept = jobs.length === 0 && custody.wanted() === 'keep';
    const hasEnded = hasFinished(withSent(job, facts));
    custody.record(withJob(custody.facts(), { uuid: job.uuid, hasEnded }));
    log.foundLater(job, isKept);
    custody.onJob(job);
    return true;
  } catch (error) {
    // What was refused most likely created nothing: that is no reason for alarm.
    if (unansweredCooks(custody.facts()) > 0) log.lookupFailed(facts.mark ?? '', error);
    return false;
  }
}

interface FactsReconcilerOptions extends Pick<Custody, 'client' | 'phase' | 'deadline'> {
  readonly log: CustodyLog & {
    readonly serviceUnavailable: (error: ServiceError) => void;
    readonly serviceAvailable: () => void;
  };
  readonly reason: string;
}

/** For post and a check: a way to reconcile mere facts, and the jobs canceled, as last seen. */
export function createFactsReconciler(options: FactsReconcilerOptions) {
  const { client, deadline, log, reason } = options;
  const seen = new Map<string, Job>();
  const poller = createPoller({
    client,
    interval: 'auto',
    signal: deadline,
    onUnavailable: log.serviceUnavailable,
    onAvailable: log.serviceAvailable,
  });
  const shared = { ...options, poller, find: createFinder(client, deadline), reason: () => reason };
  const reconcileFacts = async (saved: EntryFacts, wanted: (facts: EntryFacts) => Wanted) => {
    let facts = saved;
    await reconcile({
      ...shared,
      facts: () => facts,
      record: (change) => {
        facts = { ...facts, ...change };
      },
      wanted: () => wanted(facts),
      canceled: new Set(),
      onJob: (job) => seen.set(job.uuid, job),
    });
  };
  return { reconcile: reconcileFacts, seen };
}
