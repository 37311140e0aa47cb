import { describe, expect, test } from '@jest/globals';
import { decideLook } from '../../src/step/watch.ts';

type Look = Parameters<typeof decideLook>;
type Meaning = ReturnType<typeof decideLook>;

describe('what a look at a job means', () => {
  const goesOn: Meaning = { stop: null, hasEnded: false, isOver: false };
  const ended: Meaning = { stop: 'ended', hasEnded: true, isOver: true };

  test.each<[string, Look[1], Look[2], Look[3], Look[4], Meaning]>([
    // status, why it is no longer watched, what is waited for, how final its status is, whether it serves
    ['PENDING', null, 'completed', 'open', false, goesOn],
    ['RUNNING', null, 'completed', 'open', false, goesOn],
    ['UNHEARD_OF', null, 'completed', 'open', false, goesOn],
    ['UNHEARD_OF', null, 'completed', 'final', false, ended],
    ['COMPLETED', null, 'completed', 'final', false, ended],
    ['CANCELLED', null, 'running', 'final', false, ended],
    ['FAILED', null, 'completed', 'final', false, ended],
    // It may be started once more.
    ['FAILED', null, 'completed', 'open', false, goesOn],
    ['FAILED', null, 'completed', 'early', false, { ...ended, hasEnded: false }],
    // It runs, and that was asked; its addresses may come later.
    ['RUNNING', null, 'running', 'open', false, { ...goesOn, stop: 'goal' }],
    ['RUNNING', null, 'running', 'open', true, { stop: 'goal', hasEnded: false, isOver: true }],
    ['RUNNING', null, 'ready', 'open', false, goesOn],
    ['RUNNING', null, 'ready', 'open', true, { ...goesOn, isOver: true }],
    ['RUNNING', null, 'completed', 'open', true, goesOn],
    // It does not run any more.
    ['PENDING', 'goal', 'running', 'open', false, goesOn],
    ['FAILED', 'goal', 'running', 'open', false, goesOn],
    ['COMPLETED', 'goal', 'running', 'final', true, ended],
    // Another reason stays.
    ['PENDING', 'over-budget', 'running', 'open', false, { ...goesOn, stop: 'over-budget' }],
    ['RUNNING', 'lost', 'completed', 'open', false, { ...goesOn, stop: 'lost' }],
  ])('%s, %p, until %s, %s, %p', (status, stop, waitUntil, end, isServed, meaning) => {
    expect(decideLook({ status }, stop, waitUntil, end, isServed)).toEqual(meaning);
  });
});
