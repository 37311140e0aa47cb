import { startDeadline } from '../clock.ts';
import { unansweredCooks, withJob, withSent, type EntryFacts } from '../custody/facts.ts';
import { asError, ServiceError } from '../errors.ts';
import { endedUnstarted } from '../jobs/failure.ts';
import { nodeUrlsOf, vendorUser } from '../jobs/node-urls.ts';
import type { SubmittedJob } from '../jobs/records.ts';
import { createEndCheck, hasFinished, mayRestart, type EndState } from '../jobs/restart.ts';
import { passes } from '../jobs/results.ts';
import { isFinal } from '../jobs/status.ts';
import type { JobLog } from '../logs/collector.ts';
import { hasCeiling } from '../money/ceilings.ts';
import { rateOfRun } from '../money/cost.ts';
import { retryRules, withRetry } from '../service/retry.ts';
import type { Job } from '../service/schemas.ts';
import { type Entry, setSeen } from './entry.ts';
import { getWaitUntil, watchServer } from './server.ts';
import type { Step, WaitUntil } from './step.ts';
import { applyUpdate, failFast, outcomeNow, reconcileEntry, saveFacts } from './update.ts';

/**
 * Watches a job until it has ended, does what was asked for, or the wait is over, and then does with
 * it what is wanted. Never rejects: whatever goes wrong, the job is not lost sight of.
 * @param hasNext whether another GPU model is left to be tried after it
 * @returns whether it has ended so that the next model is tried
 */
export async function watchToEnd(step: Step, entry: Entry, hasNext = false): Promise<boolean> {
  const { submitted } = entry.seen;
  if (submitted === null) throw new Error('an entry without a job cannot be watched');
  const log = step.jobLogs.open(submitted);
  try {
    await watch(step, entry, submitted, log);
    // Its cost grows, and once the step has ended it is not watched.
    if (entry.facts.stop === 'goal' && step.plan.ceilings.maxHourlyRateUsd !== null)
      await step.budget.waitForRate(submitted.job.uuid);
    if (entry.facts.stop === 'goal') keepCounting(step, entry, submitted);
  } catch (error) {
    setLost(step, entry, asError(error));
  }
  const isFollowed = hasNext && (await mayTryNext(step, entry, log));
  const isStopped = entry.facts.stop !== null && !step.end.signal.aborted;
  if (!isFollowed && isStopped && !passes(outcomeNow(step, entry).result)) failFast(step);
  await reconcileEntry(step, entry);
  const { seen, facts } = entry;
  // It may have ended when the wait was cut short.
  if (facts.stop === null && seen.cancel === null) await refresh(step, entry, step.end.deadline);
  const { result } = outcomeNow(step, entry);
  setSeen(entry, await log.close(result, entry.facts.stop === 'lost' ? null : entry.seen.job));
  const { stop } = entry.facts;
  if (stop === 'goal' || stop === 'ended') reportUnrated(step, entry);
  if (stop === 'goal') reportAddresses(step, entry, submitted);
  return isFollowed;
}

/** Notes that a job can no longer be read, or that something of ours went wrong with it. */
export function setLost(step: Step, entry: Entry, error: Error): void {
  setSeen(entry, { error });
  saveFacts(step, entry, { stop: 'lost' });
}

/** The next answer about a job, at once; null where the signal fires before. */
export async function lookOnce({ poller }: Step, jobUuid: string, until: AbortSignal) {
  let answer = null as Job | ServiceError | null;
  const take = (given: Job | ServiceError) => {
    answer = given;
    return true;
  };
  // When it was cooked is not known: it may have been a moment ago.
  await poller.watch(jobUuid, take, until, { isKnown: false, isNew: true });
  return answer;
}

const maxRefreshMs = 10_000;

/** Looks again at the job of an entry, which may have ended since the last look. */
export async function refresh(step: Step, entry: Entry, until: AbortSignal): Promise<void> {
  const { job } = entry.seen;
  if (job === null) return;
  const { signal, clear } = startDeadline(step.deps.clock, maxRefreshMs, until);
  const checkEnd = createEndCheck(step.client, signal);
  let seen = null as Job | null;
  let end: EndState = 'open';
  const take = (answer: Job | ServiceError) => {
    if (answer instanceof ServiceError) return true;
    seen = withSent(answer, entry.facts);
    end = checkEnd(seen);
    return end !== 'open' || !mayRestart(seen) || entry.facts.stop !== 'goal';
  };
  await step.poller.watch(job.uuid, take, signal, { isKnown: false });
  clear();
  // As it is now: meanwhile the job may have shown that it costs too much.
  const { stop } = entry.facts;
  // One that does what was asked for does so until it has ended.
  if (seen === null || (end === 'open' && stop === 'goal')) return;
  applyUpdate(step, entry, seen);
  if (end === 'open') return;
  const ended = withJob(entry.facts, { uuid: seen.uuid, hasEnded: end === 'final' });
  saveFacts(step, entry, { ...ended, stop: stop === 'goal' ? 'ended' : stop });
}

/**
 * Decides what a look at a job means: why its entry is no longer watched, whether it was seen to have
 * ended for good, and whether it need not be watched any longer. Pure.
 */
