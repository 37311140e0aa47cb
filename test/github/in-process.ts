import type { Clock } from '../../src/clock.ts';
import { createGitHub, type GitHub } from '../../src/github/client.ts';
import type { OpenGitHub, SendToGitHub } from '../../src/github/octokit.ts';
import { rememberingRunner } from '../runner/in-process.ts';
import { createMadeUpClock } from '../support/clock.ts';
import { answerOf, type GitHubModel, type ModelRequest } from './model.ts';

/** A way to GitHub without a socket: answers, and rejects, as Octokit does. */
export function sendTo(model: GitHubModel): SendToGitHub {
  return async (route, parameters) => {
    const { status, body } = answerOf(model, toRequest(route, parameters));
    if (status >= 300) throw refusal(status);
    return dataIn(route, body);
  };
}

/** A request, as Octokit makes it of a route such as `GET /repos/{owner}/{repo}` and its parameters. */
export function toRequest(
  route: string,
  parameters: Readonly<Record<string, unknown>>,
): ModelRequest {
  const [method = '', path = ''] = route === 'GRAPHQL' ? ['POST', '/graphql'] : route.split(' ');
  const left = new Map(Object.entries(parameters));
  const pathname = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const value = String(left.get(name));
    left.delete(name);
    return value;
  });
  const texts = [...left].map(([name, value]): [string, string] => [name, String(value)]);
  const query = new URLSearchParams(method === 'GET' ? texts : []);
  return { method, pathname, query, body: Object.fromEntries(left) };
}

/** What Octokit gives of an answer. */
export function dataIn(route: string, body: unknown): unknown {
  return route === 'GRAPHQL' ? (body as { readonly data: unknown }).data : body;
}

/** An answer, as Octokit rejects with it. */
export function refusal(
  status: number,
  headers: Readonly<Record<string, string>> = {},
  message = `HTTP ${status}`,
): Error {
  return Object.assign(new Error(message), { status, response: { headers } });
}

/** For steps that ask GitHub nothing. */
export const noGitHub: OpenGitHub = () => async () => {
  throw new Error('GitHub is not to be asked');
};

interface ClientParts {
  readonly clock?: Clock;
  readonly signal?: AbortSignal;
}

/** Our client on such a way, with the longest pauses that chance allows. */
export function clientOn(
  send: SendToGitHub,
  { clock = createMadeUpClock(), signal = new AbortController().signal }: ClientParts = {},
): GitHub {
  const deps = { runner: rememberingRunner({}), clock, random: () => 1, openGitHub: () => send };
  return createGitHub(deps, { repository: 'acme/renders', token: 't', signal });
}
