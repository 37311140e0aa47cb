import { Agent, EnvHttpProxyAgent, type Dispatcher } from 'undici';
import { ServiceError } from '../errors.ts';
import type { WireRequest } from './sign.ts';

/** An answer of the service, whatever its status. */
export interface WireAnswer {
  readonly status: number;
  readonly text: string;
  /** `Date` header in Unix ms, where the service sent a valid one. */
  readonly dateMs: number | undefined;
  readonly retryAfter: string | undefined;
}

/** Bounds on one exchange. Times in milliseconds. */
export interface HttpLimits {
  readonly connectMs: number;
  /** From the request's last byte to the answer's headers. */
  readonly headersMs: number;
  /** Between two pieces of the answer's body. */
  readonly bodyMs: number;
  /** The whole exchange: bounds a body that trickles in. */
  readonly totalMs: number;
}

/** Generous for a service that starts machines, short against the hours a job takes. */
export const defaultLimits: HttpLimits = {
  connectMs: 10_000,
  headersMs: 60_000,
  bodyMs: 30_000,
  totalMs: 120_000,
};

/** What one exchange may be told. */
export interface ExchangeOptions {
  readonly signal?: AbortSignal | undefined;
  /** Longest body that is read, in bytes. */
  readonly maxBytes: number;
}

/** One exchange with the service; rejects with {@link ServiceError} only. */
export type Transport = (
  request: WireRequest,
  headers: Readonly<Record<string, string>>,
  options: ExchangeOptions,
) => Promise<WireAnswer>;

export interface Connection {
  readonly exchange: Transport;
  /** Drops every open socket, so that the process can end. */
  readonly close: () => Promise<void>;
}

// The vendor's service is spoken to over a handful of kept-alive connections.
const maxConnections = 8;

/**
 * Opens a way to the service at `apiUrl`. `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` are honoured,
 * redirects are answers like any other: they are never followed.
 */
export function connect(apiUrl: URL, limits: HttpLimits = defaultLimits): Connection {
  const dispatcher = openDispatcher(limits);
  return {
    exchange: async (request, headers, options) => {
      try {
        return await withTimeout(limits.totalMs, options.signal, async (signal) =>
          exchangeOnce(dispatcher, apiUrl, request, headers, { ...options, signal }),
        );
      } catch (error) {
        throw toServiceError(error, request);
      }
    },
    close: async () => dispatcher.destroy(),
  };
}

// `AbortSignal.timeout` and `any` would hold on to each request until its time is up, long after
// its end: with hundreds of jobs that adds up.
async function withTimeout<T>(
  ms: number,
  outer: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const inner = new AbortController();
  const endWithOuter = () => {
    inner.abort(outer?.reason);
  };
  const timer = setTimeout(() => {
    inner.abort(new DOMException('the response took too long', 'TimeoutError'));
  }, ms);
  if (outer?.aborted) endWithOuter();
  outer?.addEventListener('abort', endWithOuter, { once: true });
  try {
    return await work(inner.signal);
  } finally {
    clearTimeout(timer);
    outer?.removeEventListener('abort', endWithOuter);
  }
}

function openDispatcher(limits: HttpLimits): Dispatcher {
  const options = {
    connections: maxConnections,
    connect: { timeout: limits.connectMs },
    headersTimeout: limits.headersMs,
    bodyTimeout: limits.bodyMs,
  };
  const proxied = ['HTTPS_PROXY', 'HTTP_PROXY', 'https_proxy', 'http_proxy'].some(
    (name) => (process.env[name] ?? '') !== '',
  );
  return proxied ? new EnvHttpProxyAgent(options) : new Agent(options);
}

async function exchangeOnce(
  dispatcher: Dispatcher,
  apiUrl: URL,
  request: WireRequest,
  headers: Readonly<Record<string, string>>,
  { maxBytes, signal }: ExchangeOptions & { readonly signal: AbortSignal },
): Promise<WireAnswer> {
  const answer = await dispatcher.request({
    origin: apiUrl.origin,
    path: request.query === '' ? request.pathname : `${request.pathname}?${request.query}`,
    method: request.method,
    headers: {
      ...headers,
      Accept: 'application/json',
      'Content-Type': 'application/json',
      'User-Agent': 'dispersed-cook',
    },
    body: request.body ?? null,
    signal,
  });
  const date = Date.parse(oneHeader(answer.headers['date']) ?? '');
  return {
    status: answer.statusCode,
    text: await readText(answer.body, maxBytes),
    dateMs: Number.isNaN(date) ? undefined : date,
    retryAfter: oneHeader(answer.headers['retry-after']),
  };
}

async function readText(body: AsyncIterable<Buffer>, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new BodyTooLarge(maxBytes);
    chunks.push(chunk);
  }
  return new TextDecoder().decode(Buffer.concat(chunks));
}

class BodyTooLarge extends Error {
  constructor(maxBytes: number) {
    super(`the response is longer than ${maxBytes} bytes`);
  }
}

// What says that no connection was made, so that nothing of the request can have reached the service:
// a name that is not found, a port that is closed, a certificate or a TLS handshake that fails.
const neverConnectedCodes =
  /^(?:UND_ERR_CONNECT_TIMEOUT|EPROTO|CERT_\w+|\w*SELF_SIGNED\w*|UNABLE_TO_\w+|ERR_TLS_\w+|ERR_SSL_(?!\w*BAD_RECORD_MAC)\w+)$/;
// Node's and undici's own words, where there is no code for it: the handshake was cut short, or the
// proxy refused the tunnel.
const neverConnectedMessages =
  /before secure TLS connection was established|^Proxy response \(\d+\) !== 200/;

function neverConnected(error: unknown): boolean {
  // Node tries every address of a name; this is one error for all of them.
  if (textField(error, 'name') === 'AggregateError') return true;
  const syscall = textField(error, 'syscall');
  if (syscall === 'connect' || syscall === 'getaddrinfo') return true;
  const code = textField(error, 'code');
  return neverConnectedCodes.test(code) || neverConnectedMessages.test(textField(error, 'message'));
}

function toServiceError(error: unknown, request: WireRequest): ServiceError {
  const name = `${request.method} ${request.pathname}`;
  if (error instanceof BodyTooLarge) {
    return new ServiceError({ trouble: 'too-large', request: name, detail: error.message });
  }
  return new ServiceError({
    trouble: neverConnected(error) ? 'unreachable' : 'no-answer',
    request: name,
    detail: describe(error),
    cause: error,
  });
}

function describe(error: unknown): string {
  if (textField(error, 'name') === 'TimeoutError') return 'the response took too long';
  const message = textField(error, 'message');
  const code = textField(error, 'code');
  if (message === '') return code;
  return code === '' || message.includes(code) ? message : `${message} (${code})`;
}

function textField(error: unknown, field: 'name' | 'message' | 'code' | 'syscall'): string {
  if (typeof error !== 'object' || error === null || !(field in error)) return '';
  const value: unknown = Reflect.get(error, field);
  return typeof value === 'string' ? value : '';
}

function oneHeader(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}
