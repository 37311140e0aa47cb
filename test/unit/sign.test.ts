import { createHash, createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import * as z from 'zod';
import { createRedactor } from '../../src/service/redactor.ts';
import { createMadeUpClock } from '../support/clock.ts';
import { createClient } from '../../src/service/client.ts';
import type { WireRequest } from '../../src/service/sign.ts';
import { canonicalJson, canonicalQuery, signatureHeaders } from '../../src/service/sign.ts';

const vectorsFile = new URL('../fixtures/signing-vectors.json', import.meta.url);
const vectors = z
  .object({
    publicKey: z.string(),
    secretKey: z.string(),
    timestamp: z.string(),
    nonce: z.string(),
    cases: z.array(
      z.object({
        name: z.string(),
        method: z.enum(['GET', 'POST', 'PUT']),
        pathname: z.string(),
        query: z.record(z.string(), z.string()),
        body: z.nullable(z.json()),
        canonicalQuery: z.string(),
        canonicalBody: z.nullable(z.string()),
        signature: z.string(),
      }),
    ),
  })
  .parse(JSON.parse(readFileSync(vectorsFile, 'utf8')));
const keys = { publicKey: vectors.publicKey, secretKey: vectors.secretKey };

describe('the worked examples hold', () => {
  test.each(vectors.cases.map((each) => [each.name, each] as const))('%s', (_, each) => {
    const query = canonicalQuery(each.query);
    const body = each.body === null ? undefined : canonicalJson(each.body);
    const stamp = { timeMs: Number(vectors.timestamp), nonce: vectors.nonce };
    const request = { method: each.method, pathname: each.pathname, query, body };
    expect(query).toBe(each.canonicalQuery);
    expect(body).toBe(each.canonicalBody ?? undefined);
    expect(signatureHeaders(request, keys, stamp)).toMatchObject({
      'X-API-Key': keys.publicKey,
      'X-Time': vectors.timestamp,
      'X-Nonce': vectors.nonce,
      'X-Signature': each.signature,
    });
  });
});

test('what is signed is what is sent, for any body', async () => {
  await fc.assert(
    fc.asyncProperty(fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue()), async (body) => {
      const sent: { request: WireRequest; headers: Readonly<Record<string, string>> }[] = [];
      const client = createClient({
        keys,
        clock: createMadeUpClock(),
        redactor: createRedactor(),
        random: Math.random,
        onClockOff: () => {},
        exchange: async (request, headers) => {
          sent.push({ request, headers });
          return { status: 200, text: '{}', dateMs: undefined, retryAfter: undefined };
        },
      });
      await client.send({ method: 'POST', pathname: '/v1/jobs', body });
      expect(sent).toHaveLength(1);
      const { body: sentBody = '' } = sent[0]?.request ?? {};
      const headers = sent[0]?.headers ?? {};
      const bytes = Buffer.from(sentBody, 'utf8');
      const hash = createHash('sha256').update(bytes).digest('hex');
      const text = `${keys.publicKey}|${headers['X-Time']}|${headers['X-Nonce']}|POST|/v1/jobs||${hash}`;
      const signature = createHmac('sha256', keys.secretKey).update(text).digest('hex');
      expect(headers['X-Signature']).toBe(signature);
      expect(headers['X-Nonce']).toMatch(/^[0-9a-f]{32}$/);
      expect(sentBody).toMatch(/^[\u0020-\u007e]*$/);
      // Compared as text: -0 and 0 are the same number in JSON.
      expect(JSON.parse(sentBody)).toEqual(JSON.parse(JSON.stringify(body)));
    }),
  );
});

test('keys are sorted at every depth, and `__proto__` is a key like any other', () => {
  const body: unknown = JSON.parse(
    '{"b":{"d":1,"__proto__":{"y":2,"x":1}},"a":[{"z":1,"c":2}],"10":1,"9":2}',
  );
  expect(canonicalJson(z.json().parse({}))).toBe('{}');
  expect(canonicalJson(body as never)).toBe(
    '{"10":1,"9":2,"a":[{"c":2,"z":1}],"b":{"__proto__":{"x":1,"y":2},"d":1}}',
  );
});

test('every code unit beyond printable ASCII is escaped in lower case; the other dialect keeps it', () => {
  expect(canonicalJson({ t: 'é😀\u007f\n' })).toBe('{"t":"\\u00e9\\ud83d\\ude00\\u007f\\n"}');
  expect(canonicalJson({ t: 'é😀' }, 'utf8')).toBe('{"t":"é😀"}');
});

test('each call has a nonce of its own', async () => {
  const nonces = new Set<string | undefined>();
  const client = createClient({
    keys,
    clock: createMadeUpClock(),
    redactor: createRedactor(),
    random: Math.random,
    onClockOff: () => {},
    exchange: async (_, headers) => {
      nonces.add(headers['X-Nonce']);
      return { status: 200, text: '{}', dateMs: undefined, retryAfter: undefined };
    },
  });
  for (let call = 0; call < 20; call += 1)
    await client.send({ method: 'GET', pathname: '/v1/jobs' });
  expect(nonces.size).toBe(20);
});
