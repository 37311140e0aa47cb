import * as z from 'zod/mini';
import { startDeadline } from '../clock.ts';
import type { Deps } from '../deps.ts';
import { GitHubError, InterruptedError } from '../errors.ts';
import type { RunRef } from '../inputs/context.ts';
import { createJobOutcome } from '../jobs/outcome.ts';
import { hasEndedForGood } from '../jobs/restart.ts';
import { describeEnd, type Message } from '../report/commit-status-text.ts';
import { warnStatusNotSet } from '../report/errors.ts';
import { nowOf, type Client } from '../service/client.ts';
import { readJob } from '../service/endpoints.ts';
import { splitIntoGroups } from '../service/lists.ts';
import { isUuid, type Job } from '../service/schemas.ts';
import { createGitHub, type GitHub } from './client.ts';
import { graphqlRoute } from './octokit.ts';

// A pending commit status leads to the page of its workflow run, and after `#`, which GitHub's page
// ignores, it names its job. So a later check knows which status is whose, and can finish it.

/** A pending status. `isLeft`: no step watches the job any more, so only `check` finishes it. */
export type PendingStatus = Readonly<{ sha: string; context: string }> &
  NonNullable<ReturnType<typeof parsePendingUrl>>;

/** @param page of the workflow run */
export function pendingUrl(
  page: string,
  { jobUuid, isLeft }: Pick<PendingStatus, 'jobUuid' | 'isLeft'>,
): string {
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

// With more commits, a request for each would be too many for every few minutes.
const maxSingleReads = 20;
const commitsPerQuery = 50;
// Where GraphQL is not available: GitHub lets a workflow's token ask 1,000 times an hour.
const maxReadsWithoutGraphql = 100;

/** Reads the pending statuses of these commits that stand for a job; a commit that is gone has none. */
export async function readPendingStatuses(
  github: GitHub,
  shas: readonly string[],
): Promise<readonly PendingStatus[]> {
  if (shas.length > maxSingleReads) {
    try {
      const groups = splitIntoGroups(shas, commitsPerQuery);
      return (await Promise.all(groups.map(async (group) => queryStatuses(github, group)))).flat();
    } catch (error) {
      // A token that may read statuses may still not read commits by GraphQL.
      const isAnswer = error instanceof GitHubError && error.trouble !== 'unavailable';
      if (!isAnswer || error.trouble === 'limited') throw error;
    }
  }
  const singly = shas.slice(0, maxReadsWithoutGraphql);
  return (await Promise.all(singly.map(async (sha) => listStatuses(github, sha)))).flat();
}

const url = z.catch(z.nullable(z.string()), null);
const combinedSchema = z.object({
  statuses: z.array(z.object({ context: z.string(), state: z.string(), target_url: url })),
});

const pageSize = 100;
const maxPages = 10;

async function listStatuses(github: GitHub, sha: string) {
  const route = 'GET /repos/{owner}/{repo}/commits/{ref}/status';
  const found: PendingStatus[] = [];
  try {
    for (let page = 1; page <= maxPages; page += 1) {
      const query = { ref: sha, per_page: pageSize, page };
      const { statuses } = await github.read(combinedSchema, route, query);
      for (const { target_url: targetUrl, ...status } of statuses)
        found.push(...toPending(sha, { ...status, targetUrl }));
      if (statuses.length < pageSize) break;
    }
  } catch (error) {
    if (!(error instanceof GitHubError && [404, 422].includes(error.status))) throw error;
  }
  return found;
}

const contextSchema = z.object({ context: z.string(), state: z.string(), targetUrl: url });
const statusSchema = z.object({ contexts: z.array(contextSchema) });
const commitSchema = z.object({ status: z.optional(z.nullable(statusSchema)) });
const graphqlSchema = z.object({ repository: z.record(z.string(), z.nullable(commitSchema)) });

async function queryStatuses(github: GitHub, shas: readonly string[]) {
  const commits = shas.map(
    (sha, index) =>
      `c${index}: object(oid: "${sha}") { ... on Commit { status { contexts { context state targetUrl } } } }`,
  );
  const query = `query($owner: String!, $repo: String!) { repository(owner: $owner, name: $repo) { ${commits.join(' ')} } }`;
  const { repository } = await github.read(graphqlSchema, graphqlRoute, { query });
  return shas.flatMap((sha, index) =>
    (repository[`c${index}`]?.status?.contexts ?? []).flatMap((status) => toPending(sha, status)),
  );
}

function toPending(sha: string, status: z.output<typeof contextSchema>) {
  const { context, state, targetUrl } = status;
  const isOurs = state.toLowerCase() === 'pending' && context.startsWith('dispersed / ');
  const pending = isOurs ? parsePendingUrl(targetUrl) : null;
  return pending === null ? [] : [{ sha, context, ...pending }];
}

export interface NewStatus extends Message {
  readonly context: string;
  readonly target_url: string;
}

export const statusRoute = 'POST /repos/{owner}/{repo}/statuses/{sha}';

export async function setStatus(github: GitHub, sha: string, status: NewStatus): Promise<void> {
  await github.send(statusRoute, { sha, ...status });
}

/** Sets a pending status again with other words, so that it names the same job. */
export async function keepPending(
  github: GitHub,
  { sha, context, ...pending }: PendingStatus,
  description: string,
): Promise<void> {
  const target_url = pendingUrl(pending.page, pending);
  await setStatus(github, sha, { state: 'pending', context, description, target_url });
}

/** Finishes a status by how its job has ended. */
export async function finishStatus(
  github: GitHub,
  { sha, context, page }: PendingStatus,
  job: Job,
): Promise<Message> {
  const message = describeEnd(createJobOutcome(job));
  await setStatus(github, sha, { ...message, context, target_url: page });
  return message;
}

const maxFinishMs = 10_000;

/**
 * Finishes the statuses that main left pending because it was killed; those of jobs that have not
 * ended are left to `check`. Never rejects.
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
    if (hasEndedForGood(job, nowOf(client))) await finishStatus(github, status, job);
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
