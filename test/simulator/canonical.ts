import { createHash, createHmac } from 'node:crypto';

/** Outside of printable ASCII, by UTF-16 code unit: an astral character is two of them. */
const NOT_ASCII = /[^\x20-\x7e]/g;

/**
 * The query as it is signed: decoded, sorted by key and then by value, encoded anew.
 * Throws a URIError where `raw` is not URL-encoded.
 */
export function canonicalQuery(raw: string): string {
  const pairs = raw.split('&').filter(Boolean).map(decodedPair);
  return pairs.toSorted(byKeyThenValue).map(encodedPair).join('&');
}

function decodedPair(pair: string): [string, string] {
  const [key = '', ...value] = pair.replaceAll('+', ' ').split('=').map(decodeURIComponent);
  return [key, value.join('=')];
}

function encodedPair([key, value]: [string, string]): string {
  return `${encodeURIComponent(key)}=${encodeURIComponent(value)}`;
}

function byKeyThenValue(a: [string, string], b: [string, string]): number {
  return compare(a[0], b[0]) || compare(a[1], b[1]);
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** The body as it is signed: keys sorted at every depth, compact, escaped to ASCII. */
export function canonicalBody(body: unknown): string {
  return canonicalUtf8Body(body).replace(NOT_ASCII, escaped);
}

/** The same without the escaping, for clients that sign raw UTF-8. */
export function canonicalUtf8Body(body: unknown): string {
  if (Array.isArray(body)) return `[${body.map(canonicalUtf8Body).join(',')}]`;
  if (typeof body !== 'object' || body === null) return JSON.stringify(body);
  const members = Object.entries(body).toSorted(([a], [b]) => compare(a, b));
  const parts = members.map(([key, value]) => `${JSON.stringify(key)}:${canonicalUtf8Body(value)}`);
  return `{${parts.join(',')}}`;
}

function escaped(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** The seven parts of the signed text. `body` is the canonical body, empty if there is none. */
export interface SignedParts {
  publicKey: string;
  timestamp: string;
  nonce: string;
  method: string;
  pathname: string;
  query: string;
  body: string;
}

/** The text that is signed: the parts joined by `|`, the body as its SHA-256. */
export function signedText(parts: SignedParts): string {
  const { publicKey, timestamp, nonce, method, pathname, query, body } = parts;
  const bodyHash = createHash('sha256').update(body, 'utf8').digest('hex');
  return [publicKey, timestamp, nonce, method, pathname, query, bodyHash].join('|');
}

/** Lowercase hex HMAC-SHA256 of `text`; the key is the secret key's own text. */
export function signatureOf(secretKey: string, text: string): string {
  return createHmac('sha256', secretKey).update(text, 'utf8').digest('hex');
}
