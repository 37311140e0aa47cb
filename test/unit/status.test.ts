import { expect, test } from '@jest/globals';
import { finalResultOf, isEnding, isFinal, isStarting } from '../../src/jobs/status.ts';

test.each([
  ['PENDING', { result: null, isFinal: false, isStarting: false, isEnding: false }],
  ['ASSIGNED', { result: null, isFinal: false, isStarting: true, isEnding: false }],
  ['PREPARING', { result: null, isFinal: false, isStarting: true, isEnding: false }],
  ['RUNNING', { result: null, isFinal: false, isStarting: false, isEnding: false }],
  ['CANCELLING', { result: null, isFinal: false, isStarting: false, isEnding: true }],
  ['FAILING', { result: null, isFinal: false, isStarting: false, isEnding: true }],
  ['COMPLETED', { result: 'succeeded', isFinal: true, isStarting: false, isEnding: false }],
  ['FAILED', { result: 'failed', isFinal: true, isStarting: false, isEnding: false }],
  ['CANCELLED', { result: 'cancelled', isFinal: true, isStarting: false, isEnding: false }],
  ['UNHEARD_OF', { result: null, isFinal: false, isStarting: false, isEnding: false }],
  ['completed', { result: null, isFinal: false, isStarting: false, isEnding: false }],
  ['__proto__', { result: null, isFinal: false, isStarting: false, isEnding: false }],
])('%s', (status, meaning) => {
  expect({
    result: finalResultOf(status),
    isFinal: isFinal(status),
    isStarting: isStarting(status),
    isEnding: isEnding(status),
  }).toEqual(meaning);
});
