import { readFileSync } from 'node:fs';
import { afterEach, expect, test } from '@jest/globals';
import { canonicalBody, canonicalQuery, signatureOf, signedText } from './canonical.ts';
import { closeStages, createStage, START_MS } from './fixture.ts';
import type { CallOptions } from './client.ts';

interface Vectors {
  publicKey: string;
  secretKey: string;
  timestamp: string;
  nonce: string;
  cases: {
    name: string;
    method: string;
    pathname: string;
    query: Record<string, string>;
    body: unknown;
    canonicalQuery: string;
    canonicalBody: string | null;
    canonicalString: string;
    signature: string;
  }[];
}

const file = new URL('../fixtures/signing-vectors.json', import.meta.url);
const { cases, secretKey, ...keys } = JSON.parse(readFileSync(file, 'utf8')) as Vectors;

const SIX_MINUTES_MS = 360_000;

afterEach(closeStages);

test.each(cases)('the worked example "$name" holds', (example) => {
  const { method, pathname } = example;
  const query = canonicalQuery(String(new URLSearchParams(example.query)));
  const body = example.body === null ? '' : canonicalBody(example.body);
  const text = signedText({ ...keys, method, pathname, query, body });
  expect(query).toBe(example.canonicalQuery);
  expect(body).toBe(example.canonicalBody ?? '');
  expect(text).toBe(example.canonicalString);
  expect(signatureOf(secretKey, text)).toBe(example.signature);
});

test('a query is sorted by key, then by value', () => {
  expect(canonicalQuery('b=2&a=2&b=1&a=%5B&c')).toBe('a=2&a=%5B&b=1&b=2&c=');
});

test('a body is sorted at every depth but in its lists, and is ASCII', () => {
  const body = { b: [{ d: 1, c: 'ü' }, 2], a: { 10: '\u007f\n', 9: null } };
  expect(canonicalBody(body)).toBe(
    '{"a":{"10":"\\u007f\\n","9":null},"b":[{"c":"\\u00fc","d":1},2]}',
  );
});

const refused: [why: string, code: string, options: CallOptions][] = [
  ['an unknown key', 'unknown_key', { publicKey: 'pk_other' }],
  ['no key', 'unknown_key', { headers: { 'x-api-key': '' } }],
  ['another secret', 'bad_signature', { secretKey: 'sk_other' }],
  ['a clock that is fast', 'bad_time', { timeMs: START_MS + SIX_MINUTES_MS }],
  ['a clock that is slow', 'bad_time', { timeMs: START_MS - SIX_MINUTES_MS }],
  ['a time in words', 'bad_time', { headers: { 'x-time': 'now' } }],
  ['a short nonce', 'bad_nonce', { nonce: 'abc' }],
  ['a forged signature', 'bad_signature', { headers: { 'x-signature': '0'.repeat(64) } }],
];

test.each(refused)('%s is refused', async (_why, code, options) => {
  const { call, simulator } = await createStage();
  expect(await call('GET', '/v1/jobs', options)).toMatchObject({
    status: 401,
    body: { error: { code, message: expect.any(String) } },
  });
  expect(simulator.requests).toMatchObject([{ status: 401, taken: false }]);
});

test('a clock that is off by less than five minutes is accepted', async () => {
  const { call } = await createStage();
  const timeMs = START_MS - 299_000;
  expect(await call('GET', '/v1/jobs', { timeMs })).toMatchObject({ status: 200 });
});

test('every answer carries the time of the service', async () => {
  const { call } = await createStage();
  const { headers } = await call('GET', '/v1/jobs', { publicKey: 'pk_other' });
  expect(headers.get('date')).toBe('Sun, 01 Mar 2026 12:00:00 GMT');
});

test('a nonce serves once, even if its request came to nothing', async () => {
  const { call, simulator } = await createStage();
  const nonce = '0123456789abcdef0123456789abcdef';
  simulator.inject({ kind: { type: 'status', status: 503 } });
  expect(await call('GET', '/v1/jobs', { nonce })).toMatchObject({ status: 503 });
  expect(await call('GET', '/v1/jobs', { nonce })).toMatchObject({
    status: 401,
    body: { error: { code: 'used_nonce' } },
  });
});

test('the query may come in any order', async () => {
  const { call } = await createStage();
  const target = '/v1/jobs?sort=-created_at&page=1&filter[status]=RUNNING,FAILED&limit=5';
  expect(await call('GET', target)).toMatchObject({ status: 200 });
});

test('a query that is not URL-encoded is refused', async () => {
  const { call } = await createStage();
  expect(await call('GET', '/v1/jobs?sort=%zz')).toMatchObject({ status: 400 });
});

test('a body that is signed as it stands must stand sorted and in ASCII', async () => {
  const { call, simulator } = await createStage();
  const path = `/v1/job-recipes/${simulator.recipeUuids[0]}/cook`;
  const statusOf = async (rawBody: string) => (await call('POST', path, { rawBody })).status;
  expect(await statusOf('{"cpu_count":1,"title":"Caf\\u00e9"}')).toBe(200);
  expect(await statusOf('{"title":"x","cpu_count":1}')).toBe(401);
  expect(await statusOf('{"cpu_count": 1}')).toBe(401);
  expect(await statusOf('{"title":"Café"}')).toBe(401);
});

test('a service that signs raw UTF-8 refuses ASCII where that differs', async () => {
  const { call, simulator } = await createStage({ rawUtf8Signing: true });
  const path = `/v1/job-recipes/${simulator.recipeUuids[0]}/cook`;
  const statusOf = async (title: string, isUtf8Signed: boolean) =>
    (await call('POST', path, { body: { title }, isUtf8Signed })).status;
  expect(await statusOf('Café 😀', false)).toBe(401);
  expect(await statusOf('Café 😀', true)).toBe(200);
  expect(await statusOf('Coffee', false)).toBe(200);
});
