import type { Runner } from '../runner.ts';

/** How GitHub's API is reached; tests pass another way. */
export type OpenGitHub = typeof openOctokit;
/** Sends one request, once; gives the body of a success, rejects as Octokit does. */
export type SendToGitHub = ReturnType<OpenGitHub>;

/** The route of GraphQL, whose address differs on GitHub Enterprise Server. */
export const graphqlRoute = 'GRAPHQL';

// Its warnings hold text of the answer, and would go to the log as they are.
const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

const maxRequestMs = 30_000;
const maxStatusMs = 4_000;

/** Opens the real way to GitHub's API, on GitHub Enterprise Server too. */
export function openOctokit(runner: Runner, token: string) {
  const baseUrl = runner.env['GITHUB_API_URL'] || 'https://api.github.com';
  const connect = async () => {
    // Loaded when used: it is large, and few steps need it.
    const { getOctokit } = await import('@actions/github');
    return getOctokit(token, { baseUrl, userAgent: 'dispersed-cook' });
  };
  let connection: ReturnType<typeof connect> | undefined;
  return async (
    route: string,
    parameters: Readonly<Record<string, unknown>>,
    signal: AbortSignal,
  ): Promise<unknown> => {
    const octokit = await (connection ??= connect());
    const maxMs = route.includes('/statuses/') ? maxStatusMs : maxRequestMs;
    const bound = AbortSignal.any([signal, AbortSignal.timeout(maxMs)]);
    const request = { signal: bound, redirect: 'error', log: silent } as const;
    if (route === graphqlRoute) {
      const { query, ...variables } = parameters;
      return octokit.graphql(String(query), { ...variables, request });
    }
    const answer: { readonly data: unknown } = await octokit.request(route, {
      ...parameters,
      request,
    });
    return answer.data;
  };
}
