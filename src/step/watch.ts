import type { Job } from '../service/schemas.ts';
import { readJob } from '../service/endpoints.ts';
import { retryRules, withRetry } from '../service/retry.ts';
import { asError, ServiceError } from '../errors.ts';
import { unansweredCooks, withJob } from '../custody/facts.ts';
import { hasCeiling } from '../money/ceilings.ts';
import { rateOfRun } from '../money/cost.ts';
import { endedUnstarted } from '../jobs/failure.ts';
import { nodeUrlsOf } from '../jobs/node-urls.ts';
import { noRunData, type Origin, type RunData, type SubmittedJob } from '../jobs/records.ts';
import { results } from '../jobs/results.ts';
import { createFailureCheck, hasFinished } from '../jobs/restart.ts';
import { isFinal } from '../jobs/status.ts';
import type { JobLog } from '../logs/collector.ts';
import { observe, outcomeNow, record, type Entry } from './entry.ts';
import { waitUntilOf, watchServer } from './server.ts';
import type { Step } from './step.ts';

/** Takes a job over as that of an entry: from here on it is never lost sight of. */
export function adopt(
  step: Step,
  entry: Entry,
  job: Job,
  origin: Origin,
  submittedAtMs = step.client.clock.now(),
): void {
  const submitted = { ref: entry.ref, origin, job, submittedAtMs };
  entry.submitted = submitted;
  // Before any others that were found meanwhile: the first one is the entry's own.
  const others = entry.facts.jobs.filter(({ uuid }) => uuid !== job.uuid);
  record(step, entry, { jobs: [{ uuid: job.uuid, hasEnded: false }, ...others] });
  observe(step, entry, job);
  for (const listener of step.listeners) listener.submitted?.(submitted);
}

/**
 * Watches a job until it has ended, does what was asked for, or the wait is over, and then does with
 * it what is wanted. Never rejects: whatever goes wrong, the job is not lost sight of.
 */
export async function watchToEnd(step: Step, entry: Entry): Promise<RunData> {
  const { submitted } = entry;
  if (submitted === null) throw new Error('an entry without a job cannot be watched');
  const log = step.logs.open(submitted);
  try {
    await watch(step, entry, submitted, log);
    if (entry.facts.stop === 'goal') await untilRated(step, submitted);
    if (entry.facts.stop === 'goal') countOn(step, entry, submitted);
  } catch (error) {
    entry.error = asError(error);
    record(step, entry, { stop: 'lost' });
  }
  entry.isFollowed = await mayTryNext(step, entry, log);
  if (!entry.isFollowed && isBad(step, entry) && step.plan.failFast) step.end.endFor('fail-fast');
  await step.reconcile(entry);
  await lookOnceMore(step, entry);
  const { result } = outcomeNow(step, entry);
  const reads = entry.facts.stop !== 'lost';
  const runData = await log.close(result, { reads, signal: step.end.deadline });
  if (entry.facts.stop === 'ended') tellUnrated(step, entry, runData);
  if (entry.facts.stop === 'goal') {
    const urls = nodeUrlsOf({ job: entry.job, ...runData });
    if (urls.length > 0) step.console.reachable(submitted, urls);
    else if (entry.job?.parameters?.isReachable) step.console.noAddress(submitted);
  }
  return runData;
}

/**
 * Whether the next model is to be tried: the job was seen to have ended, none of its runs has
 * started, and there is no doubt about another job of the entry.
 */
async function mayTryNext(step: Step, entry: Entry, log: JobLog): Promise<boolean> {
  const { end, client, deps } = step;
  const isOver = () => entry.facts.stop !== 'ended' || end.signal.aborted;
  if (!entry.hasNext || isOver()) return false;
  // Confirms the end where the service might start it once more.
  await step.reconcile(entry);
  const { jobs } = entry.facts;
  const isInDoubt = unansweredCooks(entry.facts) > 0 || jobs.some(({ hasEnded }) => !hasEnded);
  if (isOver() || isInDoubt) return false;
  try {
    const request = async () => log.listRuns(end.signal);
    const runs = await withRetry(request, retryRules.run, { ...client, signal: end.signal });
    const outcome = outcomeNow(step, entry, { ...noRunData, runs });
    return !isOver() && endedUnstarted(outcome, deps.clock.now());
  } catch {
    // Without the runs nobody knows whether it had started.
    return false;
  }
}

