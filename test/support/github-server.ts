import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { listen } from '../simulator/listener.ts';

// A stand-in for GitHub's API, as far as commit statuses go: it takes what GitHub takes, refuses
// what GitHub refuses, and can be told to misbehave.

/** A request to set a commit status. */
export interface StatusRequest {
  readonly path: string;
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
  readonly close: () => Promise<void>;
}

/** @param behave what becomes of the nth request, from 0 */
export async function startGitHub(
  behave: (nth: number) => Answer = always('created'),
): Promise<GitHub> {
  const requests: StatusRequest[] = [];
  const { url, close } = await listen((request, response) => {
    void take(request).then((taken) => {
      requests.push(taken);
      answer(response, taken, behave(requests.length - 1));
    });
  }, 0);
  return { url, requests, close };
}

/** The same for every request. */
export function always(each: Answer): () => Answer {
  return () => each;
}

async function take(request: IncomingMessage): Promise<StatusRequest> {
  const body = JSON.parse((await text(request)) || '{}') as StatusRequest;
  const { method, url = '', headers } = request;
  const path = `${method} ${url}`;
  return { ...body, path, authorization: headers.authorization, atMs: Date.now() };
}

function answer(response: ServerResponse, request: StatusRequest, behaviour: Answer): void {
  if (behaviour === 'hang') return;
  if (behaviour === 'reset') {
    response.destroy();
    return;
  }
  const asked = behaviour === 'created' ? { status: 201 } : behaviour;
  const { status, headers = {}, message = 'as told' } = check(request) ?? asked;
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers });
  response.end(JSON.stringify({ message }));
}

const statusPath = /^POST (?:\/api\/v3)?\/repos\/[\w.-]+\/[\w.-]+\/statuses\/[0-9a-f]{40}$/;

function check(request: StatusRequest): Exclude<Answer, string> | undefined {
  if (!statusPath.test(request.path)) return { status: 404, message: 'Not Found' };
  if (!request.authorization) return { status: 401, message: 'Requires authentication' };
  const { context, description, state } = request;
  const isFine =
    ['pending', 'success', 'failure', 'error'].includes(state) &&
    isShort(context, 255) &&
    isShort(description, 140);
  return isFine ? undefined : { status: 422, message: 'Validation Failed' };
}

// GitHub takes no character beyond the first plane.
function isShort(given: string, maxLength: number): boolean {
  return given !== '' && given.length <= maxLength && !/[\ud800-\udfff]/.test(given);
}
