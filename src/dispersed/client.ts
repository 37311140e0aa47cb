import { randomBytes } from 'node:crypto';
import { ServiceError } from '../errors.ts';
import { parseRetryAfter } from '../pace.ts';
import type { Transport, WireAnswer } from './http.ts';
import { errorDetail } from './error-detail.ts';
import { parseJson } from './json.ts';
import { withoutSecrets } from './redact.ts';
import {
  canonicalJson,
  canonicalQuery,
  signatureHeaders,
  type Json,
  type Keys,
  type WireRequest,
} from './sign.ts';

/** A request in the caller's terms. */
export interface Call {
  readonly method: WireRequest['method'];
  readonly pathname: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: Json;
  readonly signal?: AbortSignal | undefined;
  /** Longest answer that is read, in bytes. */
  readonly maxBytes?: number;
}

/** Sends one signed request, once, and gives the JSON of a success; rejects with ServiceError. */
export type Client = (call: Call) => Promise<unknown>;

export interface ClientParts {
  readonly exchange: Transport;
  readonly keys: Keys;
  /** Unix time in ms, for the signature. */
  readonly now: () => number;
}

// Far more than a page of 50 jobs with all their parameters.
const defaultMaxBytes = 8 * 1024 * 1024;

/** The signed way to the service. Each call is signed anew, so a repeated one has a new nonce. */
export function createClient({ exchange, keys, now }: ClientParts): Client {
  return async (call) => {
    const request = toWire(call);
    const stamp = { timeMs: now(), nonce: randomBytes(16).toString('hex') };
    const headers = signatureHeaders(request, keys, stamp);
    const answer = await exchange(request, headers, {
      signal: call.signal,
      maxBytes: call.maxBytes ?? defaultMaxBytes,
    });
    return readAnswer(answer, call, now());
  };
}

function toWire(call: Call): WireRequest {
  return {
    method: call.method,
    pathname: call.pathname,
    query: canonicalQuery(call.query ?? {}),
    body: call.body === undefined ? undefined : canonicalJson(call.body),
  };
}

function readAnswer(answer: WireAnswer, call: Call, nowMs: number): unknown {
  const { status, text } = answer;
  const request = `${call.method} ${call.pathname}`;
  if (status < 200 || status > 299) {
    throw new ServiceError({
      trouble: 'refused',
      request,
      status,
      // A service that says which value it minds repeats it.
      detail: errorDetail(text, (said) => withoutSecrets(said, call.body)),
      retryAfterMs: parseRetryAfter(answer.retryAfter, nowMs),
    });
  }
  const body = parseJson(text);
  if (body !== undefined) return body;
  const detail = text === '' ? 'the answer is empty' : 'the answer is not JSON';
  throw new ServiceError({ trouble: 'unreadable', request, status, detail });
}
