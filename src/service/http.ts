import { EnvHttpProxyAgent, type Dispatcher } from 'undici';
import { systemClock, withDeadline } from '../clock.ts';
import { asError, InputError, InterruptedError, ServiceError } from '../errors.ts';
import type { WireRequest } from './sign.ts';

export interface WireAnswer {
  readonly status: number;
  readonly text: string;
  /** `Date` header in Unix ms, where the service sent a valid one. */
  readonly dateMs: number | undefined;
  readonly retryAfter: string | undefined;
}

/** One exchange with the service; rejects with {@link ServiceError} only. */
export type Transport = Connection['exchange'];

export type Connection = ReturnType<typeof connect>;

/** Longest answer that is read, such as a log. */
export const maxAnswerBytes = 64 * 1024 * 1024;

export const defaultLimits = {
  maxBytes: maxAnswerBytes,
  connectMs: 10_000,
  /** From the request's last byte to the answer's headers. */
  headersMs: 60_000,
  /** Between two pieces of the answer's body. */
  bodyMs: 30_000,
  /** The whole exchange: bounds a body that trickles in. */
  totalMs: 120_000,
};

// After an interrupt there are seconds to ask for the end of every job: 200 cancels of 200 ms each
// take 5 s on 8 connections, and a good second on 32. All else takes a few of them.
const maxConnections = 32;
const commonHeaders = {
  Accept: 'application/json',
  'Content-Type': 'application/json',
  'User-Agent': 'dispersed-cook',
};

/**
 * Opens a way to the service at `apiUrl`, through the proxy of the environment if there is one.
 * Redirects are answers like any other: they are never followed.
 */
export function connect(apiUrl: URL, limits: typeof defaultLimits = defaultLimits) {
  const dispatcherOptions = {
    connections: maxConnections,
    connect: { timeout: limits.connectMs },
    headersTimeout: limits.headersMs,
    bodyTimeout: limits.bodyMs,
  };
  // Apart, so that no cancel waits for a connection behind reads that hang.
  const [reads, writes] = [openDispatcher(dispatcherOptions), openDispatcher(dispatcherOptions)];
  const exchange = async (
    request: WireRequest,
    headers: Readonly<Record<string, string>>,
    outer?: AbortSignal,
  ): Promise<WireAnswer> => {
    let isSent = false;
    try {
      return await withDeadline(systemClock, limits.totalMs, outer, async (signal) => {
        const telling = tellWhenSent(request.method === 'GET' ? reads : writes, () => {
          // One that is aborted by now is not written any more.
          isSent = !signal.aborted;
        });
        const answer = await telling.request({
          origin: apiUrl.origin,
          path: request.query === '' ? request.pathname : `${request.pathname}?${request.query}`,
          method: request.method,
          headers: { ...headers, ...commonHeaders },
          body: request.body ?? null,
          signal,
        });
        return readAnswer(answer, answer.body, limits.maxBytes);
      });
    } catch (cause) {
      const { method, pathname } = request;
      const isLate = cause instanceof InterruptedError;
      const unanswered = isSent ? 'no-answer' : 'unreachable';
      const trouble = cause instanceof RangeError ? 'too-large' : unanswered;
      const detail = isLate ? 'the response took too long' : describeTrouble(cause);
      throw new ServiceError({ trouble, request: `${method} ${pathname}`, detail, cause });
    }
  };
  return {
    exchange,
    /** Drops every open socket, so that the process can end. */
    close: async () => {
      await Promise.all([reads.destroy(), writes.destroy()]);
    },
  };
}

// A request is given its connection right before it is written: whatever fails earlier (a name, a
// certificate, a tunnel that the proxy refuses), nothing of it can have reached the service.
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

async function readAnswer(
  { statusCode: status, headers }: Dispatcher.ResponseData,
  body: AsyncIterable<Buffer>,
  maxBytes: number,
) {
  // Piece by piece: all at once, a large one would delay signals.
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > maxBytes)
      throw new RangeError(`the response is larger than ${maxBytes / 1024 / 1024} MiB`);
    text += decoder.decode(chunk, { stream: true });
  }
  text += decoder.decode();
  const date = Date.parse(String(headers['date']));
  const dateMs = Number.isNaN(date) ? undefined : date;
  return { status, text, dateMs, retryAfter: headers['retry-after']?.toString() };
}

/**
 * Opens connections as the environment says: direct, or through the proxy of `HTTPS_PROXY` and
 * `HTTP_PROXY` but for the hosts of `NO_PROXY`.
 * @throws InputError where what it says is no proxy
 */
export function openDispatcher(options: EnvHttpProxyAgent.Options): Dispatcher {
  const given = process.env['no_proxy'] ?? process.env['NO_PROXY'] ?? '';
  // A host covers those below it, as curl and GitHub's toolkit have it; for undici 6 it needs a dot.
  const noProxy = given.replaceAll(/[^,\s]+/g, '$&,.$&');
  try {
    return new EnvHttpProxyAgent({ ...options, noProxy });
  } catch {
    const input = 'HTTPS_PROXY or HTTP_PROXY';
    // Without what was given, which may hold a password.
    const message =
      'is not the URL of a proxy: use a URL that starts with http:// or https://, such as http://proxy.example.com:3128';
    throw new InputError([{ input, message }]);
  }
}

/** What went wrong with a request, with its code. */
export function describeTrouble(error: unknown): string {
  const { message } = asError(error);
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return message.includes(code) ? message : `${message} (${code})`.trim();
}
