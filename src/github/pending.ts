import { startDeadline } from '../clock.ts';
import type { Deps } from '../deps.ts';
import { InterruptedError } from '../errors.ts';
import type { RunRef } from '../inputs/context.ts';
import { createJobOutcome } from '../jobs/outcome.ts';
import type { Outcome } from '../jobs/records.ts';
import { hasEndedForGood } from '../jobs/restart.ts';
import { describeEnd, type Message } from '../report/commit-status-text.ts';
import { warnStatusNotSet } from '../report/github-errors.ts';
import { nowOf, type Client } from '../service/client.ts';
import { readJob } from '../service/endpoints.ts';
import { createGitHub, type GitHub } from './client.ts';
import { pendingUrl, readPendingStatuses, setStatus, type PendingStatus } from './statuses.ts';

/** Sets a pending status once more with other words, so that it stands for the same job. */
export async function keepPending(
  github: GitHub,
  { sha, context, ...pending }: PendingStatus,
  description: string,
): Promise<void> {
  const url = pendingUrl(pending.page, pending);
  await setStatus(github, sha, { state: 'pending', context, description, target_url: url });
}

/** Finishes a status with what became of its job. */
export async function finishStatus(
  github: GitHub,
  { sha, context, page }: PendingStatus,
  outcome: Outcome,
): Promise<Message> {
  const message = describeEnd(outcome);
  await setStatus(github, sha, { ...message, context, target_url: page });
  return message;
}

// The jobs come first: what is left of post's 4 minutes is seconds.
const maxFinishMs = 10_000;

/**
 * Finishes the statuses of jobs that main has left pending because it was killed; those of jobs that
 * live on are left to `check`. Never rejects.
 */
export async function finishOwnStatuses(
  deps: Deps,
  { repository, runId, sha }: RunRef,
  token: string,
  jobUuids: ReadonlySet<string>,
  client: Client,
): Promise<void> {
  const { signal, clear } = startDeadline(deps.clock, maxFinishMs);
  const github = createGitHub(deps, { repository, token, signal });
  const finish = async (status: PendingStatus) => {
    const job = await readJob(client, status.jobUuid, signal);
    const hasEnded = hasEndedForGood(job, nowOf(client));
    if (hasEnded) await finishStatus(github, status, createJobOutcome(job));
    else await keepPending(github, { ...status, isLeft: true }, 'Left running');
  };
  try {
    const statuses = await readPendingStatuses(github, [sha]);
    const isOwn = (status: PendingStatus) =>
      status.runId === runId && !status.isLeft && jobUuids.has(status.jobUuid);
    await Promise.all(statuses.filter(isOwn).map(finish));
  } catch (error) {
    warnStatusNotSet(deps.runner, signal.aborted ? new InterruptedError() : error);
  } finally {
    clear();
  }
}
