import { describe, expect, test } from '@jest/globals';
import * as z from 'zod/mini';
import { GitHubError, InterruptedError } from '../../src/errors.ts';
import { createGitHub } from '../../src/github/client.ts';
import { refusal } from '../github/in-process.ts';
import { rememberingRunner } from '../runner/in-process.ts';
import { createMadeUpClock } from '../support/clock.ts';

// Requests and pauses are counted: that the right thing is done at last is not enough.

/** What GitHub answers, one after the other, the last one again and again. */
type Answer = Error | object;

interface Scene {
  readonly maxMs?: number;
  /** When time is over, in ms. */
  readonly overMs?: number;
  readonly random?: () => number;
}

function open(answers: readonly Answer[], { maxMs, overMs, random = () => 1 }: Scene = {}) {
  const clock = createMadeUpClock();
  const over = new AbortController();
  if (overMs !== undefined) {
    void clock.sleep(overMs).then(() => {
      over.abort();
    });
  }
  /** When each request left, in seconds. */
  const sentAt: number[] = [];
  let underWay = 0;
  let most = 0;
  const send = async () => {
    const answer = answers[Math.min(sentAt.length, answers.length - 1)] ?? {};
    sentAt.push(clock.monotonicMs() / 1_000);
    // Far more than there ever are: else a client that never gives up would go on for ever.
    if (sentAt.length > 100) over.abort();
    underWay += 1;
    most = Math.max(most, underWay);
    await clock.sleep(1);
    underWay -= 1;
    if (answer instanceof Error) throw answer;
    return answer;
  };
  const deps = { runner: rememberingRunner({}), clock, random, openGitHub: () => send };
  const options = { repository: 'acme/renders', token: 't', signal: over.signal };
  const github = createGitHub(deps, { ...options, ...(maxMs !== undefined && { maxMs }) });
  return { github, clock, sentAt, most: () => most };
}

const route = 'GET /repos/{owner}/{repo}';
const limit = (headers: Readonly<Record<string, string>>) => refusal(403, headers);

describe('an outage', () => {
  test('is met with six requests in 16 s', async () => {
    const { github, clock, sentAt } = open([refusal(502)]);
    await expect(github.send(route)).rejects.toMatchObject({
      trouble: 'unavailable',
      status: 502,
      request: route,
    });
    expect(sentAt.map((at) => Math.round(at * 10) / 10)).toEqual([0, 0.5, 1.5, 3.5, 7.5, 15.5]);
    expect(clock.monotonicMs()).toBeLessThan(16_000);
  });

  test('of one moment is not noticed', async () => {
    const { github, sentAt } = open([refusal(502), refusal(500), { ok: true }]);
    expect(await github.send(route)).toEqual({ ok: true });
    expect(sentAt).toHaveLength(3);
  });

  test('is not asked again what may have been done', async () => {
    const { github, sentAt } = open([refusal(502)]);
    await expect(github.send(route, {}, false)).rejects.toThrow(GitHubError);
    expect(sentAt).toHaveLength(1);
  });
});

describe('a refusal', () => {
  test.each([
    [401, 'unauthorized'],
    [403, 'forbidden'],
    [404, 'forbidden'],
    [422, 'refused'],
  ])('%i is told at once, as %s', async (status, trouble) => {
    const { github, sentAt } = open([refusal(status)]);
    await expect(github.send(route)).rejects.toMatchObject({ trouble, status });
    expect(sentAt).toEqual([0]);
  });

  test('an answer that is not what GitHub documents is one', async () => {
    const { github } = open([{ name: 7 }]);
    const reading = github.read(z.object({ name: z.string() }), route);
    await expect(reading).rejects.toMatchObject({ trouble: 'refused', status: 200 });
  });
});

describe('a limit', () => {
  test.each<[string, Error, number]>([
    ['that says how long', limit({ 'retry-after': '20' }), 20],
    ['that does not say', refusal(429), 60],
    ['of more than a minute is asked about each minute', limit({ 'retry-after': '600' }), 60],
  ])('%s', async (_, answer, seconds) => {
    const { github, sentAt } = open([answer, {}]);
    await github.send(route);
    expect(sentAt.map(Math.round)).toEqual([0, seconds]);
  });

  test('is waited for by all requests together', async () => {
    const { github, sentAt } = open([limit({ 'retry-after': '30' }), {}]);
    const first = github.send(route);
    const others = Array.from({ length: 5 }, async () => github.send(route));
    await Promise.all([first, ...others]);
    // Those that had left before it was known are not asked again.
    expect(sentAt.filter((at) => at >= 30)).toHaveLength(1);
    const late = open([limit({ 'retry-after': '30' }), {}]);
    await late.github.send(route);
    await late.github.send(route);
    expect(late.sentAt.map(Math.round)).toEqual([0, 30, 30]);
  });

  test('that opens later than there is time ends at once, for the next request too', async () => {
    const { github, clock, sentAt } = open([limit({ 'retry-after': '1800' })], { maxMs: 600_000 });
    await expect(github.send(route)).rejects.toMatchObject({ trouble: 'limited' });
    await expect(github.send(route)).rejects.toMatchObject({ trouble: 'limited' });
    expect(sentAt).toEqual([0]);
    expect(clock.monotonicMs()).toBeLessThan(1_000);
  });

  test('that opens in time is waited for', async () => {
    const { github, sentAt } = open([limit({ 'retry-after': '500' }), {}], { maxMs: 600_000 });
    await github.send(route);
    expect(sentAt).toHaveLength(2);
  });

  test('that goes on is told as one when time is over', async () => {
    const { github, sentAt } = open([limit({ 'retry-after': '40' })], { overMs: 100_000 });
    await expect(github.send(route)).rejects.toMatchObject({ trouble: 'limited' });
    expect(sentAt.map(Math.round)).toEqual([0, 40, 80]);
  });
});

test('when time is over, nothing more is asked', async () => {
  const { github, clock, sentAt } = open([{}], { overMs: 10 });
  await clock.sleep(20);
  await expect(github.send(route)).rejects.toThrow(InterruptedError);
  expect(sentAt).toEqual([]);
});

test('GitHub is asked for eight at a time at most', async () => {
  const { github, sentAt, most } = open([{}]);
  await Promise.all(Array.from({ length: 30 }, async () => github.send(route)));
  expect([sentAt.length, most()]).toEqual([30, 8]);
});
