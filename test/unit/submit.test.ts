import { describe, expect, test } from '@jest/globals';
import pLimit from 'p-limit';
import type { Job } from '../../src/service/schemas.ts';
import { InterruptedError, ServiceError } from '../../src/errors.ts';
import { newEntryFacts, unansweredCooks, type EntryFacts } from '../../src/custody/facts.ts';
import { createFinder } from '../../src/custody/find.ts';
import { submit } from '../../src/cooking/submit.ts';
import { fakeClient, never, refused, troubled, type SentCall } from '../support/client.ts';
import { createMadeUpClock } from '../support/clock.ts';
import { fakeJob, uuidNumber } from '../support/outcomes.ts';
import { cookRequest } from '../support/plans.ts';

const lost = troubled('no-answer');

interface Service {
  /** The cooks' answers, the last one again and again. */
  readonly cooks: readonly (ServiceError | 'job' | Partial<Job>)[];
  /** What the list answers: marks of jobs, or an error. */
  readonly list?: (call: SentCall) => readonly string[] | ServiceError;
  readonly latencyMs?: number;
}

/** Opens a service and lets entries be submitted to it. */
function open({ cooks, list = () => [], latencyMs = 0 }: Service) {
  let cooked = 0;
  const client = fakeClient(
    createMadeUpClock(),
    (call) => {
      const answer =
        call.method === 'POST' ? cooks[Math.min(cooked++, cooks.length - 1)] : list(call);
      if (answer instanceof ServiceError) throw answer;
      if (answer === 'job' || answer === undefined) return fakeJob();
      if (!Array.isArray(answer)) return fakeJob(answer as Partial<Job>);
      const data = answer.map((mark, index) =>
        fakeJob({ uuid: uuidNumber(50 + index), description: `[${mark}]` }),
      );
      return { data, total: data.length };
    },
    latencyMs,
  );
  const find = createFinder(client, never);
  const inTurn = pLimit(8);
  const send = async (mark = 'cook-1-a', ended: AbortSignal = never) => {
    let facts: EntryFacts = newEntryFacts(mark);
    const delays: (number | undefined)[] = [];
    const sent = await submit(
      cookRequest({ mark }),
      {},
      {
        client,
        find,
        inTurn,
        ended,
        abandon: never,
        facts: () => facts,
        record: (change) => {
          facts = { ...facts, ...change };
        },
        onUnanswered: () => {},
        onDelayed: ({ status }) => void delays.push(status),
      },
    ).catch((error: unknown) => error);
    return { sent, facts, delays };
  };
  return { client, send };
}

describe('how often a cook is sent', () => {
  // cooks' answers, sends, cooks in doubt at the end, ends with, in ms from and below
  test.each<[string, Service['cooks'], number, number, string, number, number]>([
    ['taken', ['job'], 1, 0, 'cooked', 0, 1],
    ['never reached', [troubled('unreachable')], 5, 0, 'error', 7_000, 16_000],
    ['never reached at first', [troubled('unreachable'), 'job'], 2, 0, 'cooked', 1, 16_000],
    ['429 for ever', [refused(429)], 20, 0, 'error', 60_000, 600_000],
    // An hour was asked for, a minute is waited.
    ['429 for an hour', [refused(429, 3_600_000), 'job'], 2, 0, 'cooked', 60_000, 60_001],
    ['refused', [refused(422)], 1, 0, 'error', 0, 1],
    // In doubt three times, and looked for half a minute each time.
    ['no answer', [lost], 3, 3, 'error', 90_000, 95_000],
    ['502', [refused(502)], 3, 3, 'error', 90_000, 95_000],
    ['one doubt, then taken', [lost, 'job'], 2, 1, 'cooked', 30_000, 35_000],
    ['408 is a doubt too', [refused(408), 'job'], 2, 1, 'cooked', 30_000, 35_000],
    // Each kind of failure is counted by itself.
    ['doubts among 429', [lost, refused(429), lost, 'job'], 4, 2, 'cooked', 60_000, 70_000],
  ])('%s', async (_, cooks, sends, unanswered, end, fromMs, belowMs) => {
    const { client, send } = open({ cooks });
    const { sent, facts } = await send();
    expect(sent instanceof ServiceError ? 'error' : 'cooked').toBe(end);
    expect(client.times('POST')).toHaveLength(sends);
    expect([facts.sends, unansweredCooks(facts)]).toEqual([
      sends,
      end === 'cooked' ? unanswered + 1 : unanswered,
    ]);
    expect(client.clock.monotonicMs()).toBeGreaterThanOrEqual(fromMs);
    expect(client.clock.monotonicMs()).toBeLessThan(belowMs);
  });

  test('a job that the list shows is taken in place of a second cook', async () => {
    const list = ({ atMs }: SentCall) => (atMs > 20_000 ? ['cook-1-a'] : ['cook-1-b']);
    const { client, send } = open({ cooks: [lost], list });
    expect((await send()).sent).toMatchObject({ origin: 'found', job: { uuid: uuidNumber(50) } });
    expect(client.times('POST')).toHaveLength(1);
  });

  test('each pause is told, since it may be long', async () => {
    const { send } = open({ cooks: [refused(429), troubled('unreachable'), lost, 'job'] });
    expect((await send()).delays).toEqual([429, undefined]);
  });

  test('one that a 429 created after all is found as well', async () => {
    const { client, send } = open({ cooks: [refused(429)], list: () => ['cook-1-a'] });
    expect((await send()).sent).toMatchObject({ origin: 'found' });
    expect(client.times('POST')).toHaveLength(1);
  });

  // As of a cache, or of a service that mixes up its answers.
  test('an answer with the mark of another job leaves a doubt', async () => {
    const list = ({ atMs }: SentCall) => (atMs > 20_000 ? ['cook-1-a'] : []);
    const description = `x [cook-${'0'.repeat(32)}-${'1'.repeat(16)}]`;
    const { client, send } = open({ cooks: [{ description }], list });
    expect((await send()).sent).toMatchObject({ origin: 'found', job: { uuid: uuidNumber(50) } });
    expect(client.times('POST')).toHaveLength(1);
  });

  test('where nothing can be looked for, the cook is not repeated, and its own error is told', async () => {
    const { client, send } = open({ cooks: [lost], list: () => refused(503) });
    expect((await send()).sent).toBe(lost);
    expect(client.times('POST')).toHaveLength(1);
    expect(client.clock.monotonicMs()).toBeLessThan(70_000);
  });

  test('after the end of the wait nothing is sent', async () => {
    const { client, send } = open({ cooks: ['job'] });
    expect((await send('cook-1-a', AbortSignal.abort())).sent).toBeInstanceOf(InterruptedError);
    expect(client.calls).toEqual([]);
  });
});

test('a hundred cooks that are answered 502: two minutes, and one look for all', async () => {
  const { client, send } = open({ cooks: [refused(502)], latencyMs: 200 });
  const all = await Promise.all(
    Array.from({ length: 100 }, async (_, index) => send(`cook-${index}-a`)),
  );
  expect(all.filter(({ sent }) => sent instanceof ServiceError)).toHaveLength(100);
  expect(client.times('POST')).toHaveLength(300);
  expect(client.clock.monotonicMs()).toBeLessThan(120_000);
  // By themselves they would be more than two thousand.
  expect(client.times('GET').length).toBeLessThan(100);
});
