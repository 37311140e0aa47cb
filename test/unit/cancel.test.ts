import { expect, test } from '@jest/globals';
import { systemClock } from '../../src/clock.ts';
import { cancel } from '../../src/commands/cancel.ts';
import { rememberingRunner } from '../runner/in-process.ts';
import { fakeDeps } from '../support/deps.ts';

test.each(['[]', '[null]'])('no job at all, %s, is no error, and asks nothing', async (given) => {
  const keys = { 'public-key': 'pk_1', 'secret-key': 'sk_1', 'api-url': 'http://127.0.0.1:9' };
  const runner = rememberingRunner({ ...keys, 'job-uuids': given });
  await cancel(fakeDeps(runner, systemClock));
  expect(runner.failed()).toBe(false);
  expect(runner.annotations).toEqual([]);
  expect(runner.lines).toEqual(['There is no job to cancel']);
  expect(Object.fromEntries(runner.outputs)).toMatchObject({
    result: 'cancelled',
    message: 'There is no job to cancel',
    'job-uuids': '[]',
    jobs: '[]',
    results: '{}',
    'node-urls': '[]',
  });
});
