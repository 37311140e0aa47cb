import { describe, expect, test } from '@jest/globals';
import type { ServiceError } from '../../src/errors.ts';
import { describeError } from '../../src/report/errors.ts';
import { createClient } from '../../src/service/client.ts';
import { cancelJob, cookRecipe, listJobs, readJob } from '../../src/service/endpoints.ts';
import { createRedactor } from '../../src/service/redactor.ts';
import { retryRules, withRetry } from '../../src/service/retry.ts';
import { createMadeUpClock } from '../support/clock.ts';
import { never, troubled } from '../support/client.ts';

const uuid = '0198ac1c-7063-4be8-bb94-57a5bd83548e';
const page = '<!DOCTYPE html><html><body><h1>Welcome</h1></body></html>';
const job = JSON.stringify({ uuid, status: 'RUNNING' });

type Answer = readonly [status: number, text: string] | 'unreachable';

/** A client of a host that gives these answers in turn, the last one again and again. */
function clientOf(answers: readonly Answer[], maxSilenceMs?: number) {
  const clock = createMadeUpClock();
  let sent = 0;
  const keys = { publicKey: 'pk_x', secretKey: 'sk_x' };
  const redactor = createRedactor();
  const own = { keys, clock, random: () => 1, redactor, onClockOff: () => {}, maxSilenceMs };
  const client = createClient({
    ...own,
    exchange: async () => {
      const answer = answers[Math.min(sent, answers.length - 1)] ?? 'unreachable';
      sent += 1;
      if (answer === 'unreachable') throw troubled('unreachable');
      const [status, text] = answer;
      return { status, text, dateMs: undefined, retryAfter: undefined };
    },
  });
  const read = async () => readJob(client, uuid);
  const readAgain = async (maxTries = Infinity) =>
    withRetry(read, { maxTries, maxNotFound: 2 }, { ...client, signal: never });
  return { client, clock, read, readAgain, sent: () => sent };
}

const errorOf = async (work: Promise<unknown>) =>
  work.then(
    () => null,
    (error: unknown) => error as ServiceError,
  );

describe('a host that is no API', () => {
  test.each<[string, number, string]>([
    ['a web page', 200, page],
    ['a web page that is not there', 404, page],
    ['a web page that denies', 403, page],
    ['a web page that breaks', 500, page],
    ['the JSON of another service', 200, '{"name":"other","version":"1"}'],
    ['a text', 200, 'It works!'],
    ['nothing', 200, ''],
    ['a redirect', 302, ''],
    ['a redirect with a page', 301, page],
  ])('%s (%i) ends a read at the second time, whatever is read', async (_, status, text) => {
    const { client, clock, readAgain, sent } = clientOf([[status, text]]);
    const error = await errorOf(readAgain());
    expect(error).toMatchObject({ trouble: 'not-api', retryable: false, mayHaveSucceeded: false });
    expect([sent(), clock.monotonicMs() < 15_000]).toEqual([2, true]);
    expect(await errorOf(listJobs(client, {}))).toMatchObject({ trouble: 'not-api' });
  });

  test('ends a cancel as well, which has nothing to cancel there', async () => {
    const { client } = clientOf([[404, page]]);
    const cancelling = withRetry(async () => cancelJob(client, uuid, 'enough'), retryRules.cancel, {
      ...client,
      signal: never,
    });
    expect(await errorOf(cancelling)).toMatchObject({ trouble: 'not-api' });
  });

  test('is told with the input to check, and what it answered', async () => {
    const { readAgain } = clientOf([[404, page]]);
    const error = await errorOf(readAgain());
    const message = describeError(error ?? new Error('none'), 'watch job x');
    expect(message.title).toBe('Could not watch job x: the host is not the Dispersed API');
    expect(message.cause).toBe(`GET /v1/jobs/${uuid}: HTTP 404, an HTML page.`);
    expect(message.remedy).toMatch(/^Check the input api-url: use https:\/\/api\.dispersed\.com/);
  });
});

describe('a blip is none', () => {
  test.each<[string, readonly Answer[]]>([
    ['one page before the first answer', [[200, page]]],
    [
      'pages of a gateway before it',
      [
        [502, page],
        [503, page],
        [504, page],
        [429, page],
      ],
    ],
    [
      'pages after an answer',
      [
        [200, job],
        [404, page],
        [200, page],
        [302, ''],
        [500, page],
      ],
    ],
  ])('%s', async (_, answers) => {
    const { client, sent, read } = clientOf([...answers, [200, job]]);
    const errors: (ServiceError | null)[] = [];
    while (sent() <= answers.length) errors.push(await errorOf(read()));
    expect(errors.at(-1)).toBeNull();
    expect(errors.filter((error) => error?.trouble === 'not-api')).toEqual([]);
    await expect(listJobs(client, {})).rejects.not.toMatchObject({ trouble: 'not-api' });
  });

  test.each([200, 302, 404, 502])(
    'a cook that a page answers (%i) is judged by its status alone',
    async (status) => {
      const { client } = clientOf([[status, page]]);
      const cook = async () => errorOf(cookRecipe(client, uuid, {}, never, never));
      await cook();
      expect(await cook()).toMatchObject({ mayHaveSucceeded: status !== 404 });
    },
  );
});

describe('a host that never answers', () => {
  test.each<[string, Answer]>([
    ['no connection is made', 'unreachable'],
    ['a gateway answers for it', [503, page]],
    ['it is down', [500, '{"message":"down"}']],
  ])('%s: it is left within two minutes, with the cause', async (_, answer) => {
    const { clock, readAgain } = clientOf([answer]);
    const error = await errorOf(readAgain());
    expect(error).toMatchObject({ retryable: false, isLasting: true });
    expect(clock.monotonicMs()).toBeGreaterThan(60_000);
    expect(clock.monotonicMs()).toBeLessThanOrEqual(120_000);
  });

  test('one that has answered is asked for as long as there is time, and one that limits us too', async () => {
    const answers: Answer[] = Array.from({ length: 12 }, () => 'unreachable');
    const known = clientOf([[200, job], ...answers, [200, job]]);
    await known.read();
    expect(await errorOf(known.readAgain())).toBeNull();
    expect(known.clock.monotonicMs()).toBeGreaterThan(150_000);
    const limited = clientOf([...answers.map((): Answer => [429, '']), [200, job]]);
    expect(await errorOf(limited.readAgain())).toBeNull();
  });

  test('nor is one left that must not be, as in post', async () => {
    const answers: Answer[] = Array.from({ length: 12 }, () => 'unreachable');
    const { readAgain } = clientOf([...answers, [200, job]], Infinity);
    expect(await errorOf(readAgain())).toBeNull();
  });
});

describe('a key that is refused', () => {
  test('at first is wrong; after it was accepted it may have expired', async () => {
    const refused = [401, '{"message":"bad key"}'] as const;
    const first = await errorOf(clientOf([refused]).read());
    expect(describeError(first ?? new Error('none'), 'watch job x').remedy).toContain(
      'complete and valid, and belong to the same API key pair',
    );
    const { read } = clientOf([[200, job], refused]);
    await read();
    const later = describeError((await errorOf(read())) ?? new Error('none'), 'watch job x');
    expect(later.title).toBe('Could not watch job x: the API key is no longer accepted');
    expect(later.remedy).toContain('may have expired');
    expect(later.remedy).toContain('this key cannot cancel it');
  });
});
