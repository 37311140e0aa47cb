import { GitHubError, InterruptedError } from '../errors.ts';
import type { GitHub } from '../github/client.ts';
import { dispatchWorkflow, readDefaultBranch } from '../github/dispatch.ts';
import { finishStatus, keepPending } from '../github/pending.ts';
import type { WorkflowRun } from '../github/runs.ts';
import { readPendingStatuses, statusRoute, type PendingStatus } from '../github/statuses.ts';
import { createJobOutcome } from '../jobs/outcome.ts';
import { titleOf } from '../jobs/metrics.ts';
import { describeError, type ErrorMessage } from '../report/errors.ts';
import { describeGitHubError } from '../report/github-errors.ts';
import { sanitizeLine } from '../report/sanitize.ts';
import type { Runner } from '../runner.ts';
import type { MarkedJob } from './jobs.ts';

/** What is done for jobs that have ended. */
export interface FollowUp {
  readonly github: GitHub;
  readonly runner: Runner;
  /** The workflow to start for each; undefined where none is. */
  readonly workflow: string | undefined;
  /** Where it runs; undefined: on the default branch. */
  readonly ref: string | undefined;
  /** Told of what could not be done. */
  readonly onProblem: (problem: ErrorMessage) => void;
}

/** A job that has ended, and its statuses that are still pending. */
interface Due extends MarkedJob {
  readonly statuses: readonly PendingStatus[];
}

/**
 * Finishes the pending commit statuses of jobs that have ended, and starts the workflow that follows
 * for each.
 * @param openRuns the runs whose steps may still watch their jobs
 */
export async function finishStatuses(
  followUp: FollowUp,
  ended: readonly MarkedJob[],
  openRuns: ReadonlyMap<string, WorkflowRun>,
): Promise<void> {
  const { github, workflow, onProblem } = followUp;
  try {
    const [first, ...rest] = await readDue(github, ended, openRuns);
    if (first === undefined) return;
    const ref =
      workflow === undefined ? undefined : (followUp.ref ?? (await readDefaultBranch(github)));
    const finish = async (due: Due) => finishOne({ ...followUp, ref }, due);
    // What fails for the first, and would for all, is not tried for the rest.
    if (await finish(first)) await Promise.all(rest.map(finish));
  } catch (error) {
    // What was found before is still to be reported.
    if (error instanceof GitHubError) onProblem(describeGitHubError(error));
    else if (error instanceof InterruptedError)
      onProblem(describeError(error, 'finish the commit statuses'));
    else throw error;
  }
}

async function readDue(
  github: GitHub,
  ended: readonly MarkedJob[],
  openRuns: ReadonlyMap<string, WorkflowRun>,
): Promise<readonly Due[]> {
  const shas = new Set(ended.map(({ mark }) => mark.sha).filter((sha) => sha !== ''));
  const pending = await readPendingStatuses(github, [...shas]);
  // A step that still watches its job finishes the status itself.
  const left = pending.filter(({ isLeft, runId }) => isLeft || !openRuns.has(runId));
  const byJob = Map.groupBy(left, ({ jobUuid }) => jobUuid);
  return ended.flatMap(({ job, mark }) => {
    const statuses = (byJob.get(job.uuid) ?? []).filter(({ sha }) => sha === mark.sha);
    return statuses.length === 0 ? [] : [{ job, mark, statuses }];
  });
}

/** @returns whether the next job may fare better */
async function finishOne(followUp: FollowUp, { job, mark, statuses }: Due): Promise<boolean> {
  const { github, runner, workflow, ref = '', onProblem } = followUp;
  const print = (text: string) => {
    runner.print(`Job ${job.uuid}: ${sanitizeLine(runner.redactor.redact(text), 500)}`);
  };
  const outcome = createJobOutcome(job);
  const { result } = outcome;
  try {
    if (workflow !== undefined) {
      // Where its status cannot be finished, each check would start the workflow again.
      for (const status of statuses) await keepPending(github, status, 'Has ended');
      const title = sanitizeLine(titleOf(outcome.ref, job), 200);
      print(`starting ${workflow} on ${ref} for “${title}”, ${result}`);
      const inputs = { 'job-uuid': job.uuid, result, title, sha: mark.sha };
      await dispatchWorkflow(github, workflow, ref, inputs);
    }
    // Last: the pending status is the memory of what is still to be started.
    for (const status of statuses) {
      const { state } = await finishStatus(github, status, outcome);
      print(`commit status “${status.context}”: ${state}`);
    }
    return true;
  } catch (error) {
    if (!(error instanceof GitHubError)) throw error;
    onProblem(describeGitHubError(error));
    return error.trouble === 'refused' && error.request === statusRoute;
  }
}
