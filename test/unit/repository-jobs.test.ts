import { expect, test } from '@jest/globals';
import { hasEndedForGood } from '../../src/jobs/repository-jobs.ts';
import { fakeJob } from '../support/outcomes.ts';

const noon = Date.parse('2026-06-01T12:00:00Z');

test.each<[string, Parameters<typeof fakeJob>[0], boolean]>([
  ['runs', { status: 'RUNNING' }, false],
  ['has completed', { status: 'COMPLETED' }, true],
  ['has failed, without retries', { status: 'FAILED', max_retry_count: 0 }, true],
  [
    'failed a minute ago, with retries',
    { status: 'FAILED', max_retry_count: 1, completed_at: '2026-06-01T11:59:00Z' },
    false,
  ],
  [
    'failed five minutes ago, with retries',
    { status: 'FAILED', max_retry_count: 1, completed_at: '2026-06-01T11:55:00Z' },
    true,
  ],
  [
    'failed some time today, with retries, on the older host',
    { status: 'FAILED', max_retry_count: 1, completed_at: '2026-06-01' },
    false,
  ],
  [
    'failed yesterday, with retries, on the older host',
    { status: 'FAILED', max_retry_count: 1, completed_at: '2026-05-31' },
    true,
  ],
])('a job that %s', (_, job, hasEnded) => {
  expect(hasEndedForGood(fakeJob(job), noon)).toBe(hasEnded);
});
