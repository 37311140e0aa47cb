import { expect, test } from '@jest/globals';
import type { Outcome } from '../../src/jobs/records.ts';
import { phasesOf } from '../../src/jobs/metrics.ts';
import { cookedAtMs, fakeOutcome, fakeRun } from '../support/outcomes.ts';

const seconds = (ms: number | null) => (ms === null ? '' : (ms - cookedAtMs) / 1000);
const lifeOf = (outcome: Outcome) =>
  phasesOf(outcome).map(({ kind, fromMs, toMs }) => `${kind} ${seconds(fromMs)}-${seconds(toMs)}`);

const days = { created_at: '2026-06-01', started_at: '2026-06-01', completed_at: '2026-06-01' };
const first = fakeRun({ status: 'FAILED' }, { started: 20, ended: 50 });
const second = fakeRun({}, { started: 70, ended: 90 });

const lives: readonly (readonly [string, Outcome, readonly string[]])[] = [
  [
    'from the runs',
    fakeOutcome({ runs: [second] }, {}, { assigned: 10, started: 65, ended: 95 }),
    ['queued 0-10', 'starting 10-70', 'running 70-90'],
  ],
  [
    'from several runs, in any order',
    fakeOutcome({ runs: [second, first] }, {}, { assigned: 10, started: 20, ended: 90 }),
    ['queued 0-10', 'starting 10-20', 'running 20-50', 'queued 50-70', 'running 70-90'],
  ],
  [
    "from the service's dates",
    fakeOutcome({ runs: [], timeline: [] }, {}, { started: 20, ended: 50 }),
    ['queued 0-20', 'running 20-50'],
  ],
  [
    'from what was seen',
    fakeOutcome({ runs: [] }, days, { assigned: 10, started: 20, ended: 50 }),
    ['queued 0-10', 'starting 10-20', 'running 20-50'],
  ],
  [
    'that still runs',
    fakeOutcome({ runs: [] }, { status: 'RUNNING' }, { started: 20 }),
    ['queued 0-20', 'running 20-'],
  ],
  [
    'between two runs',
    fakeOutcome({ runs: [first] }, { status: 'PENDING' }, {}),
    ['queued 0-20', 'running 20-50', 'queued 50-'],
  ],
  ['that waits', fakeOutcome({ runs: [] }, { status: 'PENDING' }, {}), ['queued 0-']],
  [
    'that ended while a node was made ready',
    fakeOutcome({ runs: [] }, { status: 'FAILED' }, { assigned: 10, ended: 50 }),
    ['queued 0-10', 'starting 10-50'],
  ],
  [
    'with a run that never began to run',
    fakeOutcome(
      { runs: [fakeRun({ started_at_ms: null }, { ended: 50 }), second] },
      {},
      { assigned: 10, started: 70, ended: 90 },
    ),
    ['queued 0-10', 'starting 10-50', 'queued 50-70', 'running 70-90'],
  ],
  ['of no job', fakeOutcome({ job: null }), []],
];

test.each(lives)('a life %s', (_, outcome, phases) => {
  expect(lifeOf(outcome)).toEqual(phases);
});
