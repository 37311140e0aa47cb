import { saveEntry, saveIfPossible, savePolicy, saveStep } from '../custody/facts.ts';
import type { Deps } from '../deps.ts';
import type { CommitStatus } from '../github/commit-status.ts';
import type { Outcome } from '../jobs/records.ts';
import { passes } from '../jobs/results.ts';
import { withBills } from '../money/bills.ts';
import { formatClosing } from '../report/format.ts';
import { startProgress } from '../report/progress.ts';
import { setSeen, type StepJob } from './entry.ts';
import { allEntries, createStep, type Step, type StepListener, type StepPlan } from './step.ts';
import { failFast, outcomeNow, reconcileEntry, reportEnd, stopOverBudget } from './update.ts';
import { refresh } from './watch.ts';

/** Opens a step, has the work done in it, and closes it. */
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
    await step.close();
  }
}

// The cancel action and a dry run say what they do themselves.
function startReports({ plan, entries, deps, log, listeners }: Step, signal: AbortSignal): void {
  const { apiUrl, timeoutMs, policy, goalResult, cancelReason } = plan;
  if (entries.length === 0 || cancelReason !== undefined) return;
  const end = policy.onJobEnd === 'cancel' ? "run until the workflow's job ends" : '$&';
  const atTimeout = timeoutWords[policy.onTimeout].replace('keep running', end);
  log.opening(apiUrl, goalResult === 'submitted' ? null : timeoutMs, atTimeout);
  const progress = { timeoutMs, atTimeout };
  listeners.push(startProgress(log.print, deps.clock, entries.length, progress, signal));
}

const timeoutWords = {
  cancel: 'unfinished jobs are canceled and the step fails',
  fail: 'unfinished jobs keep running and the step fails',
  detach: 'unfinished jobs keep running and the step passes',
} as const;

function startStep(step: Step): void {
  const { deps, end, budget } = step;
  void budget.start({
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
    const save = () => saveStep(deps.runner, facts);
    if (facts.hasVerdict) {
      save();
      return;
    }
    saveIfPossible(save);
    // Also those that are done: the step owns every job until the verdict.
    for (const entry of allEntries(step)) if (!entry.isSubmitting) void reconcileEntry(step, entry);
  });
}

/** Ends the step, up to the reports. */
export async function finish(step: Step, commitStatus: CommitStatus): Promise<readonly Outcome[]> {
  await refreshRunning(step);
  const outcomes = await decide(step);
  const token = step.entries[0]?.accessToken;
  if (token) step.deps.runner.output('access-token', token);
  await commitStatus.settle(step.end.deadline);
  step.log.print(formatClosing(outcomes));
  return outcomes;
}

/** The verdict: once nothing is left to do about any job, nothing that happens later changes it. */
async function decide(step: Step): Promise<readonly Outcome[]> {
  const { end, entries, client, deps } = step;
  const noTime = AbortSignal.any([end.deadline, deps.interrupt]);
  const outcomesNow = () => entries.map((entry) => outcomeNow(step, entry));
  let billed: readonly Outcome[] = [];
  for (let known = -1; known !== end.facts().ends.length;) {
    known = end.facts().ends.length;
    await Promise.all(allEntries(step).map(async (entry) => reconcileEntry(step, entry)));
    // Before the verdict: an interrupt meanwhile is still one.
    billed = await withBills(outcomesNow(), client, noTime);
  }
  end.decide();
  for (const entry of entries) reportEnd(step, entry);
  return outcomesNow().map((outcome, index) => ({
    ...outcome,
    bills: billed[index]?.bills ?? outcome.bills,
  }));
}

// Jobs that did what was asked for may have ended while others were waited for.
async function refreshRunning(step: Step): Promise<void> {
  const { entries, end, plan } = step;
  const running = entries.filter(({ facts }) => facts.stop === 'goal');
  if (plan.goalResult !== 'running' || end.signal.aborted) return;
  await Promise.all(running.map(async (entry) => refresh(step, entry, end.signal)));
  if (running.some((entry) => !passes(outcomeNow(step, entry).result))) failFast(step);
}
