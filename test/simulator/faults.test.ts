import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from '@jest/globals';
import { request } from './client.ts';
import type { CallOptions } from './client.ts';
import type { Fault, FaultKind } from './server.ts';
import { closeStages, createStage } from './fixture.ts';

afterEach(closeStages);

/** A service with one fault in it. */
async function faulty(kind: FaultKind, fault: Partial<Fault> = {}) {
  const { simulator } = await createStage({ now: Date.now, faults: [{ ...fault, kind }] });
  const recipe = `/v1/job-recipes/${simulator.recipeUuids[0]}`;
  return {
    simulator,
    get: async (options?: CallOptions) => request(simulator, 'GET', '/v1/jobs', options),
    cook: async () => request(simulator, 'POST', `${recipe}/cook`, { body: {} }),
  };
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await sleep(1);
}

const cut: [kind: FaultKind, code: string][] = [
  [{ type: 'reset' }, 'ECONNRESET'],
  [{ type: 'close' }, 'UND_ERR_SOCKET'],
  [{ type: 'hang', forMs: 10 }, 'UND_ERR_SOCKET'],
];

test.each(cut)('%j ends the connection without an answer', async (kind, code) => {
  const { get, simulator } = await faulty(kind);
  await expect(get()).rejects.toHaveProperty('cause.code', code);
  expect(simulator.requests).toMatchObject([{ status: null, taken: false, fault: { kind } }]);
  expect((await get()).status).toBe(200);
});

test('"hang" never answers', async () => {
  const { get, simulator } = await faulty({ type: 'hang' });
  const impatience = new AbortController();
  const hanging = get({ signal: impatience.signal });
  await until(() => simulator.requests.length === 1);
  await expect(Promise.race([hanging, sleep(30)])).resolves.toBeUndefined();
  impatience.abort();
  await expect(hanging).rejects.toThrow('aborted');
  expect(simulator.requests).toMatchObject([{ status: null }]);
});

test('"refuse" refuses connections for a while, then listens on the same port', async () => {
  const { get, simulator } = await faulty({ type: 'refuse', forMs: 300 }, { nth: 2 });
  expect((await get()).status).toBe(200);
  await expect(get()).rejects.toThrow('fetch failed');
  await expect(get()).rejects.toHaveProperty('cause.code', 'ECONNREFUSED');
  await sleep(400);
  expect((await get()).status).toBe(200);
  expect(simulator.requests.map(({ status }) => status)).toEqual([200, null, 200]);
});

test('"refuse" can be closed meanwhile', async () => {
  const { get, simulator } = await faulty({ type: 'refuse', forMs: 60_000 });
  await expect(get()).rejects.toThrow('fetch failed');
  await simulator.close();
});

test('"slow-body" trickles', async () => {
  const { get } = await faulty({ type: 'slow-body', everyMs: 2 }, { when: 'after' });
  const startedAt = performance.now();
  const response = await get();
  expect(await response.json()).toMatchObject({ data: [] });
  expect(performance.now() - startedAt).toBeGreaterThan(40);
});

test('"truncate" breaks off the body', async () => {
  const { get } = await faulty({ type: 'truncate' }, { when: 'after' });
  const response = await get();
  expect(response.status).toBe(200);
  await expect(response.text()).rejects.toThrow('terminated');
});

test('"wrong-length" makes the body end too early', async () => {
  const { get } = await faulty({ type: 'wrong-length' }, { when: 'after' });
  await expect(get().then(async (response) => response.json())).rejects.toThrow(/JSON|terminated/);
});

const ERROR_503 = { error: { code: 'status_503', message: 'The service answers 503' } };

