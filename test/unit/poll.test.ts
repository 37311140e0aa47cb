import { describe, expect, test } from '@jest/globals';
import { watchAsWeDo } from '../../bench/watching.ts';
import { ServiceError } from '../../src/errors.ts';
import {
  createPoller,
  nextPause,
  nextWatch,
  pollIntervalMs,
  type PollInterval,
  type Watch,
} from '../../src/service/poll.ts';
import type { Answer } from '../../src/service/lists.ts';
import { fakeClient, inTurn, never, refused, troubled } from '../support/client.ts';
import { createMadeUpClock, type MadeUpClock } from '../support/clock.ts';
import { fakeJob, uuidNumber } from '../support/outcomes.ts';

const hourMs = 3_600_000;

// interval, time without a change, pause in ms
test.each<[PollInterval, number, number]>([
  ['auto', 0, 2_000],
  ['auto', 30_000, 2_000],
  ['auto', 59_999, 2_000],
  ['auto', 60_000, 4_000],
  ['auto', 150_000, 10_000],
  ['auto', 300_000, 20_000],
  ['auto', 6 * hourMs, 20_000],
  [7_000, 0, 7_000],
  [7_000, 6 * hourMs, 7_000],
])('with %p, unchanged for %d ms, the pause is %d ms', (interval, unchangedMs, expected) => {
  expect(pollIntervalMs(interval, unchangedMs)).toBeCloseTo(expected, 6);
});

const job = (status: string) => fakeJob({ status });

describe('how a job stands after an answer', () => {
  const start = { changedAtMs: 0, dueAtMs: 0, goneFromMs: 0 };
  const before: Watch = { ...start, status: 'PENDING', notFound: 0 };
  const once: Watch = { ...before, notFound: 1 };
  const often = 5_000;
  const seldom = hourMs;

  // before, answer, now, often; reported, 404s, changed at, due at
  test.each<[string, Watch, Answer, number, PollInterval, boolean, number, number, number]>([
    ['the same status', before, job('PENDING'), 10_000, often, true, 0, 0, 15_000],
    ['another status', before, job('RUNNING'), 10_000, often, true, 0, 10_000, 15_000],
    ['a look that came early', before, job('PENDING'), 9_999, often, true, 0, 0, 15_000],
    ['one 404', before, refused(404), 10_000, often, false, 1, 0, 15_000],
    ['one 404, while lists may lag', before, refused(404), 14_000, often, false, 1, 0, 17_000],
    ['the second one', once, refused(404), 10_000, often, true, 2, 0, 15_000],
    [
      'the second one, of a new job',
      { ...once, goneFromMs: 30_000 },
      refused(404),
      29_999,
      often,
      false,
      2,
      0,
      35_000,
    ],
    [
      'one more, half a minute after',
      { ...once, goneFromMs: 30_000 },
      refused(404),
      30_000,
      often,
      true,
      2,
      0,
      35_000,
    ],
    ['a transient error', once, refused(503), 10_000, often, false, 1, 0, 15_000],
    ['a job, after a 404', once, job('PENDING'), 10_000, often, true, 0, 0, 15_000],
    ['a refusal', before, refused(403), 10_000, often, true, 0, 0, 15_000],
    ['a long pause', before, job('PENDING'), 10_000, seldom, true, 0, 0, hourMs],
    ['trouble in a long pause', before, refused(503), 10_000, seldom, false, 0, 0, 30_000],
    ['five minutes without a change', before, job('PENDING'), 300_000, 'auto', true, 0, 0, 320_000],
  ])('%s', (_, stood, answer, nowMs, given, isReported, notFound, changedAtMs, dueAtMs) => {
    const next = nextWatch(stood, answer, nowMs, given);
    expect(next.isReported).toBe(isReported);
    expect(next.watch).toMatchObject({ notFound, changedAtMs, dueAtMs });
  });
});

