import { nowOf, type Client } from '../service/client.ts';
import { readJob } from '../service/endpoints.ts';
import type { Job } from '../service/schemas.ts';
import { asError, GitHubError } from '../errors.ts';
import { createGitHub, type OpenGitHub } from '../github/client.ts';
import { pendingUrl, readPendingUrl } from '../github/pending-url.ts';
import { repositoryOf } from '../github/runs.ts';
import { readStatuses, setStatus, type ContextStatus, type NewStatus } from '../github/statuses.ts';
import { readRunRef, type RunRef } from '../inputs/context.ts';
import type { CleanUpInputs } from '../inputs/cook.ts';
import { outcomeOf } from './checked-job.ts';
import { hasEndedForGood } from '../jobs/restart.ts';
import { results } from '../jobs/results.ts';
import type { SavedState } from '../custody/saved-state.ts';
import { describeEnd } from '../report/commit-status-text.ts';
import { warnStatusNotSet } from '../github/commit-status.ts';
import type { Deps } from '../deps.ts';

// The jobs come first: what is left of post's 4 minutes is seconds.
const maxStatusesMs = 10_000;

/**
 * Sets the commit statuses that main left pending because it was killed: as the jobs ended, or for
 * `check` to finish where they live on. Never rejects.
 */
export async function finishOwnStatuses(
  { entries }: SavedState,
  inputs: CleanUpInputs,
  client: Client,
  openGitHub: OpenGitHub,
  { runner, clock, random }: Deps,
): Promise<void> {
  const here = await readRunRef(runner);
  const token = inputs['github-token'];
  if (token === undefined || here === null || here.sha === '') return;
  const late = new AbortController();
  const done = new AbortController();
  void clock.sleep(maxStatusesMs, done.signal).then(() => {
    late.abort();
  });
  const { signal } = late;
  const github = createGitHub({ send: openGitHub(runner, token), clock, random, signal });
  const repository = repositoryOf(here.repository);
  const jobUuids = new Set(entries.flatMap(({ jobs }) => jobs.map(({ uuid }) => uuid)));
  try {
    const statuses = await readStatuses(github, repository, [here.sha]);
    const finish = async (status: ContextStatus) => {
      const jobUuid = watchedJob(status, here);
      if (jobUuid === null || !jobUuids.has(jobUuid)) return;
      const message = messageFor(await readJob(client, jobUuid, signal), status, nowOf(client));
      await setStatus(github, repository, here.sha, message);
    };
    await Promise.all(statuses.map(finish));
  } catch (error) {
    const trouble = error instanceof GitHubError ? error.trouble : 'unavailable';
    const message = signal.aborted ? 'no time was left' : asError(error).message;
    warnStatusNotSet(runner, message, trouble);
  } finally {
    done.abort();
  }
}

/** The job of a pending status of this run that main was still to finish; null for any other. */
function watchedJob({ isPending, targetUrl }: ContextStatus, { runId }: RunRef): string | null {
  const pending = isPending ? readPendingUrl(targetUrl) : null;
  return pending?.runId === runId && !pending.isLeft ? pending.jobUuid : null;
}

function messageFor(job: Job, { context, targetUrl }: ContextStatus, nowMs: number): NewStatus {
  const runUrl = readPendingUrl(targetUrl)?.runUrl ?? '';
  if (hasEndedForGood(job, nowMs)) {
    return { ...describeEnd(outcomeOf({ job }, [])), context, target_url: runUrl };
  }
  const link = pendingUrl(runUrl, { jobUuid: job.uuid, isLeft: true });
  const { state, words: description } = results.detached.commitStatus;
  return { state, description, context, target_url: link };
}