export function decideLook(
  { status }: Pick<Job, 'status'>,
  stop: EntryFacts['stop'],
  waitUntil: WaitUntil,
  end: EndState,
  isServed: boolean,
): { stop: EntryFacts['stop']; hasEnded: boolean; isOver: boolean } {
  const isOpen = { hasEnded: false, isOver: false };
  if (end !== 'open') return { stop: 'ended', hasEnded: end === 'final', isOver: true };
  if (isFinal(status)) return { ...isOpen, stop: null };
  if (status !== 'RUNNING') return { ...isOpen, stop: stop === 'goal' ? null : stop };
  // It does what was asked for, whether or not its addresses are known in time.
  if (waitUntil === 'running') return { hasEnded: false, stop: 'goal', isOver: isServed };
  return { hasEnded: false, stop, isOver: waitUntil === 'ready' && isServed };
}

async function watch(step: Step, entry: Entry, submitted: SubmittedJob, log: JobLog) {
  const { client, end, poller } = step;
  const { job } = submitted;
  const checkEnd = createEndCheck(client, end.signal);
  const waitUntil = getWaitUntil(step.plan, job);
  const server = watchServer(step, entry, submitted, log);
  const takeJob = (seen: Job): boolean => {
    applyUpdate(step, entry, seen);
    if (seen.status !== 'RUNNING') server.onStopped();
    if (waitUntil === 'completed' || server.mayReadLog()) log.onLook(seen);
    const { stop, hasEnded, isOver } = decideLook(
      seen,
      entry.facts.stop,
      waitUntil,
      checkEnd(seen),
      server.served.aborted,
    );
    const ended = stop === 'ended' ? withJob(entry.facts, { uuid: seen.uuid, hasEnded }) : {};
    if (stop !== entry.facts.stop) saveFacts(step, entry, { ...ended, stop });
    if (waitUntil !== 'completed' && seen.status === 'RUNNING') server.onRunning(seen);
    return isOver || (stop !== 'ended' && server.served.aborted);
  };
  const take = (answer: Job | ServiceError): boolean => {
    if (entry.facts.stop === 'over-budget') return true;
    if (!(answer instanceof ServiceError)) return takeJob(withSent(answer, entry.facts));
    setLost(step, entry, answer);
    return true;
  };
  if (!take(job)) {
    const over = new AbortController();
    void watchForDuplicates(step, entry, AbortSignal.any([end.signal, over.signal]));
    const until = AbortSignal.any([end.signal, server.served]);
    await poller.watch(job.uuid, take, until, { isNew: true });
    over.abort();
  }
  await server.stop();
  if (server.served.aborted && entry.facts.stop === null && !end.signal.aborted)
    saveFacts(step, entry, { stop: 'goal' });
}

// What a cook without an answer has created may show up late. Post looks again at the end.
const duplicateEveryMs = 30_000;
const lateDuplicateEveryMs = 300_000;

async function watchForDuplicates(step: Step, entry: Entry, until: AbortSignal): Promise<void> {
  const { clock } = step.deps;
  for (let looks = 0; unansweredCooks(entry.facts) > 0; looks += 1) {
    const everyMs = looks < 4 ? duplicateEveryMs : lateDuplicateEveryMs;
    await clock.sleep(everyMs - (clock.monotonicMs() % everyMs), until);
    if (until.aborted) return;
    await reconcileEntry(step, entry);
  }
}

// The next model is tried where no run has started, and no other job of the entry is in doubt.
async function mayTryNext(step: Step, entry: Entry, log: JobLog): Promise<boolean> {
  const { end, client, deps } = step;
  const isOver = () => entry.facts.stop !== 'ended' || end.signal.aborted;
  if (isOver()) return false;
  // Confirms the end where the service might start it again.
  await reconcileEntry(step, entry);
  const { jobs } = entry.facts;
  const isInDoubt = unansweredCooks(entry.facts) > 0 || jobs.some(({ hasEnded }) => !hasEnded);
  if (isOver() || isInDoubt) return false;
  try {
    const request = async () => log.listRuns(end.signal);
    const runs = await withRetry(request, retryRules.run, { ...client, signal: end.signal });
    setSeen(entry, { runs });
    return !isOver() && endedUnstarted(outcomeNow(step, entry), deps.clock.now());
  } catch {
    return false;
  }
}

// Its cost counts while others are waited for and it runs, and its rate may come late, or change.
function keepCounting({ plan, poller, budget }: Step, { facts }: Entry, { job }: SubmittedJob) {
  if (!hasCeiling(plan.ceilings)) return;
  const count = (answer: Job | ServiceError) => {
    if (answer instanceof ServiceError) return true;
    const seen = withSent(answer, facts);
    budget.onLook(seen);
    return hasFinished(seen);
  };
  void poller.watch(job.uuid, count, budget.over);
}

// What has run without a rate was held to no ceiling.
function reportUnrated({ plan, log }: Step, { facts, seen: { job, runs } }: Entry): void {
  const { maxHourlyRateUsd } = plan.ceilings;
  // A job that runs as asked may still get its rate.
  const isHeld = facts.stop === 'goal' ? maxHourlyRateUsd !== null : hasCeiling(plan.ceilings);
  if (job === null || !isHeld) return;
  const hasStarted =
    job.started_at !== null || runs.some(({ started_at_ms: startedMs }) => startedMs !== null);
  if (hasStarted && runs.every((run) => rateOfRun(run, job) === null)) log.rateUnknown(job.uuid);
}

function reportAddresses({ log, plan }: Step, { seen }: Entry, submitted: SubmittedJob): void {
  if (plan.ssh !== null) log.gpuReady(submitted);
  const urls = nodeUrlsOf({ ...seen, sshUser: plan.ssh?.user ?? vendorUser });
  if (urls.length > 0) log.reachable(submitted, urls);
  else if (seen.job?.parameters?.isReachable) log.noAddress(submitted);
}
