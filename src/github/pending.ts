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
import { isUuid } from '../service/schemas.ts';
import { createGitHub, type GitHub } from './client.ts';
import { readStatuses, setStatus } from './statuses.ts';

// A pending commit status leads to the page of its workflow run, and after `#`, which GitHub's page
// ignores, it names its job. So whoever comes later knows which status is whose, and can finish it.

/** The job that a pending status stands for. */
export interface Pending {
  readonly jobUuid: string;
  /** Whether no step watches the job any more: then only `check` finishes the status. */
  readonly isLeft: boolean;
}

/** A pending status as it is read. */
export type PendingStatus = Readonly<{ sha: string; context: string }> &
  NonNullable<ReturnType<typeof parsePendingUrl>>;

/** @param page of the workflow run */
export function pendingUrl(page: string, { jobUuid, isLeft }: Pending): string {
  return `${page}#dispersed-${isLeft ? 'left' : 'job'}-${jobUuid}`;
}

// Whoever may set a status may set any address: one that a browser would not take is not ours.
const pattern =
  /^(https?:\/\/[!-"$-~]+\/actions\/runs\/(\d+))#dispersed-(job|left)-([0-9a-f-]{36})$/;

/** Reads the address of a pending status, with the page of its run; null for any other. */
export function parsePendingUrl(url: string | null) {
  const [, page = '', runId = '', kind, jobUuid = ''] = pattern.exec(url ?? '') ?? [];
  return isUuid(jobUuid) ? { page, runId, jobUuid, isLeft: kind === 'left' } : null;
}

/** Reads the pending statuses of these commits that stand for a job. */
export async function readPendingStatuses(
  github: GitHub,
  shas: readonly string[],
): Promise<readonly PendingStatus[]> {
  const statuses = await readStatuses(github, shas);
  return statuses.flatMap(({ sha, context, state, targetUrl }) => {
    const isOurs = state === 'pending' && context.startsWith('dispersed / ');
    const pending = isOurs ? parsePendingUrl(targetUrl) : null;
    return pending === null ? [] : [{ sha, context, ...pending }];
  });
}

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
