import { Agent, EnvHttpProxyAgent, type Dispatcher } from 'undici';
import { InputError, ServiceError } from '../errors.ts';
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

// After an interrupt there are seconds to ask for the end of every job: 200 cancels of 200 ms each
// take 5 s on 8 connections, and a good second on 32. All else takes a few of them.
const maxConnections = 32;

/**
 * Opens a way to the service at `apiUrl`. `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` are honoured,
 * redirects are answers like any other: they are never followed.
 */
export function connect(apiUrl: URL, limits: HttpLimits = defaultLimits): Connection {
  // Apart, so that no cancel waits for a connection behind reads that hang.
  const [reads, writes] = [openDispatcher(limits), openDispatcher(limits)];
  return {
    exchange: async (request, headers, options) => {
      let isSent = false;
      try {
        return await withTimeout(limits.totalMs, options.signal, async (signal) => {
          const telling = tellWhenSent(request.method === 'GET' ? reads : writes, () => {
            // One that is aborted by now is not written any more.
            isSent = !signal.aborted;
          });
          return exchangeOnce(telling, apiUrl, request, headers, { ...options, signal });
        });
      } catch (error) {
        throw toServiceError(error, request, isSent);
      }
    },
    close: async () => {
      await Promise.all([reads.destroy(), writes.destroy()]);
    },
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

// Whatever NODE_TLS_REJECT_UNAUTHORIZED says.
const verified = { rejectUnauthorized: true };

function openDispatcher(limits: HttpLimits): Dispatcher {
  const options = {
    connections: maxConnections,
    connect: { timeout: limits.connectMs, ...verified },
    headersTimeout: limits.headersMs,
    bodyTimeout: limits.bodyMs,
  };
  const proxied = { ...options, requestTls: verified, proxyTls: verified };
  if (!isProxied()) return new Agent(options);
  try {
    return new EnvHttpProxyAgent(proxied);
  } catch {
    // What it was given may hold a password.
    const message =
      'is not the address of a proxy; it starts with http:// or https://, such as http://proxy.example.com:3128';
    throw new InputError([{ input: givenProxies().join(' or '), message }]);
  }
}

/** Whether requests go through a proxy, `NO_PROXY` apart. */
export function isProxied(): boolean {
  return givenProxies().length > 0;
}

function givenProxies(): readonly string[] {
  const names = ['HTTPS_PROXY', 'HTTP_PROXY', 'https_proxy', 'http_proxy'];
  return names.filter((name) => (process.env[name] ?? '') !== '');
}

// A request is given its connection once there is one, right before it is written: whatever fails
// earlier (a name, a port, a certificate, a TLS handshake, a tunnel that the proxy refuses), nothing
// of the request can have reached the service.
function tellWhenSent(dispatcher: Dispatcher, onSent: () => void): Dispatcher {
  return dispatcher.compose((dispatch) => (options, handler) => {
    const onConnect = handler.onConnect?.bind(handler);
    handler.onConnect = (abort) => {
      onSent();
      onConnect?.(abort);
    };
    return dispatch(options, handler);
  });
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
  // Piece by piece: all at once, a large one would hold up the signals.
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new BodyTooLarge(maxBytes);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

class BodyTooLarge extends Error {
  constructor(maxBytes: number) {
    super(`the response is longer than ${maxBytes} bytes`);
  }
}

function toServiceError(error: unknown, request: WireRequest, isSent: boolean): ServiceError {
  const name = `${request.method} ${request.pathname}`;
  if (error instanceof BodyTooLarge) {
    return new ServiceError({ trouble: 'too-large', request: name, detail: error.message });
  }
  return new ServiceError({
    trouble: isSent ? 'no-answer' : 'unreachable',
    request: name,
    detail: describeTrouble(error),
    cause: error,
  });
}

/** What went wrong with a request, in words and with its code. */
export function describeTrouble(error: unknown): string {
  if (textField(error, 'name') === 'TimeoutError') return 'the response took too long';
  const message = textField(error, 'message');
  const code = textField(error, 'code');
  if (message === '') return code;
  return code === '' || message.includes(code) ? message : `${message} (${code})`;
}

function textField(error: unknown, field: 'name' | 'message' | 'code'): string {
  if (typeof error !== 'object' || error === null || !(field in error)) return '';
  const value: unknown = Reflect.get(error, field);
  return typeof value === 'string' ? value : '';
}

function oneHeader(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}