async function watch(
  step: Step,
  entry: Entry,
  submitted: SubmittedJob,
  log: JobLog,
): Promise<void> {
  const { client, end, poller } = step;
  const { job } = submitted;
  const failure = createFailureCheck(client, end.signal);
  const waitUntil = waitUntilOf(step, job);
  const server = watchServer(step, entry, submitted, log);
  const take = (answer: Job | ServiceError): boolean => {
    if (entry.unwatch.signal.aborted) return true;
    if (answer instanceof ServiceError) {
      entry.error = answer;
      record(step, entry, { stop: 'lost' });
      return true;
    }
    observe(step, entry, answer);
    if (answer.status !== 'RUNNING') {
      if (entry.facts.stop === 'goal') record(step, entry, { stop: null });
      server.onStopped();
    }
    if (waitUntil === 'completed' || server.mayReadLog()) log.onLook(answer);
    if (answer.status !== 'FAILED') failure.reset();
    if (isFinal(answer.status)) {
      const state = answer.status === 'FAILED' ? failure.check(answer) : 'final';
      if (state === 'open') return false;
      record(step, entry, {
        ...withJob(entry.facts, { uuid: answer.uuid, hasEnded: state === 'final' }),
        stop: 'ended',
      });
      return true;
    }
    if (waitUntil === 'completed') return false;
    if (answer.status === 'RUNNING') {
      // It does what was asked for, whether or not its addresses are known in time.
      if (waitUntil === 'running' && entry.facts.stop !== 'goal')
        record(step, entry, { stop: 'goal' });
      server.onRunning(answer);
      return server.served.aborted;
    }
    return false;
  };
  if (!take(job)) {
    const duplicates = watchForDuplicates(step, entry);
    await poller.watch(
      job.uuid,
      take,
      AbortSignal.any([end.signal, server.served, entry.unwatch.signal]),
    );
    duplicates.stop();
  }
  await server.stop();
  if (server.served.aborted && entry.facts.stop === null && !end.signal.aborted)
    record(step, entry, { stop: 'goal' });
}

// What a cook without an answer has created may show up late. Post looks once more at the end.
const duplicatePausesMs = [15_000, 30_000, 60_000, 300_000];

function watchForDuplicates(step: Step, entry: Entry): { readonly stop: () => void } {
  const { clock } = step.deps;
  const over = new AbortController();
  const signal = AbortSignal.any([step.end.signal, over.signal]);
  const lookAgainAndAgain = async () => {
    for (let looks = 0; unansweredCooks(entry.facts) > 0; looks += 1) {
      const everyMs = duplicatePausesMs[Math.min(looks, duplicatePausesMs.length - 1)] ?? 0;
      // At the same moments for all entries: one look serves them all.
      await clock.sleep(everyMs - (clock.monotonicMs() % everyMs), signal);
      if (signal.aborted) return;
      await step.reconcile(entry);
    }
  };
  void lookAgainAndAgain();
  return {
    stop: () => {
      over.abort();
    },
  };
}

const maxRateWaitMs = 30_000;

// A job that does what was asked for goes on costing, and once the step has ended nobody looks at it.
async function untilRated(step: Step, { job }: SubmittedJob): Promise<void> {
  if (step.plan.ceilings.maxHourlyRateUsd === null) return;
  const isRated = await step.budget.untilRated(job.uuid, maxRateWaitMs);
  if (!isRated) step.console.rateUnknown(job.uuid);
}

// What has run without a rate was held to no ceiling.
function tellUnrated({ plan, console }: Step, { job }: Entry, { runs }: RunData): void {
  if (job === null || !hasCeiling(plan.ceilings)) return;
  const hasStarted =
    job.started_at !== null || runs.some(({ started_at_ms: startedMs }) => startedMs !== null);
  if (hasStarted && runs.every((run) => rateOfRun(run) === null)) console.rateUnknown(job.uuid);
}

// What it costs counts as long as others are waited for, and no longer than it lives.
function countOn({ plan, poller, budget }: Step, { shareMs }: Entry, { job }: SubmittedJob): void {
  if (plan.ceilings.maxCostUsd === null) return;
  const count = (answer: Job | ServiceError) => {
    if (answer instanceof ServiceError) return true;
    budget.onLook(answer, shareMs !== null);
    return hasFinished(answer);
  };
  void poller.watch(job.uuid, count, budget.over);
}

function isBad(step: Step, entry: Entry): boolean {
  const isOver = entry.facts.stop !== null && !step.end.signal.aborted;
  return isOver && !results[outcomeNow(step, entry).result].passes;
}

// It may have ended since the last look, and its owner would like to know.
async function lookOnceMore(step: Step, entry: Entry): Promise<void> {
  const { job, cancel } = entry;
  if (job === null || entry.facts.stop !== null || cancel !== null) return;
  const seen = await readJob(step.client, job.uuid, step.end.deadline).catch(() => null);
  if (seen === null) return;
  observe(step, entry, seen);
  if (!hasFinished(seen)) return;
  // As they are now: another job of the entry may have been found meanwhile.
  record(step, entry, withJob(entry.facts, { uuid: seen.uuid, hasEnded: true }));
}
