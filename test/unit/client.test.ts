import { describe, expect, test } from '@jest/globals';
import { createClient, type Call } from '../../src/service/client.ts';
import type { Transport } from '../../src/service/http.ts';
import { createRedactor } from '../../src/service/redactor.ts';
import { createMadeUpClock } from '../support/clock.ts';

const hourMs = 3_600_000;
const minuteMs = 60_000;
const latencyMs = 50;

/** How the service differs from what a client takes for granted. */
interface Quirks {
  /** How far its clock is ahead of ours. */
  readonly aheadMs?: number;
  readonly dialect?: 'ascii' | 'utf8';
  /** Refuses all, whatever the signature. */
  readonly refusesAll?: boolean;
  /** Refuses the first so many, whatever the signature. */
  readonly refusesFirst?: number;
  readonly hasNoDate?: boolean;
  /** By how much its clock goes on with each answer. */
  readonly jumpMs?: number;
  /** By how much the time of an answer is off, the first one first. */
  readonly dateErrorsMs?: readonly number[];
}

function play({ aheadMs = 0, dialect = 'ascii', jumpMs = 0, ...quirks }: Quirks = {}) {
  const clock = createMadeUpClock();
  const nonces: string[] = [];
  const clocksOff: number[] = [];
  const serverStartMs = clock.now() + aheadMs;
  const serverNow = () => serverStartMs + clock.monotonicMs() + nonces.length * jumpMs;
  const exchange: Transport = async ({ body = '' }, headers) => {
    nonces.push(headers['X-Nonce'] ?? '');
    const isOff = Math.abs(Number(headers['X-Time']) - serverNow()) > 5 * minuteMs;
    const isOtherDialect = dialect === 'utf8' ? body.includes('\\u') : /[^\0-~]/.test(body);
    const isEarly = nonces.length <= (quirks.refusesFirst ?? 0);
    const isRefused = quirks.refusesAll || isEarly || isOff || isOtherDialect;
    await clock.sleep(latencyMs);
    const error = quirks.dateErrorsMs?.[nonces.length - 1] ?? 0;
    const dateMs = quirks.hasNoDate ? undefined : serverNow() + error;
    return { status: isRefused ? 401 : 200, text: '{}', dateMs, retryAfter: undefined };
  };
  const client = createClient({
    exchange,
    clock,
    random: () => 1,
    redactor: createRedactor(),
    keys: { publicKey: 'pk_1', secretKey: 'sk_1' },
    onClockOff: (offsetMs) => clocksOff.push(offsetMs),
  });
  const send = async (call: Partial<Call> = {}) =>
    client.send({ method: 'POST', pathname: '/v1/x', ...call }).then(
      () => 'ok',
      (error: unknown) => (error as { status: number }).status,
    );
  const sendFive = async (call: Partial<Call> = {}) =>
    Promise.all(Array.from({ length: 5 }, async () => send(call)));
  return { clock, client, send, sendFive, nonces, clocksOff };
}

const fiveOk = ['ok', 'ok', 'ok', 'ok', 'ok'];
const japanese: Partial<Call> = { body: { title: '日本語' } };

describe('each request remembers what it was signed with', () => {
  // quirks, sends of five requests at once, the clock is off by so much
  test.each<[string, Quirks, number, number[]]>([
    ['nothing is odd', {}, 5, []],
    ['the clock is an hour behind', { aheadMs: hourMs }, 10, [hourMs]],
    ['the clock is an hour ahead', { aheadMs: -hourMs }, 10, [-hourMs]],
    ['the service wants UTF-8', { dialect: 'utf8' }, 10, []],
    ['both', { aheadMs: hourMs, dialect: 'utf8' }, 15, [hourMs]],
  ])('%s: five under way all succeed', async (_, quirks, sends, clocksOff) => {
    const { send, sendFive, ...seen } = play(quirks);
    expect(await sendFive(japanese)).toEqual(fiveOk);
    expect(seen.nonces).toHaveLength(sends);
    expect(new Set(seen.nonces).size).toBe(sends);
    expect(seen.clocksOff).toEqual(clocksOff);
    // What was learnt is kept: the next one is sent once.
    expect(await send(japanese)).toBe('ok');
    expect(seen.nonces).toHaveLength(sends + 1);
  });

  test('one that left before another has learnt the dialect learns it for itself', async () => {
    const { clock, send, nonces } = play({ dialect: 'utf8' });
    const first = send(japanese);
    await clock.sleep(latencyMs * 1.5);
    // The first is on its way in the right dialect; nobody knows yet that it is.
    const second = send(japanese);
    expect([await first, await second]).toEqual(['ok', 'ok']);
    expect(nonces).toHaveLength(4);
  });
});

