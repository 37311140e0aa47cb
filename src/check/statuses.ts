import { GitHubError, InterruptedError } from '../errors.ts';
import { dispatchWorkflow, readDefaultBranch } from '../github/dispatch.ts';
import { readPendingUrl } from '../github/pending-url.ts';
import type { WorkflowRun } from '../github/runs.ts';
import { readStatuses, setStatus, type ContextStatus } from '../github/statuses.ts';
import { checkedJob, outcomeOf, type CheckedJob } from './checked-job.ts';
import { titleOf } from '../jobs/metrics.ts';
import type { MarkedJob } from './jobs.ts';
import { describeEnd } from '../report/commit-status-text.ts';
import { sanitizeLine } from '../report/sanitize.ts';
import type { Check } from '../commands/check.ts';

/** A job that has ended, and its statuses that are still pending. */
interface Due {
  readonly ended: CheckedJob;
  readonly statuses: readonly ContextStatus[];
}

/**
 * Finishes the pending commit statuses of jobs that have ended, and starts the workflow that follows
 * for each: first the workflow, so that none is forgotten where this process ends in between.
 */
export async function finishStatuses(
  check: Check,
  ended: readonly MarkedJob[],
  openRuns: ReadonlyMap<string, WorkflowRun>,
): Promise<void> {
  const { github, repository, console, inputs } = check;
  const shas = new Set(ended.map(({ mark }) => mark.sha).filter((sha) => sha !== ''));
  try {
    const statuses = await readStatuses(github, repository, [...shas]);
    const due = dueOf(check, ended, statuses, openRuns);
    const [first] = due;
    if (first === undefined) return;
    const isFollowed = inputs['follow-up'] !== undefined;
    if (isFollowed && !(await mayFinish(check, first))) return;
    const ref = isFollowed ? await refOf(check) : '';
    await Promise.all(due.map(async (each) => finishOne(check, each, ref)));
  } catch (error) {
    if (error instanceof GitHubError) console.statusesUnreadable(error);
    // What was found before is still to be told.
    else if (error instanceof InterruptedError) console.statusesInterrupted(error);
    else throw error;
  }
}

// Where statuses cannot be finished, each check would start the same workflows again.
async function mayFinish({ github, repository, console }: Check, { statuses }: Due) {
  const [first] = statuses;
  if (first === undefined) return false;
  const { sha, context, targetUrl } = first;
  const status = { state: 'pending', description: 'Has ended', context } as const;
  try {
    await setStatus(github, repository, sha, { ...status, target_url: targetUrl ?? '' });
  } catch (error) {
    if (!(error instanceof GitHubError)) throw error;
    // That may be about this one alone.
    if (error.trouble === 'refused') return true;
    console.statusNotSet(error);
    return false;
  }
  return true;
}

function dueOf(
  { nowMs }: Check,
  ended: readonly MarkedJob[],
  statuses: readonly ContextStatus[],
  openRuns: ReadonlyMap<string, WorkflowRun>,
): readonly Due[] {
  const byJob = Map.groupBy(statuses.filter(isOurs), (status) => pendingJob(status, openRuns));
  return ended.flatMap((each) => {
    const own = byJob.get(each.job.uuid)?.filter(({ sha }) => sha === each.mark.sha) ?? [];
    return own.length === 0
      ? []
      : [{ ended: checkedJob(each, outcomeOf(each, []), nowMs), statuses: own }];
  });
}

function isOurs({ isPending, context }: ContextStatus): boolean {
  return isPending && context.startsWith('dispersed / ');
}

/** The job that a status waits for; null where there is none, or a step still watches it. */
function pendingJob(
  { targetUrl }: ContextStatus,
  openRuns: ReadonlyMap<string, WorkflowRun>,
): string | null {
  const pending = readPendingUrl(targetUrl);
  if (pending === null) return null;
  return pending.isLeft || !openRuns.has(pending.runId) ? pending.jobUuid : null;
}

async function refOf({ github, repository, inputs }: Check): Promise<string> {
  return inputs.ref ?? readDefaultBranch(github, repository);
}

async function finishOne(check: Check, { ended, statuses }: Due, ref: string): Promise<void> {
  const { github, repository, console } = check;
  if (!(await followUp(check, ended, ref))) return;
  const { outcome } = ended;
  for (const { sha, context, targetUrl } of statuses) {
    try {
      const link = readPendingUrl(targetUrl)?.runUrl ?? '';
      const message = describeEnd(outcome);
      await setStatus(github, repository, sha, { ...message, context, target_url: link });
      console.statusFinished(ended, context, message.state);
    } catch (error) {
      if (!(error instanceof GitHubError)) throw error;
      console.statusNotSet(error);
    }
  }
}

/** Starts the workflow that follows; gives whether the status may be finished. */
async function followUp(check: Check, ended: CheckedJob, ref: string): Promise<boolean> {
  const { github, repository, console, inputs } = check;
  const workflow = inputs['follow-up'];
  if (workflow === undefined) return true;
  if (console.isFollowUpHopeless()) return false;
  const { outcome, mark, job } = ended;
  try {
    const title = sanitizeLine(titleOf(outcome.ref, job), 200);
    const given = { 'job-uuid': job.uuid, result: outcome.result, title, sha: mark.sha };
    await dispatchWorkflow(github, repository, { workflow, ref, inputs: given });
    console.followUpStarted(ended, workflow, ref);
    return true;
  } catch (error) {
    if (!(error instanceof GitHubError)) throw error;
    console.followUpFailed(error, workflow, ref);
    return false;
  }
}
