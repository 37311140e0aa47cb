import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { listen } from '../simulator/listener.ts';
import { answerOf, createGitHubModel, type GitHubModel } from './model.ts';

// A stand-in for GitHub's API on loopback: it takes what GitHub takes, refuses what GitHub refuses,
// and can be told to misbehave.

/** A request, with the members of a commit status in its body. */
export interface StatusRequest {
  /** Method and path. */
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly authorization: string | undefined;
  readonly state: string;
  readonly context: string;
  readonly description: string;
  readonly target_url: string | undefined;
  /** Real time, Unix ms. */
  readonly atMs: number;
}

/** What becomes of a request: `hang` never answers, `reset` cuts the connection. */
export type Answer =
  /** As the model has it. */
  | 'created'
  | 'hang'
  | 'reset'
  | {
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly message?: string;
    };

export interface GitHub {
  readonly url: string;
  readonly requests: readonly StatusRequest[];
  readonly model: GitHubModel;
  readonly close: () => Promise<void>;
}

/** @param behave what becomes of the nth request, from 0 */
export async function startGitHub(
  behave: (nth: number, request: StatusRequest) => Answer = always('created'),
  model = createGitHubModel(),
): Promise<GitHub> {
  const requests: StatusRequest[] = [];
  const { url, close } = await listen((request, response) => {
    void take(request).then((taken) => {
      requests.push(taken);
      answer(response, model, taken, behave(requests.length - 1, taken));
    });
  }, 0);
  return { url, requests, model, close };
}

/** The same for every request. */
export function always(each: Answer): () => Answer {
  return () => each;
}

async function take(request: IncomingMessage): Promise<StatusRequest> {
  const body = JSON.parse((await text(request)) || '{}') as StatusRequest;
  const { method, url = '', headers } = request;
  const path = `${method} ${url}`;
  return {
    ...body,
    body: { ...body },
    path,
    authorization: headers.authorization,
    atMs: Date.now(),
  };
}

function answer(
  response: ServerResponse,
  model: GitHubModel,
  request: StatusRequest,
  behaviour: Answer,
): void {
  if (behaviour === 'hang') return;
  if (behaviour === 'reset') {
    response.destroy();
    return;
  }
  if (behaviour !== 'created') {
    const { status, headers = {}, message = 'as told' } = behaviour;
    send(response, status, headers, { message });
    return;
  }
  const { status, body } = modelAnswer(model, request);
  send(response, status, {}, body);
}

function send(
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
  body: unknown,
): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers });
  response.end(body === undefined ? undefined : JSON.stringify(body));
}

function modelAnswer(model: GitHubModel, request: StatusRequest) {
  const [method = '', target = ''] = request.path.split(' ');
  const url = new URL(target, 'http://localhost');
  if (!request.authorization) return { status: 401, body: { message: 'Requires authentication' } };
  const pathname = url.pathname.replace(/^\/api\/v3(?=\/)/, '');
  return answerOf(model, { method, pathname, query: url.searchParams, body: request.body });
}
