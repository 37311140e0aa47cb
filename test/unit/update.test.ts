import { expect, test } from '@jest/globals';
import { setSeen, createEntry, givenJob } from '../../src/step/entry.ts';
import type { Step } from '../../src/step/step.ts';
import { refresh } from '../../src/step/update.ts';
import { rememberingRunner } from '../runner/in-process.ts';
import { createMadeUpClock } from '../support/clock.ts';
import { fakeJob, uuidNumber } from '../support/outcomes.ts';

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
    listeners: [],
    budget: { onLook: () => {} },
    poller: { watch },
  };
  await refresh(step as unknown as Step, entry, new AbortController().signal);
  expect(entry.seen.job?.status).toBe('CANCELLED');
  expect(entry.facts).toMatchObject({ stop: 'over-budget', jobs: [{ hasEnded: true }] });
});