describe('how long the service is left alone', () => {
  const all = [refused(503), troubled('no-answer')];
  // failures before, answers; failures now, pause in ms
  test.each<[string, number, readonly Answer[], number, number]>([
    ['all is well', 3, [job('PENDING')], 0, 0],
    ['one of two is in trouble', 0, [job('PENDING'), refused(503)], 0, 0],
    ['all are', 0, all, 1, 500],
    ['all are, again and again', 20, all, 21, 30_000],
    ['one of two is answered 429', 2, [job('PENDING'), refused(429)], 3, 2_000],
    ['it asks for 7 s', 0, [job('PENDING'), refused(503, 7_000)], 0, 7_000],
    ['it asks for an hour', 0, [refused(429, hourMs)], 1, 60_000],
    ['a job is gone', 5, [refused(404)], 0, 0],
  ])('where %s', (_, before, answers, failures, pauseMs) => {
    expect(nextPause(before, answers, () => 1)).toMatchObject({ failures, pauseMs });
  });
});

test.each<[string, Answer, boolean]>([
  ['a job', job('PENDING'), false],
  ['a refusal', refused(404), false],
  ['HTTP 503', refused(503), true],
  ['HTTP 503 of a host that never answered', refused(503).with({ isLasting: true }), true],
  ['a web page', refused(200).with({ trouble: 'not-api' }), true],
])('after %s, the service is available again only if it has answered', (_, answer, isDown) => {
  expect(nextPause(1, [answer], () => 1).isDown).toBe(isDown);
});

test('a job of 30 s is noticed after a second on average', async () => {
  const { meanLag, worstLag, requests } = await watchAsWeDo(30_000);
  expect(meanLag).toBeGreaterThan(0.8);
  expect(meanLag).toBeLessThan(1.25);
  expect(worstLag).toBeLessThan(2.4);
  expect(requests).toBeLessThan(20);
});

test('50 jobs of 6 hours cost 1,200 requests at most', async () => {
  const { requestsOf50, worstLag } = await watchAsWeDo(6 * hourMs, 1);
  expect(requestsOf50).toBeLessThanOrEqual(1_200);
  expect(worstLag).toBeLessThan(22.2);
});

type Given = string | ServiceError;

/** How a job is watched. */
interface Watching {
  readonly isKnown?: boolean;
  readonly interval?: PollInterval;
  readonly latencyMs?: number;
}

/** Watches a job that gets these answers, and notes when it was looked at and what was told. */
async function watch(
  answers: readonly [Given, ...Given[]],
  { isKnown = false, interval = 1_000, latencyMs = 0 }: Watching = {},
) {
  const clock = createMadeUpClock();
  const next = inTurn(...answers);
  const client = fakeClient(clock, () => fakeJob({ status: next() as string }), latencyMs);
  const told: (string | number | undefined)[] = [];
  const health: string[] = [];
  const poller = createPoller({
    client,
    interval,
    signal: never,
    onUnavailable: () => health.push('unavailable'),
    onAvailable: () => health.push('available'),
  });
  const onLook = (answer: { readonly status: string | number | undefined }) => {
    told.push(answer.status);
    return answer instanceof ServiceError || answer.status === 'COMPLETED';
  };
  await poller.watch(fakeJob().uuid, onLook, never, { isKnown });
  return { times: client.times('GET'), told, health };
}

test('an answer that comes when no job is watched any more says nothing of the service', async () => {
  const clock = createMadeUpClock();
  const health: string[] = [];
  const client = fakeClient(
    clock,
    () => {
      throw troubled('no-answer');
    },
    1_000,
  );
  const poller = createPoller({
    client,
    interval: 1_000,
    signal: never,
    onUnavailable: () => health.push('unavailable'),
    onAvailable: () => health.push('available'),
  });
  const until = new AbortController();
  const watching = poller.watch(fakeJob().uuid, () => true, until.signal, { isKnown: false });
  await clock.sleep(500);
  until.abort();
  await watching;
  await clock.sleep(5_000);
  expect(health).toEqual([]);
});

