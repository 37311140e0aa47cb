import type { ServerResponse } from 'node:http';
import type { Answer } from './router.ts';

/** A request that waits for its answer. */
export interface Exchange {
  readonly response: ServerResponse;
  /** Takes the request, once: its handler runs. Gives the proper answer. */
  take: () => Answer;
  /** The proper answer, or null while the request is not taken. */
  readonly answer: Answer | null;
  /** Makes the whole service refuse connections. */
  refuseFor: (ms: number) => void;
}

/** Sends a whole answer and gives its status. */
export function send(
  response: ServerResponse,
  status: number,
  body: string,
  headers: Readonly<Record<string, string>>,
): number {
  const length = String(Buffer.byteLength(body));
  response.writeHead(status, { 'content-length': length, ...headers });
  response.end(body);
  return status;
}

/** The header of every answer that the service itself gives. */
export const json = { 'content-type': 'application/json; charset=utf-8' };

/** Sends a whole answer as JSON and gives its status. */
export function sendAnswer(response: ServerResponse, { status, body }: Answer): number {
  return send(response, status, JSON.stringify(body), json);
}
