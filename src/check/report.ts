import { GitHubError, InterruptedError, ServiceError } from '../errors.ts';
import type { RunRef } from '../inputs/context.ts';
import type { CheckedJob, CheckResult } from './checked-job.ts';
import type { Runner } from '../runner.ts';
import { annotate } from '../report/annotations.ts';
import { reportFailure } from '../report/report.ts';
import { sumOfCosts } from '../money/cost.ts';
import { renderCheck, rateOf } from './summary.ts';
import { describeError, describeInternalError, type ErrorMessage } from '../report/errors.ts';
import { formatUsd } from '../report/format.ts';
import { describeGitHubError } from '../report/github-errors.ts';
import { describeJob } from '../report/outputs.ts';
import { writeSummary } from '../report/summary.ts';

/** Tells what a check has seen and done, and sets the step's verdict. */
export async function reportCheck(
  runner: Runner,
  here: RunRef,
  result: CheckResult,
  problems: readonly ErrorMessage[],
): Promise<void> {
  runner.print(formatCounts(result));
  // One error for each thing that went wrong, however often it did.
  const byTitle = new Map(problems.map((problem) => [problem.title, problem]));
  for (const problem of byTitle.values()) annotate(runner, problem);
  if (problems.length > 0) runner.fail();
  writeCheckOutputs(runner, result);
  await writeSummary(runner, () => renderCheck(result, here));
}

/** `3 jobs run (2.07 USD an hour), 5 have ended, 1 was an orphan` */
function formatCounts({ running, ended, orphans }: CheckResult): string {
  const rate = rateOf(running);
  const hourly = rate === null ? '' : ` (${formatUsd(rate)} an hour)`;
  const counts = [
    `Running: ${running.length}${hourly}`,
    `ended: ${ended.length}`,
    `orphans: ${orphans.length}`,
  ];
  return counts.join(', ');
}

function writeCheckOutputs(runner: Runner, { running, ended, orphans }: CheckResult): void {
  runner.output('running', jsonOf(running));
  runner.output('ended', jsonOf(ended));
  runner.output('orphans', jsonOf(orphans));
  const cost = sumOfCosts([...running, ...ended].map((job) => job.cost));
  if (cost !== null) runner.output('cost-usd', String(cost.usd));
}

// The outputs of a whole workflow job hold about 1 MB.
const maxCharacters = 250_000;

/** The newest come first, and the last ones give way. */
function jsonOf(jobs: readonly CheckedJob[]): string {
  let size = 2;
  const members = jobs.map(({ outcome, cost }) =>
    JSON.stringify({
      ...describeJob(outcome),
      cost_usd: cost?.usd ?? null,
      cost_is: cost?.is ?? null,
    }),
  );
  return `[${members.filter((text) => (size += text.length + 1) <= maxCharacters).join(',')}]`;
}

/** Reports why it could not look, and fails the step. */
export async function reportCheckFailure(runner: Runner, error: unknown): Promise<void> {
  await reportFailure(runner, error, describeCheckError);
}

function describeCheckError(error: unknown): ErrorMessage {
  if (error instanceof GitHubError) {
    return describeGitHubError(error, 'read the workflow runs', 'actions: read');
  }
  const isExpected = error instanceof ServiceError || error instanceof InterruptedError;
  return isExpected ? describeError(error, 'look at the jobs') : describeInternalError(error);
}
