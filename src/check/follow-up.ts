import * as z from 'zod/mini';
import { GitHubError } from '../errors.ts';
import type { GitHub } from '../github/client.ts';
import { readRuns } from '../github/runs.ts';
import {
  finishStatus,
  keepPending,
  readPendingStatuses,
  statusRoute,
  type PendingStatus,
} from '../github/statuses.ts';
import { createJobOutcome } from '../jobs/outcome.ts';
import { titleOf } from '../jobs/metrics.ts';
import { describeError, type ErrorMessage } from '../report/errors.ts';
import { sanitizeLine } from '../report/sanitize.ts';
import type { Runner } from '../runner.ts';
import type { MarkedJob } from './jobs.ts';

interface FollowUp {
  readonly github: GitHub;
  readonly runner: Runner;
  /** The workflow to start for each job. */
  readonly workflow: string | undefined;
  /** Where it runs, if not on the default branch. */
  readonly ref: string | undefined;
  readonly onProblem: (problem: ErrorMessage) => void;
}

interface Due extends MarkedJob {
  readonly statuses: readonly PendingStatus[];
}

const repositorySchema = z.object({ default_branch: z.string() });

/**
 * Finishes the pending commit statuses of jobs that have ended, and starts the workflow that follows
 * for each.
 */
export async function finishStatuses(
  followUp: FollowUp,
  ended: readonly MarkedJob[],
): Promise<void> {
  const { github, workflow, onProblem } = followUp;
  try {
    const [first, ...rest] = await readDue(github, ended);
    if (first === undefined) return;
    let { ref } = followUp;
    if (workflow !== undefined)
      ref ??= (await github.read(repositorySchema, 'GET /repos/{owner}/{repo}')).default_branch;
    const finish = async (due: Due) => finishOne({ ...followUp, ref }, due);
    if (await finish(first)) await Promise.all(rest.map(finish));
  } catch (error) {
    onProblem(describeError(error, 'finish the commit statuses'));
  }
}

async function readDue(github: GitHub, ended: readonly MarkedJob[]) {
  const shas = new Set(ended.map(({ mark }) => mark.sha).filter((sha) => sha !== ''));
  const uuids = new Set(ended.map(({ job }) => job.uuid));
  const all = await readPendingStatuses(github, [...shas]);
  const pending = all.filter(({ jobUuid }) => uuids.has(jobUuid));
  const watched = pending.filter(({ isLeft }) => !isLeft);
  const runIds = watched.map(({ runId }) => runId);
  const runs = await readRuns(github, runIds);
  // A step that still watches its job finishes the status itself.
  const left = pending.filter(
    ({ isLeft, runId }) => isLeft || runs.get(runId)?.status === 'completed',
  );
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
  try {
    if (workflow !== undefined) {
      // Where its status cannot be finished, each check would start the workflow again.
      for (const status of statuses)
        await keepPending(github, status, 'Ended; starting the follow-up');
      const { ref: jobRef, result } = createJobOutcome(job);
      const title = sanitizeLine(titleOf(jobRef, job), 200);
      print(`starting ${workflow} on ${ref} for “${title}” (result: ${result})`);
      const inputs = { 'job-uuid': job.uuid, result, title, sha: mark.sha };
      const route = 'POST /repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches';
      // Not sent again where it may have been started.
      await github.send(route, { workflow_id: workflow, ref, inputs }, false);
    }
    // Last: the pending status is the memory of what is still to be started.
    for (const status of statuses) {
      const { state } = await finishStatus(github, status, job);
      print(`commit status “${status.context}”: ${state}`);
    }
    return true;
  } catch (error) {
    if (!(error instanceof GitHubError)) throw error;
    onProblem(describeError(error, 'finish the commit status'));
    return error.trouble === 'refused' && error.request === statusRoute;
  }
}
