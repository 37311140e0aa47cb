import { describe, expect, test } from '@jest/globals';
import { createEntry, givenJob, setSeen } from '../../src/step/entry.ts';
import type { Step } from '../../src/step/step.ts';
import { decideLook, refresh } from '../../src/step/watch.ts';
import { rememberingRunner } from '../runner/in-process.ts';
import { fakeClient } from '../support/client.ts';
import { createMadeUpClock } from '../support/clock.ts';
import { fakeJob, uuidNumber } from '../support/outcomes.ts';

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

test('a job that was stopped over budget during a last look stays over budget', async () => {
  const entry = createEntry(givenJob(uuidNumber(1), 0), 0);
  setSeen(entry, { job: fakeJob({ uuid: uuidNumber(1), status: 'RUNNING' }) });
  entry.facts = { ...entry.facts, stop: 'goal' };
  const watch: Step['poller']['watch'] = async (_, onAnswer) => {
    entry.facts = { ...entry.facts, stop: 'over-budget' };
    onAnswer(fakeJob({ uuid: uuidNumber(1), status: 'CANCELLED' }));
  };
  const step = {
    deps: { runner: rememberingRunner({}), clock: createMadeUpClock() },
    client: fakeClient(createMadeUpClock(), () => null),
    listeners: [],
    budget: { onLook: () => {} },
    poller: { watch },
  };
  await refresh(step as unknown as Step, entry, new AbortController().signal);
  expect(entry.seen.job?.status).toBe('CANCELLED');
  expect(entry.facts).toMatchObject({ stop: 'over-budget', jobs: [{ hasEnded: true }] });
});
