import { saveEntry, saveIfPossible, savePolicy, saveStep } from '../custody/saved-state.ts';
import type { Deps } from '../deps.ts';
import { startProgress } from '../report/progress.ts';
import { setSeen, type StepJob } from './entry.ts';
import type { StepPlan } from './plan.ts';
import { allEntries, createStep, type Step, type StepListener } from './step.ts';
import { reconcileEntry, stopOverBudget } from './update.ts';

/** Opens a step, has the work done in it, and closes it, come what may. */
export async function withStep<T>(
  plan: StepPlan,
  jobs: readonly StepJob[],
  listeners: readonly StepListener[],
  deps: Deps,
  work: (step: Step) => Promise<T>,
): Promise<T> {
  const closed = new AbortController();
  const step = createStep(plan, jobs, listeners, deps, closed.signal);
  try {
    startReports(step, closed.signal);
    // What post has to know before anything is sent, the jobs that were given included.
    savePolicy(deps.runner, plan.policy);
    for (const { place, facts } of step.entries) saveEntry(deps.runner, place, facts);
    startStep(step);
    return await work(step);
  } finally {
    closed.abort();
    step.budget.stop();
    await step.close();
  }
}

// The cancel action and a dry run say what they do themselves.
function startReports({ plan, entries, deps, log, listeners }: Step, signal: AbortSignal): void {
  const { apiUrl, timeoutMs, policy, goalResult, cancelReason } = plan;
  const jobCount = entries.length;
  if (jobCount === 0 || cancelReason !== undefined) return;
  const atTimeout = timeoutWords[policy.onTimeout];
  log.opening(apiUrl, goalResult === 'submitted' ? null : timeoutMs, atTimeout);
  const progress = { timeoutMs, atTimeout };
  listeners.push(startProgress(log.print, deps.clock, jobCount, progress, signal));
}

const timeoutWords = {
  cancel: 'unfinished jobs are canceled and the step fails',
  fail: 'unfinished jobs keep running and the step fails',
  detach: 'unfinished jobs keep running and the step passes',
} as const;

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
