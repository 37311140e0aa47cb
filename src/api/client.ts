import { randomBytes } from 'node:crypto';
import { ServiceError } from '../errors.ts';
import { parseRetryAfter } from '../pace.ts';
import { errorDetail } from './error-detail.ts';
import type { Transport, WireAnswer } from './http.ts';
import { parseJson } from './json.ts';
import { withoutSecrets } from './redact.ts';
import {
  canonicalJson,
  canonicalQuery,
  signatureHeaders,
  type Dialect,
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
  /** Told when the service's clock turns out to be so many ms ahead of ours. */
  readonly onClockOff: (offsetMs: number) => void;
}

// Far more than a page of 50 jobs with all their parameters.
const defaultMaxBytes = 8 * 1024 * 1024;

// The service refuses what is signed more than 5 minutes off its own clock.
const clockToleranceMs = 4 * 60_000;

/**
 * The signed way to the service. Each request is signed anew, so a repeated one has a new nonce.
 * A request whose signature is refused was not accepted, so it is safe to sign it once more by the
 * service's own clock, or in the other dialect of bodies; what works is kept.
 */
export function createClient({ exchange, keys, now, onClockOff }: ClientParts): Client {
  let clockOffsetMs = 0;
  let dialect: Dialect = 'ascii';

  const send = async (call: Call, bodyDialect: Dialect): Promise<WireAnswer> => {
    const request = toWire(call, bodyDialect);
    const stamp = { timeMs: now() + clockOffsetMs, nonce: randomBytes(16).toString('hex') };
    const headers = signatureHeaders(request, keys, stamp);
    const maxBytes = call.maxBytes ?? defaultMaxBytes;
    return exchange(request, headers, { signal: call.signal, maxBytes });
  };

  const correctClock = ({ dateMs = now() }: WireAnswer): boolean => {
    const offsetMs = dateMs - now();
    if (Math.abs(offsetMs - clockOffsetMs) <= clockToleranceMs) return false;
    clockOffsetMs = offsetMs;
    onClockOff(offsetMs);
    return true;
  };

  const sendInOtherDialect = async (call: Call): Promise<WireAnswer> => {
    const other = dialect === 'ascii' ? 'utf8' : 'ascii';
    const answer = await send(call, other);
    if (answer.status !== 401) dialect = other;
    return answer;
  };

  return async (call) => {
    let answer = await send(call, dialect);
    if (answer.status === 401 && correctClock(answer)) answer = await send(call, dialect);
    if (answer.status === 401 && differsByDialect(call)) answer = await sendInOtherDialect(call);
    return readAnswer(answer, call, answer.dateMs ?? now());
  };
}

function toWire({ method, pathname, query = {}, body }: Call, dialect: Dialect): WireRequest {
  return {
    method,
    pathname,
    query: canonicalQuery(query),
    body: body === undefined ? undefined : canonicalJson(body, dialect),
  };
}

function differsByDialect({ body }: Call): boolean {
  return body !== undefined && canonicalJson(body, 'utf8') !== canonicalJson(body, 'ascii');
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
