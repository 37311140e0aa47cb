import { GitHubError, InterruptedError, ServiceError } from '../errors.ts';
import type { RunRef } from '../inputs/context.ts';
import { sumOfCosts } from '../money/cost.ts';
import { annotate } from '../report/annotations.ts';
import { describeError, describeInternalError, type ErrorMessage } from '../report/errors.ts';
import { formatRates } from '../report/format.ts';
import { describeGitHubError } from '../report/github-errors.ts';
import { describeJob, writeJobList } from '../report/outputs.ts';
import { writeSummary } from '../report/summary.ts';
import type { Runner } from '../runner.ts';
import type { CheckedJob, CheckResult } from './jobs.ts';
import { renderCheck } from './summary.ts';

/** Reports what a check has seen and done, and fails the step where something went wrong. */
export async function reportCheck(
  runner: Runner,
  here: RunRef,
  result: CheckResult,
  problems: readonly ErrorMessage[],
): Promise<void> {
  const { running, ended } = result;
  runner.print(formatCounts(result));
  // One error for each thing that went wrong, however often it did.
  const byTitle = new Map(problems.map((problem) => [problem.title, problem]));
  for (const problem of byTitle.values()) annotate(runner, problem);
  if (problems.length > 0) runner.fail();
  writeCheckOutputs(runner, result);
  const cost = sumOfCosts([...running, ...ended].map((job) => job.cost));
  if (cost !== null) runner.output('cost-usd', String(cost.usd));
  await writeSummary(runner, () => renderCheck(result, here));
}

/** `Running: 3 (2.07 USD an hour), ended: 5, orphans: 1` */
function formatCounts({ running, ended, orphans }: CheckResult): string {
  const rate = formatRates(running.map(({ outcome }) => outcome));
  const hourly = rate && ` (${rate})`;
  return `Running: ${running.length}${hourly}, ended: ${ended.length}, orphans: ${orphans.length}`;
}

/** Sets the outputs that are JSON: the newest jobs come first. */
export function writeCheckOutputs(
  runner: Runner,
  { running, ended, orphans }: Pick<CheckResult, 'running' | 'ended' | 'orphans'>,
): void {
  writeJobList(runner, 'running', running.map(describeChecked));
  writeJobList(runner, 'ended', ended.map(describeChecked));
  writeJobList(runner, 'orphans', orphans.map(describeChecked));
}

function describeChecked({ outcome, cost }: CheckedJob) {
  return { ...describeJob(outcome), cost_usd: cost?.usd ?? null, cost_is: cost?.is ?? null };
}

/** The words for why it could not look. */
export function describeCheckError(error: unknown): ErrorMessage {
  if (error instanceof GitHubError) return describeGitHubError(error);
  const isExpected = error instanceof ServiceError || error instanceof InterruptedError;
  return isExpected ? describeError(error, 'look at the jobs') : describeInternalError(error);
}