describe('the machine’s clock is set', () => {
  test('between two requests, there and back', async () => {
    const { clock, send, nonces, clocksOff } = play();
    expect(await send()).toBe('ok');
    clock.step(hourMs);
    expect(await send()).toBe('ok');
    clock.step(-hourMs);
    expect(await send()).toBe('ok');
    expect(nonces).toHaveLength(5);
    expect(clocksOff).toEqual([-hourMs, 0]);
  });

  test('while a request is under way: that is not why it was refused', async () => {
    const { clock, send, nonces, clocksOff } = play({ refusesAll: true });
    const sent = send();
    await clock.sleep(latencyMs / 2);
    clock.step(hourMs);
    expect(await sent).toBe(401);
    expect([nonces.length, clocksOff]).toEqual([1, []]);
  });

  test('the time of the service goes on all the same', async () => {
    const { clock, client, send } = play({ aheadMs: minuteMs });
    expect(client.serverNow()).toBeNull();
    const startMs = clock.now();
    await send();
    clock.step(hourMs);
    await clock.sleep(minuteMs);
    expect(client.serverNow()).toBe(startMs + minuteMs + latencyMs + minuteMs);
  });
});

// What each answer is off by, and what the service's clock is taken to be off by after the last one.
test.each<[string, readonly number[], number]>([
  ['by a second', [0, 1_000], 1_000],
  ['once: a gateway, or a cache', [0, 0, 200 * 24 * hourMs], 0],
  ['now and then: one of the machines', [0, hourMs, 0, hourMs, 0, hourMs], 0],
  ['twice: the clock was set', [0, 0, hourMs, hourMs], hourMs],
  ['at first alone', [hourMs, 0, 0], 0],
])('the time of an answer that is off %s', async (_, dateErrorsMs, offMs) => {
  const { clock, client, send, nonces } = play({ dateErrorsMs });
  while (nonces.length < dateErrorsMs.length) await send();
  expect(client.serverNow()).toBe(clock.now() + offMs);
});

describe('a refused signature', () => {
  // quirks, request, times it is sent
  test.each<[string, Quirks, Partial<Call>, number]>([
    ['without a cause is final', {}, {}, 1],
    ['without a Date too', { hasNoDate: true, aheadMs: hourMs }, {}, 1],
    ['of a body that both dialects write alike', {}, { body: { title: 'plain' } }, 1],
    ['of one that they do not: the other one is tried', {}, japanese, 2],
    ['4 minutes off is not off', { aheadMs: 4 * minuteMs - latencyMs }, {}, 1],
    ['a millisecond more is', { aheadMs: 4 * minuteMs - latencyMs + 1 }, {}, 2],
    ['is corrected three times at most', { jumpMs: hourMs }, {}, 4],
    ['is not corrected after the end', { jumpMs: hourMs }, { ended: AbortSignal.abort() }, 1],
  ])('%s', async (_, quirks, call, sends) => {
    const { send, nonces } = play({ ...quirks, refusesAll: true });
    expect(await send(call)).toBe(401);
    expect(nonces).toHaveLength(sends);
  });

  test('says nothing of the dialect where both are refused: the next request is sent once', async () => {
    const { send, nonces } = play({ refusesFirst: 2 });
    expect(await send(japanese)).toBe(401);
    expect(await send(japanese)).toBe('ok');
    expect(nonces).toHaveLength(3);
  });

  test('is not corrected when the end comes while it is under way', async () => {
    const { clock, send, nonces } = play({ aheadMs: hourMs });
    const ended = new AbortController();
    const sent = send({ ended: ended.signal });
    await clock.sleep(latencyMs / 2);
    ended.abort();
    expect(await sent).toBe(401);
    expect(nonces).toHaveLength(1);
  });
});
