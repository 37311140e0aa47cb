import type { CommitStatus } from '../github/commit-status.ts';
import type { Outcome, RunData } from '../jobs/records.ts';
import { passes } from '../jobs/results.ts';
import { withBills } from '../money/bills.ts';
import { formatClosing } from '../report/format.ts';
import { writeAccessToken } from '../report/outputs.ts';
import { allEntries, type Step } from './step.ts';
import { failFast, outcomeNow, reconcileEntry, refresh, reportEnd } from './update.ts';

/**
 * Ends the step, and tells whoever is told before the reports.
 * @param runData what the runs of each entry's job brought, in the order of the entries
 */
export async function finish(
  step: Step,
  runData: readonly RunData[],
  commitStatus: CommitStatus,
): Promise<readonly Outcome[]> {
  await refreshRunning(step);
  const outcomes = await decide(step, runData);
  writeAccessToken(
    step.deps.runner,
    step.entries.map(({ accessToken }) => accessToken),
  );
  await commitStatus.settle(step.end.deadline);
  step.log.print(formatClosing(outcomes));
  return outcomes;
}

/** The verdict: once nothing is left to do about any job, nothing that happens later changes it. */
async function decide(step: Step, runData: readonly RunData[]): Promise<readonly Outcome[]> {
  const { end, entries, client, deps } = step;
  // After an interrupt, there are only seconds for the reports.
  const noTime = AbortSignal.any([end.deadline, deps.interrupt]);
  const outcomesNow = () => entries.map((entry, index) => outcomeNow(step, entry, runData[index]));
  let billed: readonly Outcome[] = [];
  for (let known = -1; known !== end.facts().ends.length;) {
    known = end.facts().ends.length;
    await Promise.all(allEntries(step).map(async (entry) => reconcileEntry(step, entry)));
    // Before the verdict: an interrupt meanwhile is still one.
    billed = await withBills(outcomesNow(), client, noTime);
  }
  end.decide();
  for (const [index, entry] of entries.entries()) reportEnd(step, entry, runData[index]);
  return outcomesNow().map((outcome, index) => ({
    ...outcome,
    bills: billed[index]?.bills ?? outcome.bills,
  }));
}

/**
 * Reads once more the jobs that did what was asked for while others were waited for: they may have
 * ended since, and are then reported as jobs that have.
 */
async function refreshRunning(step: Step): Promise<void> {
  const { entries, end, plan } = step;
  const running = entries.filter(({ facts }) => facts.stop === 'goal');
  if (entries.length < 2 || plan.goalResult !== 'running' || end.signal.aborted) return;
  await Promise.all(running.map(async (entry) => refresh(step, entry, end.signal)));
  if (running.some((entry) => !passes(outcomeNow(step, entry).result))) failFast(step);
}
