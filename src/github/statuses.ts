import * as z from 'zod/mini';
import { GitHubError } from '../errors.ts';
import { splitIntoGroups } from '../service/pages.ts';
import type { GitHub } from './client.ts';
import { graphqlRoute } from './octokit.ts';

/** The latest status of a context of a commit. */
export interface ContextStatus {
  readonly sha: string;
  readonly context: string;
  /** In small letters. */
  readonly state: string;
  readonly targetUrl: string | null;
}

// With more commits, a request for each would be too many for every few minutes.
const maxSingleReads = 20;
const commitsPerQuery = 50;
// Where GraphQL is not available: GitHub lets a workflow's token ask 1,000 times an hour.
const maxReadsWithoutGraphql = 100;

/** Reads the latest status of each context of these commits. Commits that are not there have none. */
export async function readStatuses(
  github: GitHub,
  shas: readonly string[],
): Promise<readonly ContextStatus[]> {
  if (shas.length > maxSingleReads) {
    try {
      const groups = splitIntoGroups(shas, commitsPerQuery);
      const answers = groups.map(async (group) => queryStatuses(github, group));
      return (await Promise.all(answers)).flat();
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

async function listStatuses(github: GitHub, sha: string): Promise<readonly ContextStatus[]> {
  const route = 'GET /repos/{owner}/{repo}/commits/{ref}/status';
  const found: ContextStatus[] = [];
  try {
    for (let page = 1; page <= maxPages; page += 1) {
      const query = { ref: sha, per_page: pageSize, page };
      const { statuses } = await github.read(combinedSchema, route, query);
      for (const { context, state, target_url: targetUrl } of statuses)
        found.push({ sha, context, state: state.toLowerCase(), targetUrl });
      if (statuses.length < pageSize) break;
    }
  } catch (error) {
    // A commit that was pushed over is gone some day.
    if (!(error instanceof GitHubError && [404, 422].includes(error.status))) throw error;
  }
  return found;
}

const contextSchema = z.object({ context: z.string(), state: z.string(), targetUrl: url });
const statusSchema = z.object({ contexts: z.array(contextSchema) });
const commitSchema = z.object({ status: z.optional(z.nullable(statusSchema)) });
const graphqlSchema = z.object({ repository: z.record(z.string(), z.nullable(commitSchema)) });

async function queryStatuses(
  github: GitHub,
  shas: readonly string[],
): Promise<readonly ContextStatus[]> {
  const commits = shas.map(
    (sha, index) =>
      `c${index}: object(oid: "${sha}") { ... on Commit { status { contexts { context state targetUrl } } } }`,
  );
  const query = `query($owner: String!, $repo: String!) { repository(owner: $owner, name: $repo) { ${commits.join(' ')} } }`;
  const { repository } = await github.read(graphqlSchema, graphqlRoute, { query });
  return shas.flatMap((sha, index) =>
    (repository[`c${index}`]?.status?.contexts ?? []).map((status) => ({
      ...status,
      sha,
      state: status.state.toLowerCase(),
    })),
  );
}

/** A status to set. */
export interface NewStatus {
  readonly state: 'pending' | 'success' | 'failure' | 'error';
  readonly context: string;
  readonly description: string;
  readonly target_url: string;
}

/** Where a status is set. */
export const statusRoute = 'POST /repos/{owner}/{repo}/statuses/{sha}';

/** Sets the status of a context. */
export async function setStatus(github: GitHub, sha: string, status: NewStatus): Promise<void> {
  await github.send(statusRoute, { sha, ...status });
}
