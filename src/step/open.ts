import { createFinder } from '../custody/find.ts';
import { saveEntry, saveIfPossible, savePlan, saveStep } from '../custody/saved-state.ts';
import type { Deps } from '../deps.ts';
import { createLogCollector } from '../logs/collector.ts';
import { createBudget } from '../money/budget.ts';
import { hasCeiling } from '../money/ceilings.ts';
import { openLogPrinter } from '../report/container-log.ts';
import { createLog, type Log } from '../report/log.ts';
import { startProgress } from '../report/progress.ts';
import { openService } from '../service/client.ts';
import { createPoller, maxAutoMs, type PollInterval } from '../service/poll.ts';
import { createStepEnd } from './end.ts';
import { createEntry, type StepJob, setSeen } from './entry.ts';
import type { StepPlan } from './plan.ts';
import { reconcileEntry, stopOverBudget } from './reconcile-entry.ts';
import { allEntries, type Step, type StepListener } from './step.ts';

/** Opens a step, has the work done in it, and closes it, come what may. */
export async function withStep<T>(
  plan: StepPlan,
  jobs: readonly StepJob[],
  listeners: readonly StepListener[],
  deps: Deps,
  work: (step: Step) => Promise<T>,
): Promise<T> {
  const { runner, clock } = deps;
  const log = createLog(runner, clock, jobs.length);
  const { client, close } = openService(deps, plan, log.clockOff);
  const probe = deps.openProbe(plan.apiUrl);
  const over = new AbortController();
  const end = createStepEnd(deps, plan.timeoutMs);
  const budget = createBudget(client, plan.ceilings, end.signal);
  const poller = createPoller({
    client,
    interval: hasCeiling(plan.ceilings) ? watchfulInterval(plan.pollInterval) : plan.pollInterval,
    signal: end.deadline,
    onUnavailable: log.serviceUnavailable,
    onAvailable: log.serviceAvailable,
  });
  const printer = openLogPrinter(runner, log, plan.logs, jobs.length);
  const jobLogs = createLogCollector({
    client,
    signal: end.signal,
    deadline: end.deadline,
    interrupt: deps.interrupt,
    ...printer,
  });
  const step: Step = {
    deps,
    plan,
    entries: jobs.map((job) => createEntry(job)),
    earlier: [],
    client,
    probe,
    end,
    finder: createFinder(client, end.deadline),
    poller,
    log,
    budget,
    jobLogs,
    listeners: [log, ...startReports(plan, jobs.length, deps, log, over.signal), ...listeners],
  };
  try {
    saveStart(step, jobs);
    startStep(step);
    return await work(step);
  } finally {
    over.abort();
    end.release();
    budget.stop();
    await Promise.all([close(), probe.close()]);
  }
}

// What a job costs an hour is looked at often, however seldom its status is.
function watchfulInterval(interval: PollInterval): PollInterval {
  return interval === 'auto' ? interval : Math.min(interval, maxAutoMs);
}

// The cancel action and a dry run say what they do themselves.
function startReports(
  { apiUrl, timeoutMs, policy, goalResult, cancelReason }: StepPlan,
  jobCount: number,
  { clock }: Deps,
  log: Log,
  signal: AbortSignal,
): readonly StepListener[] {
  if (jobCount === 0 || cancelReason !== undefined) return [];
  const atTimeout = timeoutWords[policy.onTimeout];
  log.opening(apiUrl, goalResult === 'submitted' ? null : timeoutMs, atTimeout);
  return [startProgress(log.print, clock, jobCount, { timeoutMs, atTimeout }, signal)];
}

const timeoutWords = {
  cancel: 'unfinished jobs are canceled and the step fails',
  fail: 'unfinished jobs keep running and the step fails',
  detach: 'unfinished jobs keep running and the step passes',
} as const;

/** Saves what post has to know before anything is sent, the jobs that were given included. */
function saveStart({ deps: { runner }, plan, entries }: Step, jobs: readonly StepJob[]): void {
  const records = Math.max(1, ...jobs.map((job) => job.records ?? 1));
  savePlan(runner, { count: jobs.length, records, policy: plan.policy });
  for (const { ref, choice, facts } of entries)
    if (facts.jobs.length > 0) saveEntry(runner, ref.index, choice, facts);
}

/** Starts the clocks and listens to the interrupt, once all is there that they act on. */
function startStep(step: Step): void {
  const { deps, end, budget } = step;
  budget.start({
    onOverRate: (jobUuid, why) => {
      const entry = allEntries(step).find(({ facts }) => facts.jobs[0]?.uuid === jobUuid);
      if (entry !== undefined) stopOverBudget(step, entry, why);
    },
    onOverCost: (why) => {
      for (const entry of step.entries)
        setSeen(entry, { overBudget: entry.seen.overBudget ?? why });
      end.endFor('max-cost');
    },
  });
  end.start((facts) => {
    const save = () => {
      saveStep(deps.runner, facts);
    };
    if (facts.hasVerdict) {
      save();
      return;
    }
    saveIfPossible(save);
    // Also those that are done: nothing is let go before the verdict.
    for (const entry of allEntries(step)) if (!entry.isSubmitting) void reconcileEntry(step, entry);
  });
}