test('why no job can be read is known after half a minute, without the request', async () => {
  const clock = createMadeUpClock();
  const away = {
    trouble: 'refused',
    request: 'GET /v1/jobs',
    status: 503,
    detail: 'away',
  } as const;
  const answer = () => {
    throw new ServiceError(away);
  };
  const [onUnavailable, onAvailable] = [() => {}, () => {}];
  const options = { interval: 1_000, signal: never, onUnavailable, onAvailable };
  const poller = createPoller({ client: fakeClient(clock, answer), ...options });
  const until = new AbortController();
  const watching = poller.watch(fakeJob().uuid, () => true, until.signal, { isKnown: false });
  await clock.sleep(29_000);
  expect(poller.unread()).toBeNull();
  await clock.sleep(2_000);
  expect(poller.unread()).toMatchObject({ answer: 'HTTP 503: away', forMs: 31_000 });
  until.abort();
  await watching;
});

describe('when a job is looked at', () => {
  test.each([
    [false, 'auto', 0],
    // At the common moments of a step.
    [true, 'auto', 2_000],
    [true, 5_000, 5_000],
  ] as const)('first, where it is known: %p, with %p: at %d ms', async (isKnown, interval, ms) => {
    const { times } = await watch(['COMPLETED'], { isKnown, interval });
    expect(times).toEqual([ms]);
  });

  test.each([
    [503, 7_000, 7_000],
    [503, hourMs, 60_000],
    [429, 7_000, 7_000],
    [429, hourMs, 60_000],
  ])('after %d with Retry-After of %d ms: again after %d ms', async (status, retryAfterMs, ms) => {
    const { times } = await watch([refused(status, retryAfterMs), 'COMPLETED']);
    expect(times).toEqual([0, ms]);
  });

  test('in an outage: more rarely, and every half minute at least', async () => {
    const outage = Array.from({ length: 30 }, () => refused(503));
    const { times } = await watch([refused(503), ...outage, 'COMPLETED']);
    const pausesMs = times.slice(1).map((ms, index) => ms - (times[index] ?? 0));
    expect(pausesMs.slice(0, 4)).toEqual([1_000, 1_000, 2_000, 4_000]);
    expect(Math.max(...pausesMs)).toBeLessThanOrEqual(31_000);
  });

  test('a change is followed closely again', async () => {
    const longAgo = Array.from({ length: 40 }, () => 'RUNNING');
    const { times } = await watch(['RUNNING', ...longAgo, 'FAILING', 'COMPLETED'], {
      interval: 'auto',
    });
    const [a = 0, b = 0, c = 0] = times.slice(-3);
    expect(b - a).toBeGreaterThan(2_200);
    expect(c - b).toBe(2_000);
  });
});

describe('what is told', () => {
  test.each<[string, [Given, ...Given[]], (string | number)[]]>([
    ['one 404 is not believed', [refused(404), 'COMPLETED'], ['COMPLETED']],
    ['two are', [refused(404), refused(404)], [404]],
    ['what else fails does not count', [refused(503), refused(404), 'COMPLETED'], ['COMPLETED']],
    ['nor takes a 404 back', [refused(404), refused(503), refused(404)], [404]],
    [
      'an answer does',
      [refused(404), 'RUNNING', refused(404), 'COMPLETED'],
      ['RUNNING', 'COMPLETED'],
    ],
    ['403 is believed at once', [refused(403)], [403]],
    ['transient errors are kept', [refused(503), refused(429), 'COMPLETED'], ['COMPLETED']],
  ])('%s', async (_, answers, told) => {
    expect((await watch(answers)).told).toEqual(told);
  });

  test('between two 404s a list has time to catch up', async () => {
    const { times } = await watch([refused(404), refused(404)]);
    expect(times).toEqual([0, 3_000]);
  });

  test('that the service is away, and that it is back: once each', async () => {
    const { health } = await watch([
      refused(503),
      refused(503),
      refused(503),
      'RUNNING',
      'COMPLETED',
    ]);
    expect(health).toEqual(['unavailable', 'available']);
  });
});

