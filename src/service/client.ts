import { randomBytes } from 'node:crypto';
import type { Clock } from '../clock.ts';
import type { Deps } from '../deps.ts';
import { ServiceError } from '../errors.ts';
import { cut } from '../text.ts';
import { createHost, errorDetail, isHtml } from './host.ts';
import type { Transport, WireAnswer } from './http.ts';
import { parseExactJson, parseJson, type Json } from './json.ts';
import { parseRetryAfter } from './retry.ts';
import type { Redactor } from './redactor.ts';
import {
  canonicalJson,
  canonicalQuery,
  signatureHeaders,
  type Dialect,
  type Keys,
  type WireRequest,
} from './sign.ts';

export interface Call {
  readonly method: WireRequest['method'];
  readonly pathname: string;
  /** Of a list: `filter[name]`, `sort`, and `page` from 1. */
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: Json;
  readonly signal?: AbortSignal | undefined;
  /** Fires when the request is no longer to be signed again, should its signature be refused. */
  readonly ended?: AbortSignal | undefined;
  /** Whether numbers of the answer are sent on, and must not be rounded. */
  readonly exactNumbers?: boolean;
}

/** The signed way to the service. */
export type Client = ReturnType<typeof createClient>;

/** The time, Unix ms: the service's as far as that is known, for the runner's clock may be wrong. */
export function nowOf({ serverNow, clock }: Client): number {
  return serverNow() ?? clock.now();
}

export interface Access {
  readonly apiUrl: URL;
  readonly keys: Keys;
}

/** Opens a signed way to the service; `close` drops every open socket, so that the process can end. */
export function openService(
  { connect, runner, clock, random }: Pick<Deps, 'connect' | 'runner' | 'clock' | 'random'>,
  { apiUrl, keys }: Access,
  onClockOff: ClientOptions['onClockOff'],
  maxSilenceMs?: number,
) {
  const { exchange, close } = connect(apiUrl);
  const options = { exchange, keys, clock, random, onClockOff, maxSilenceMs };
  return { client: createClient({ ...options, redactor: runner.redactor }), close };
}

interface ClientOptions extends Pick<Deps, 'clock' | 'random'> {
  readonly exchange: Transport;
  readonly keys: Keys;
  readonly redactor: Redactor;
  /** Called when the service's clock turns out to be so many ms ahead of ours. */
  readonly onClockOff: (offsetMs: number) => void;
  /** How long a host may be asked that has never answered, in ms. */
  readonly maxSilenceMs?: number | undefined;
}

const maxDetail = 500;

// The service refuses what is signed more than 5 minutes off its own clock.
const clockToleranceMs = 4 * 60_000;
const isOff = (ms: number, usedMs: number) => Math.abs(ms - usedMs) > clockToleranceMs;

// One correction of the clock, one of the dialect, and one more where both were learnt meanwhile.
const maxSignings = 4;

/**
 * Creates a client. A request whose signature is refused was not accepted, so it is safe to sign it
 * again: by the service's own clock, or in the other dialect of bodies. What works is kept for the
 * requests after it. Each request remembers how it was signed itself: others may learn meanwhile.
 */
export function createClient(options: ClientOptions) {
  const { exchange, keys, redactor, clock, random, onClockOff } = options;
  redactor.addCredentials([keys.secretKey]);
  let [knownOffsetMs, knownDialect]: [number, Dialect] = [0, 'ascii'];
  const serverClock = createServerClock(clock);
  const host = createHost(clock, options.maxSilenceMs);

  const sendOnce = async (call: Call, timeMs: number, dialect: Dialect) => {
    const { method, pathname, query = {} } = call;
    const body = call.body === undefined ? undefined : canonicalJson(call.body, dialect);
    const request = { method, pathname, query: canonicalQuery(query), body };
    const stamp = { timeMs, nonce: randomBytes(16).toString('hex') };
    const answer = await exchange(request, signatureHeaders(request, keys, stamp), call.signal);
    if (answer.dateMs !== undefined) serverClock.read(answer.dateMs);
    return answer;
  };

  const exchangeSigned = async (call: Call) => {
    const { body = '' } = call;
    const hasDialects = canonicalJson(body, 'utf8') !== canonicalJson(body, 'ascii');
    let [offsetMs, dialect] = [knownOffsetMs, knownDialect];
    let hasSwitched = false;
    for (let sends = 1; ; sends += 1) {
      const timeMs = clock.now() + offsetMs;
      const answer = await sendOnce(call, timeMs, dialect);
      const { status, dateMs } = answer;
      if (status !== 401 && hasDialects) knownDialect = dialect;
      if (status !== 401 || sends === maxSignings || call.ended?.aborted) return answer;
      // By the time that it was signed with: our clock may have been set while it was under way.
      if (dateMs !== undefined && isOff(dateMs, timeMs)) {
        offsetMs = dateMs - clock.now();
        if (isOff(offsetMs, knownOffsetMs)) onClockOff(offsetMs);
        knownOffsetMs = offsetMs;
      } else if (hasDialects && !hasSwitched) {
        dialect = dialect === 'ascii' ? 'utf8' : 'ascii';
        hasSwitched = true;
      } else return answer;
    }
  };

  /** Sends once; gives the JSON of a success, null for an empty one. Rejects with ServiceError. */
  const send = async (call: Call): Promise<unknown> => {
    redactor.addSent(call.body);
    try {
      const answer = await exchangeSigned(call);
      return readAnswer(answer, call, answer.dateMs ?? clock.now());
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      // A service that says which value it minds repeats it, and a certificate has a name.
      throw error.with({ detail: cut(redactor.redactServiceText(error.detail), maxDetail) });
    }
  };
  return { send, serverNow: serverClock.now, host, redactor, clock, random };
}

// Of two answers, one may come before the other that was sent first.
const clockSlackMs = 60_000;

// After the first answer it takes two in a row that agree: a cache or a gateway may have a clock of its
// own, and costs are calculated by it.
function createServerClock({ monotonicMs }: Clock) {
  let aheadMs: number | null = null;
  let lastMs: number | null = null;
  return {
    read: (dateMs: number) => {
      const ms = dateMs - monotonicMs();
      if (lastMs === null || Math.abs(ms - lastMs) <= clockSlackMs) aheadMs = ms;
      lastMs = ms;
    },
    /** Unix ms; null before the first answer. */
    now: () => (aheadMs === null ? null : aheadMs + monotonicMs()),
  };
}

// A gateway answers with pages of its own while the API behind it is away.
const gatewayStatuses = new Set([408, 429, 502, 503, 504]);

function readAnswer({ status, text, retryAfter }: WireAnswer, call: Call, nowMs: number): unknown {
  const request = `${call.method} ${call.pathname}`;
  if (status < 200 || status > 299) {
    const isRedirect = status >= 300 && status < 400;
    const isForeign = isRedirect || (isHtml(text) && !gatewayStatuses.has(status));
    const retryAfterMs = parseRetryAfter(retryAfter, nowMs);
    const said = { request, status, detail: errorDetail(text), retryAfterMs };
    throw new ServiceError({ ...said, trouble: 'refused', isForeign });
  }
  if (text === '') return null;
  const body = call.exactNumbers === true ? parseExactJson(text) : parseJson(text);
  if (body !== undefined) return body;
  const detail = isHtml(text) ? 'an HTML page' : 'the response is not JSON';
  throw new ServiceError({ trouble: 'unreadable', request, status, detail, isForeign: true });
}
