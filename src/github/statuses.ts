import * as z from 'zod/mini';
import { GitHubError } from '../errors.ts';
import { splitIntoGroups } from '../service/pages.ts';
import type { GitHub } from './client.ts';
import { graphqlRoute } from './octokit.ts';

/** The latest status of a context of a commit. */
export interface ContextStatus {
  readonly sha: string;
  readonly context: string;
  readonly isPending: boolean;
  readonly targetUrl: string | null;
}

// With more commits, a request for each would be too many for every few minutes.
const maxSingleReads = 20;
const commitsPerQuery = 50;
// Where GraphQL is not to be had: GitHub lets a workflow's token ask 1,000 times an hour.
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
      if (!isNoAnswer(error)) throw error;
    }
  }
  const singly = shas.slice(0, maxReadsWithoutGraphql);
  const lists = singly.map(async (sha) => listStatuses(github, sha));
  return (await Promise.all(lists)).flat();
}

function isNoAnswer(error: unknown): boolean {
  if (!(error instanceof GitHubError)) return false;
  return error.trouble !== 'limited' && error.trouble !== 'unavailable';
}

const contextSchema = z.object({
  context: z.string(),
  state: z.string(),
  target_url: z.catch(z.nullable(z.string()), null),
});
const combinedSchema = z.object({ statuses: z.array(contextSchema) });

const pageSize = 100;
const maxPages = 10;

async function listStatuses(github: GitHub, sha: string): Promise<readonly ContextStatus[]> {
  const found: ContextStatus[] = [];
  for (let page = 1; page <= maxPages; page += 1) {
    const answer = await readCombined(github, { ref: sha, per_page: pageSize, page });
    found.push(...answer.map((status) => toStatus(sha, status)));
    if (answer.length < pageSize) break;
  }
  return found;
}

async function readCombined(github: GitHub, query: Readonly<Record<string, unknown>>) {
  try {
    const route = 'GET /repos/{owner}/{repo}/commits/{ref}/status';
    return (await github.read(combinedSchema, route, query)).statuses;
  } catch (error) {
    // A commit that was pushed over is gone some day.
    if (error instanceof GitHubError && [404, 422].includes(error.status)) return [];
    throw error;
  }
}

function toStatus(
  sha: string,
  { context, state, target_url: targetUrl }: z.infer<typeof contextSchema>,
): ContextStatus {
  return { sha, context, isPending: state.toLowerCase() === 'pending', targetUrl };
}

const graphqlContextSchema = z.pipe(
  z.object({ context: z.string(), state: z.string(), targetUrl: z.nullable(z.string()) }),
  z.transform(({ targetUrl, ...status }) => ({ ...status, target_url: targetUrl })),
);
const graphqlSchema = z.object({
  repository: z.record(
    z.string(),
    z.nullable(
      z.object({
        status: z.optional(z.nullable(z.object({ contexts: z.array(graphqlContextSchema) }))),
      }),
    ),
  ),
});

async function queryStatuses(
  github: GitHub,
  shas: readonly string[],
): Promise<readonly ContextStatus[]> {
  const commits = shas.map(
    (sha, index) =>
      `c${index}: object(oid: "${sha}") { ... on Commit { status { contexts { context state targetUrl } } } }`,
  );
  const query = `query($owner: String!, $repo: String!) { repository(owner: $owner, name: $repo) { ${commits.join(' ')} } }`;
  const answer = await github.read(graphqlSchema, graphqlRoute, { query });
  return shas.flatMap((sha, index) =>
    (answer.repository[`c${index}`]?.status?.contexts ?? []).map((status) => toStatus(sha, status)),
  );
}

/** A status to set. */
export interface NewStatus {
  readonly state: 'pending' | 'success' | 'failure' | 'error';
  readonly context: string;
  readonly description: string;
  readonly target_url: string;
}

/** Sets the status of a context. */
export async function setStatus(github: GitHub, sha: string, status: NewStatus): Promise<void> {
  await github.send('POST /repos/{owner}/{repo}/statuses/{sha}', { sha, ...status });
}
