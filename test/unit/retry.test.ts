import { describe, expect, test } from '@jest/globals';
import { backoffMs, parseRetryAfter, retryRules, withRetry } from '../../src/service/retry.ts';
import { ServiceError } from '../../src/errors.ts';
import { createMadeUpClock } from '../support/clock.ts';

// failures in a row, random, Retry-After in ms, expected pause in ms
test.each([
  [1, 0, undefined, 250],
  [1, 1, undefined, 500],
  [2, 0.5, undefined, 750],
  [4, 1, undefined, 4_000],
  [7, 1, undefined, 30_000],
  [1_000, 1, undefined, 30_000],
  [1_000, 0, undefined, 15_000],
  [1, 1, 5_000, 5_000],
  [7, 1, 5_000, 30_000],
  // No pause is longer than a minute, whatever the service asks for.
  [1, 1, 60_000, 60_000],
  [1, 1, 3_600_000, 60_000],
])(
  'after failure %i with random %d and Retry-After %p: %d ms',
  (failures, random, retryAfter, expected) => {
    expect(backoffMs(failures, () => random, retryAfter)).toBe(expected);
  },
);

const now = Date.parse('2026-11-21T12:00:00Z');

test.each([
  [undefined, undefined],
  ['', undefined],
  ['soon', undefined],
  ['0', 0],
  ['120', 120_000],
  ['Sat, 21 Nov 2026 12:00:30 GMT', 30_000],
  ['Sat, 21 Nov 2026 11:00:00 GMT', 0],
])('Retry-After %p is %p ms', (header, expected) => {
  expect(parseRetryAfter(header, now)).toBe(expected);
});

describe('how often a request is sent', () => {
  const forever = new AbortController().signal;
  const refused = (status: number, retryAfterMs?: number) =>
    new ServiceError({
      trouble: 'refused',
      request: 'GET /v1/x',
      status,
      detail: '',
      retryAfterMs,
    });

  /** Sends a request that gets these answers, the last one again and again. */
  async function send(rule: keyof typeof retryRules, ...statuses: readonly number[]) {
    const clock = createMadeUpClock();
    let sends = 0;
    const request = async () => {
      const status = statuses[Math.min(sends, statuses.length - 1)] ?? 200;
      sends += 1;
      if (status !== 200) throw refused(status, 3_600_000);
      return 'answer';
    };
    const options = { clock, random: () => 1, signal: forever };
    const result = await withRetry(request, retryRules[rule], options).catch(() => 'error');
    return { sends, result, tookMs: clock.monotonicMs() };
  }

  test.each([
    ['plan', [503], 6, 'error'],
    ['cancel', [503], 8, 'error'],
    ['lookUp', [503], 3, 'error'],
    ['run', [503], 4, 'error'],
    ['cancel', [503, 429, 408, 200], 4, 'answer'],
    ['plan', [404], 1, 'error'],
    ['cancel', [404], 2, 'error'],
    // Two answers must have been 404: what else failed between them does not count.
    ['cancel', [503, 404, 200], 3, 'answer'],
    ['cancel', [404, 503, 404, 200], 3, 'error'],
    ['cancel', [401], 1, 'error'],
    ['cancel', [403], 1, 'error'],
    ['cancel', [422], 1, 'error'],
  ] as const)('%s answered %j is sent %d times: %s', async (rule, statuses, sends, result) => {
    expect(await send(rule, ...statuses)).toMatchObject({ sends, result });
  });

  test('a pause is a minute at most, whatever Retry-After says', async () => {
    expect(await send('cancel', 503, 200)).toMatchObject({ result: 'answer', tookMs: 60_000 });
  });
});
