import type { IncomingHttpHeaders } from 'node:http';
import { canonicalBody, canonicalQuery, canonicalUtf8Body } from './canonical.ts';
import { signatureOf, signedText } from './canonical.ts';
import { Refusal } from './refusal.ts';

/** How far X-Time may be from the service's clock, either way. */
const TIME_WINDOW_MS = 5 * 60_000;

/** What the check has to know of the service. */
export interface Keys {
  publicKey: string;
  secretKey: string;
  rawUtf8Signing: boolean;
  now: () => number;
}

/** A request as it came over the wire; `body` is undefined if there was none. */
export interface SignedRequest {
  method: string;
  path: string;
  search: string;
  headers: IncomingHttpHeaders;
  body: unknown;
}

/** Says why a request is refused, or null. Must see each request once: it remembers nonces. */
export type Gate = (request: SignedRequest) => Refusal | null;

/** The check of key, time, nonce and signature that every request has to pass. */
export function createGate(keys: Keys): Gate {
  const usedNonces = new Set<string>();
  return (request) => {
    const nonce = header(request, 'x-nonce');
    const isUsed = usedNonces.has(nonce);
    usedNonces.add(nonce);
    return (
      keyProblem(keys, request) ??
      timeProblem(keys, request) ??
      nonceProblem(nonce, isUsed) ??
      signatureProblem(keys, request)
    );
  };
}

function keyProblem(keys: Keys, request: SignedRequest): Refusal | null {
  if (header(request, 'x-api-key') === keys.publicKey) return null;
  return new Refusal(401, 'unknown_key', 'X-API-Key is no known public key');
}

function timeProblem(keys: Keys, request: SignedRequest): Refusal | null {
  const time = header(request, 'x-time');
  if (!/^\d+$/.test(time)) {
    return new Refusal(401, 'bad_time', 'X-Time is not Unix time in milliseconds');
  }
  if (Math.abs(Number(time) - keys.now()) <= TIME_WINDOW_MS) return null;
  return new Refusal(401, 'bad_time', 'X-Time is more than 5 minutes from the time of the service');
}

function nonceProblem(nonce: string, isUsed: boolean): Refusal | null {
  if (!/^[0-9a-f]{32}$/i.test(nonce)) {
    return new Refusal(401, 'bad_nonce', 'X-Nonce is not 32 hex characters');
  }
  return isUsed ? new Refusal(401, 'used_nonce', 'X-Nonce was used before') : null;
}

function signatureProblem(keys: Keys, request: SignedRequest): Refusal | null {
  try {
    if (header(request, 'x-signature') === expectedSignature(keys, request)) return null;
  } catch (error) {
    if (!(error instanceof URIError)) throw error;
    return new Refusal(400, 'bad_query', 'The query is not URL-encoded');
  }
  return new Refusal(401, 'bad_signature', 'X-Signature does not match the request');
}

function expectedSignature(keys: Keys, request: SignedRequest): string {
  const text = signedText({
    publicKey: keys.publicKey,
    timestamp: header(request, 'x-time'),
    nonce: header(request, 'x-nonce'),
    method: request.method,
    pathname: request.path,
    query: canonicalQuery(request.search),
    body: signedBody(keys, request.body),
  });
  return signatureOf(keys.secretKey, text);
}

/** Made from the parsed body, so the order of keys on the wire is the client's own affair. */
function signedBody(keys: Keys, body: unknown): string {
  if (body === undefined) return '';
  return keys.rawUtf8Signing ? canonicalUtf8Body(body) : canonicalBody(body);
}

function header(request: SignedRequest, name: string): string {
  const value = request.headers[name];
  return typeof value === 'string' ? value : '';
}
