import { expect, test } from '@jest/globals';
import type { GitHubTrouble } from '../../src/errors.ts';
import { parseRefusal } from '../../src/github/client.ts';
import { refusal } from '../github/in-process.ts';

const nowMs = Date.UTC(2026, 5, 1);
const inSeconds = (seconds: number) => String(nowMs / 1_000 + seconds);

test.each<[number, Readonly<Record<string, string>>, GitHubTrouble, number | null]>([
  [400, {}, 'refused', null],
  [401, {}, 'unauthorized', null],
  [403, {}, 'forbidden', null],
  [404, {}, 'forbidden', null],
  [422, {}, 'refused', null],
  [429, {}, 'limited', null],
  [499, {}, 'refused', null],
  [500, {}, 'unavailable', null],
  [503, { 'retry-after': '7' }, 'unavailable', 7_000],
  [403, { 'retry-after': '60' }, 'limited', 60_000],
  [429, { 'retry-after': '0' }, 'limited', 0],
  [403, { 'x-ratelimit-remaining': '0' }, 'limited', null],
  [403, { 'x-ratelimit-remaining': '1' }, 'forbidden', null],
  [403, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': inSeconds(90) }, 'limited', 90_000],
  [403, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': inSeconds(-90) }, 'limited', 0],
  [
    403,
    {
      'retry-after': '5',
      'x-ratelimit-remaining': '0',
      'x-ratelimit-reset': inSeconds(90),
    },
    'limited',
    5_000,
  ],
])('HTTP %i with %j is %s, and to be left alone for %p ms', (status, headers, trouble, ms) => {
  const { failure, retryAfterMs } = parseRefusal(refusal(status, headers), 'GET /x', nowMs);
  expect(failure).toMatchObject({ trouble, status, request: 'GET /x' });
  expect(retryAfterMs).toBe(ms);
});

test('a limit that only the words tell of is one', () => {
  const error = Object.assign(new Error('You have exceeded a secondary rate limit'), {
    status: 403,
  });
  expect(parseRefusal(error, 'GET /x', nowMs).failure.trouble).toBe('limited');
});

test.each([new Error('no token'), 'a text', null])('%p was never sent', (error) => {
  const { failure, retryAfterMs } = parseRefusal(error, 'GET /x', nowMs);
  expect([failure.trouble, failure.status, retryAfterMs]).toEqual(['internal', 0, null]);
});
