import { createHash, createHmac, randomBytes } from 'node:crypto';
import type { Simulator } from './types.ts';

/** What a test may get wrong on purpose. */
export interface CallOptions {
  /** Sent as JSON. */
  body?: unknown;
  /** Sent as it is, signed as it is. */
  rawBody?: string;
  publicKey?: string;
  secretKey?: string;
  timeMs?: number;
  nonce?: string;
  /** Signs raw UTF-8 instead of ASCII. */
  isUtf8Signed?: boolean;
  headers?: Readonly<Record<string, string>>;
  signal?: AbortSignal;
}

/** What came back; `body` is null where there was none. */
export interface Reply {
  status: number;
  headers: Headers;
  body: unknown;
}

/** Calls the simulator as a client would, with a signature of its own making. */
export async function call(
  simulator: Simulator,
  method: string,
  target: string,
  options: CallOptions = {},
): Promise<Reply> {
  const response = await request(simulator, method, target, options);
  const text = await response.text();
  const body: unknown = text === '' ? null : JSON.parse(text);
  return { status: response.status, headers: response.headers, body };
}

/** The same, the body yet to be read. `target` is a path, with or without a query. */
export async function request(
  simulator: Simulator,
  method: string,
  target: string,
  options: CallOptions = {},
): Promise<Response> {
  const body = options.rawBody ?? jsonOf(options.body, options.isUtf8Signed ?? false);
  return fetch(`${simulator.url}${target}`, {
    method,
    redirect: 'manual',
    headers: { ...signed(simulator, method, target, body, options), ...options.headers },
    ...(body !== '' && { body }),
    ...(options.signal && { signal: options.signal }),
  });
}

function signed(
  simulator: Simulator,
  method: string,
  target: string,
  body: string,
  options: CallOptions,
): Record<string, string> {
  const { publicKey = simulator.publicKey, secretKey = simulator.secretKey } = options;
  const time = String(options.timeMs ?? Date.now());
  const nonce = options.nonce ?? randomBytes(16).toString('hex');
  const [path = '', query = ''] = target.split('?');
  const hash = createHash('sha256').update(body).digest('hex');
  const text = [publicKey, time, nonce, method, path, sortedQuery(query), hash].join('|');
  return {
    accept: 'application/json',
    'content-type': 'application/json',
    'x-api-key': publicKey,
    'x-time': time,
    'x-nonce': nonce,
    'x-signature': createHmac('sha256', secretKey).update(text).digest('hex'),
  };
}

function sortedQuery(query: string): string {
  const pairs = [...new URLSearchParams(query)].toSorted(byText);
  return pairs.map((pair) => pair.map(encodeURIComponent).join('=')).join('&');
}

/** Of pairs, the first parts are compared, then the second ones. */
function byText(a: readonly string[], b: readonly string[]): number {
  const differing = a.findIndex((part, index) => part !== b[index]);
  return (a[differing] ?? '') < (b[differing] ?? '') ? -1 : 1;
}

function jsonOf(body: unknown, isUtf8: boolean): string {
  if (body === undefined) return '';
  const json = JSON.stringify(body, (_key, value: unknown) => withSortedKeys(value));
  return isUtf8 ? json : json.replaceAll(/[^ -~]/g, (unit) => `\\u${hex4(unit)}`);
}

function withSortedKeys(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function hex4(unit: string): string {
  return unit.charCodeAt(0).toString(16).padStart(4, '0');
}
