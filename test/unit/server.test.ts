import { expect, test } from '@jest/globals';
import { getWaitUntil } from '../../src/step/server.ts';

const readyCheck = { port: 8080, path: '/' };

test.each([
  [undefined, null, 'BATCH', 'completed'],
  [undefined, readyCheck, 'BATCH', 'completed'],
  [undefined, null, 'PERSISTENT', 'running'],
  [undefined, readyCheck, 'PERSISTENT', 'ready'],
  ['running', null, 'BATCH', 'running'],
  ['ready', readyCheck, 'BATCH', 'ready'],
  ['completed', null, 'PERSISTENT', 'completed'],
  ['running', readyCheck, 'PERSISTENT', 'running'],
] as const)(
  'wait-until %s, ready-check %j, of a %s job: %s',
  (waitUntil, check, task, expected) => {
    expect(getWaitUntil({ waitUntil, readyCheck: check, ssh: null }, { task })).toBe(expected);
  },
);