const answers: [kind: FaultKind, status: number, text: RegExp][] = [
  [{ type: 'html' }, 502, /^<!DOCTYPE html>/],
  [{ type: 'html', status: 200 }, 200, /^<!DOCTYPE html>/],
  [{ type: 'empty' }, 200, /^$/],
  [{ type: 'wrong-json' }, 200, /^\{"object":"job","uuid":$/],
  [{ type: 'other-shape' }, 200, /^\{"hello":"world"\}$/],
  [{ type: 'other-shape', body: [1] }, 200, /^\[1\]$/],
  [{ type: 'huge', bytes: 300_000 }, 200, /^\{"padding":"x{299986}"\}$/],
  [{ type: 'redirect', location: 'http://example.net/' }, 302, /^$/],
  [{ type: 'redirect', location: '/', status: 307 }, 307, /^$/],
  [{ type: 'status', status: 429, body: 'Slow down' }, 429, /^Slow down$/],
  [{ type: 'status', status: 400, body: { code: 7 } }, 400, /^\{"code":7\}$/],
];

test.each(answers)('%j is answered %i', async (kind, status, text) => {
  const { get, simulator } = await faulty(kind);
  const response = await get();
  expect(response.status).toBe(status);
  expect(await response.text()).toMatch(text);
  expect(response.headers.get('date')).not.toBeNull();
  expect(simulator.requests).toMatchObject([{ status, taken: false }]);
});

test('"redirect" names a place, "status" a time', async () => {
  const { get, simulator } = await faulty({ type: 'redirect', location: 'http://example.net/' });
  simulator.inject({ nth: 2, kind: { type: 'status', status: 503, retryAfter: '7' } });
  expect((await get()).headers.get('location')).toBe('http://example.net/');
  const response = await get();
  expect(response.headers.get('retry-after')).toBe('7');
  expect(await response.json()).toEqual(ERROR_503);
});

test('"huge" is no trouble for a client that has read enough', async () => {
  const { get, simulator } = await faulty({ type: 'huge', bytes: 1e9 });
  await (await get()).body?.cancel();
  expect((await get()).status).toBe(200);
  expect(simulator.requests).toHaveLength(2);
});

test('"delay" gives the proper answer late, and takes the request late or at once', async () => {
  const { cook, simulator } = await faulty({ type: 'delay', forMs: 40 });
  simulator.inject({ nth: 2, when: 'after', kind: { type: 'delay', forMs: 40 } });
  const late = cook();
  await until(() => simulator.requests.length === 1);
  expect(simulator.jobs()).toHaveLength(0);
  expect(await (await late).json()).toMatchObject({ object: 'job' });
  const atOnce = cook();
  await until(() => simulator.jobs().length === 2);
  await expect(Promise.race([atOnce, sleep(5)])).resolves.toBeUndefined();
  expect((await atOnce).status).toBe(200);
});

test('"hold" takes the request and answers when it is let', async () => {
  const release = Promise.withResolvers<void>();
  const { cook, simulator } = await faulty({ type: 'hold', until: release.promise });
  const response = cook();
  await until(() => simulator.jobs().length === 1);
  await expect(Promise.race([response, sleep(30)])).resolves.toBeUndefined();
  release.resolve();
  expect((await response).status).toBe(200);
});

test.each([false, true])('"no-uuid" hides the uuid of the job (wrapped: %s)', async (wrapData) => {
  const { call, simulator } = await createStage({ wrapData });
  simulator.inject({ kind: { type: 'no-uuid' } });
  const path = `/v1/job-recipes/${simulator.recipeUuids[0]}/cook`;
  const { status, body } = await call('POST', path);
  const job = { object: 'job', uuid: null };
  expect(status).toBe(200);
  expect(body).toMatchObject(wrapData ? { data: job } : job);
  expect(simulator.jobs()[0]?.uuid).toMatch(/^[0-9a-f-]{36}$/);
});

test.each(['before', 'after'] as const)('a fault may strike %s the job is made', async (when) => {
  const { cook, simulator } = await faulty({ type: 'status', status: 500 }, { when });
  expect((await cook()).status).toBe(500);
  expect(simulator.jobs()).toHaveLength(when === 'after' ? 1 : 0);
  expect(simulator.requests).toMatchObject([{ status: 500, taken: when === 'after' }]);
});

test('a fault strikes the requests it is meant for, as often as it is meant to', async () => {
  const kind: FaultKind = { type: 'status', status: 500 };
  const fault = { method: 'POST', path: '/v1/job-recipes/*/cook', nth: 2, times: 2 };
  const { cook, get } = await faulty(kind, fault);
  const statuses: number[] = [];
  for (const send of [cook, get, cook, get, cook, cook]) statuses.push((await send()).status);
  expect(statuses).toEqual([200, 200, 500, 200, 500, 200]);
});

test('faults strike until they are cleared', async () => {
  const { get, simulator } = await faulty({ type: 'status', status: 500 }, { times: Infinity });
  expect([(await get()).status, (await get()).status]).toEqual([500, 500]);
  simulator.clearFaults();
  expect((await get()).status).toBe(200);
});

test('every answer may be held back', async () => {
  const { call } = await createStage({ latencyMs: 30 });
  const startedAt = performance.now();
  await call('GET', '/v1/jobs');
  expect(performance.now() - startedAt).toBeGreaterThan(25);
});

test('requests are recorded and logged, without what signs them', async () => {
  const lines: string[] = [];
  const { call, simulator } = await createStage({ log: (line) => lines.push(line) });
  await call('POST', '/v1/jobs?a=1&b=%2C', { body: { title: 7 } });
  const [record] = simulator.requests;
  expect(record).toMatchObject({
    method: 'POST',
    path: '/v1/jobs',
    search: 'a=1&b=%2C',
    query: { a: '1', b: ',' },
    body: { title: 7 },
    headers: { 'x-api-key': simulator.publicKey },
    status: 422,
    taken: true,
    fault: null,
  });
  expect(record?.headers).not.toHaveProperty('x-signature');
  expect(lines).toEqual([
    expect.stringMatching(/^2026-03-01T12:00:00.000Z POST \/v1\/jobs\?a=1&b=%2C 422 \d+ ms$/),
  ]);
});