test('nothing sleeps on when nobody watches', async () => {
  const clock = createMadeUpClock();
  let sleeping = 0;
  const counting: MadeUpClock = {
    ...clock,
    sleep: async (ms, signal) => {
      sleeping += 1;
      await clock.sleep(ms, signal);
      sleeping -= 1;
    },
  };
  const client = fakeClient(counting, () => fakeJob({ status: 'RUNNING' }));
  const nothing = () => {};
  const events = { onUnavailable: nothing, onAvailable: nothing };
  const poller = createPoller({ client, interval: hourMs, signal: never, ...events });
  const until = new AbortController();
  const watching = poller.watch(fakeJob().uuid, () => false, until.signal);
  await clock.sleep(1_000);
  expect(sleeping).toBe(1);
  until.abort();
  await watching;
  await clock.sleep(0);
  expect(sleeping).toBe(0);
});

test('where lists are of no use, a job that is due has no others read with it', async () => {
  const clock = createMadeUpClock();
  const [failing, healthy] = [uuidNumber(1), uuidNumber(2)];
  let reads = 0;
  const client = fakeClient(clock, ({ pathname }) => {
    if (pathname === '/v1/jobs') throw refused(400);
    const status = clock.monotonicMs() > 600_000 ? 'COMPLETED' : 'RUNNING';
    const uuid = pathname.slice('/v1/jobs/'.length);
    if (uuid === healthy) reads += 1;
    else if (status === 'RUNNING') throw refused(503);
    return fakeJob({ uuid, status });
  });
  const poller = createPoller({
    client,
    interval: 300_000,
    signal: never,
    onUnavailable: () => {},
    onAvailable: () => {},
  });
  const isOver = (answer: { readonly status: unknown }) => answer.status === 'COMPLETED';
  await Promise.all(
    [failing, healthy].map(async (uuid) => poller.watch(uuid, isOver, never, { isKnown: false })),
  );
  expect(reads).toBeLessThanOrEqual(4);
});

test('a read is dropped when nothing more may be read', async () => {
  const clock = createMadeUpClock();
  const client = fakeClient(clock, () => ({ data: [], total: 0 }), 60_000);
  const over = new AbortController();
  const events = { onUnavailable: () => {}, onAvailable: () => {} };
  const poller = createPoller({ client, interval: 1_000, signal: over.signal, ...events });
  const watching = poller.watch(uuidNumber(1), () => false, never, { isKnown: false });
  await clock.sleep(1_000);
  over.abort();
  await watching;
  expect(client.calls.map(({ signal }) => signal?.aborted)).toEqual([true]);
});

test('what goes wrong with one job ends the watch of no other', async () => {
  const clock = createMadeUpClock();
  const client = fakeClient(clock, ({ pathname, query }) => {
    const status = clock.monotonicMs() > 60_000 ? 'COMPLETED' : 'RUNNING';
    const listed = query?.['filter[uuid]']?.split(',').map((uuid) => fakeJob({ uuid, status }));
    if (listed !== undefined) return { data: listed, total: listed.length };
    return fakeJob({ uuid: pathname.slice('/v1/jobs/'.length), status });
  });
  const nothing = () => {};
  const events = { onUnavailable: nothing, onAvailable: nothing };
  const poller = createPoller({ client, interval: 1_000, signal: never, ...events });
  const broken = poller.watch(
    uuidNumber(1),
    () => {
      throw new Error('no space left on device');
    },
    never,
  );
  const isOver = (answer: { readonly status: unknown }) => answer.status === 'COMPLETED';
  const others = [2, 3].map(async (index) => poller.watch(uuidNumber(index), isOver, never));
  await expect(broken).rejects.toThrow('no space left on device');
  await Promise.all(others);
  expect(clock.monotonicMs()).toBeGreaterThan(60_000);
});
