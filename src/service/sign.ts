import { createHash, createHmac } from 'node:crypto';
import { isList, isMapping, type Json } from './json.ts';

/** API key pair of the service: `pk_…` and `sk_…`. */
export interface Keys {
  readonly publicKey: string;
  readonly secretKey: string;
}

/** How text beyond ASCII is written in a body: the documentation escapes it, one client does not. */
export type Dialect = 'ascii' | 'utf8';

/** A request as it goes over the wire; `query` without `?`, `body` absent for none. */
export interface WireRequest {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly pathname: string;
  readonly query: string;
  readonly body?: string | undefined;
}

/**
 * Query parameters in the one order that is signed and sent: keys sorted, URL-encoded, no `?`.
 * Clients of the service differ on a space and on `!'()*~`, so no caller produces them.
 */
export function canonicalQuery(query: Readonly<Record<string, string>>): string {
  return Object.keys(query)
    .toSorted()
    .map((key) => `${encodeURIComponent(key)}=${encodeURIComponent(query[key] ?? '')}`)
    .join('&');
}

const escapeCodeUnit = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** JSON with keys sorted at every depth and no white space; `ascii` escapes all beyond U+007E. */
export function canonicalJson(value: Json, dialect: Dialect = 'ascii'): string {
  const text = sortedJson(value);
  return dialect === 'utf8' ? text : text.replaceAll(/[^\u0020-\u007e]/g, escapeCodeUnit);
}

/**
 * The four headers that sign a request, as the service's documentation describes them.
 * @param timeMs Unix time in ms; the service allows 5 minutes either way
 * @param nonce 32 hex characters, from 16 random bytes; never used twice
 */
export function signatureHeaders(
  { method, pathname, query, body = '' }: WireRequest,
  keys: Keys,
  { timeMs, nonce }: { readonly timeMs: number; readonly nonce: string },
): Record<string, string> {
  const time = String(timeMs);
  const bodyHash = createHash('sha256').update(body, 'utf8').digest('hex');
  const text = [keys.publicKey, time, nonce, method, pathname, query, bodyHash].join('|');
  return {
    'X-API-Key': keys.publicKey,
    'X-Time': time,
    'X-Nonce': nonce,
    'X-Signature': createHmac('sha256', keys.secretKey).update(text, 'utf8').digest('hex'),
  };
}

// As text, not as a sorted copy: `__proto__` stays data, and keys like numbers keep their order.
function sortedJson(value: Json): string {
  if (isList(value)) return `[${value.map(sortedJson).join(',')}]`;
  if (!isMapping(value)) return JSON.stringify(value);
  const members = Object.entries(value)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([key, member]) =>
      member === undefined ? [] : [`${JSON.stringify(key)}:${sortedJson(member)}`],
    );
  return `{${members.join(',')}}`;
}
