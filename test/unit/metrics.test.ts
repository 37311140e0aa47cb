import { expect, test } from '@jest/globals';
import type { Outcome } from '../../src/jobs/records.ts';
import { durationsOf, hardwareOf, phasesOf } from '../../src/jobs/metrics.ts';
import { cookedAtMs, fakeJob, fakeOutcome, fakeRun } from '../support/outcomes.ts';

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

const dated = { origin: 'given', runs: [], submittedAtMs: cookedAtMs } as const;

// what, and how long it waited and ran
const durations: readonly (readonly [string, Outcome, number | null, number | null])[] = [
  ['a run after a wait', fakeOutcome({}, {}, { assigned: 10, started: 65, ended: 95 }), 65, 30],
  [
    'two runs: all of their phases',
    fakeOutcome({ runs: [first, second] }, {}, { assigned: 10, started: 70, ended: 90 }),
    20 + 20,
    30 + 20,
  ],
  [
    'that never started',
    fakeOutcome({ runs: [] }, { status: 'FAILED' }, { assigned: 10, ended: 50 }),
    50,
    null,
  ],
  [
    'a run that never started',
    fakeOutcome({ runs: [fakeRun({}, { ended: 50 })] }, { status: 'FAILED' }, { ended: 50 }),
    50,
    null,
  ],
  ['that waits', fakeOutcome({ runs: [] }, { status: 'PENDING' }, {}), null, null],
  ['that runs', fakeOutcome({ runs: [] }, { status: 'RUNNING' }, { started: 20 }), 20, null],
  ['that ran for no time', fakeOutcome({ runs: [] }, {}, { started: 20, ended: 20 }), 20, 0],
  [
    'of the old host, waited for from its middle on: only what was seen',
    fakeOutcome(dated, { ...days, status: 'FAILED' }, { started: 20, ended: 50 }),
    null,
    30,
  ],
  [
    'of the old host, running when we came: since when is not known',
    fakeOutcome(
      { ...dated, timeline: [{ status: 'RUNNING', atMs: cookedAtMs }] },
      { ...days, status: 'RUNNING' },
    ),
    null,
    null,
  ],
  [
    'of the old host, over when we came',
    fakeOutcome({ ...dated, timeline: [{ status: 'COMPLETED', atMs: cookedAtMs }] }, days),
    null,
    null,
  ],
  [
    'of the old host, with a run that has times',
    fakeOutcome({ ...dated, timeline: [], runs: [second] }, days),
    null,
    20,
  ],
];

test.each(durations)('a job %s', (_, outcome, queueSeconds, runSeconds) => {
  expect(durationsOf(outcome)).toEqual({ queueSeconds, runSeconds });
});

test('phases are added before they are rounded to whole seconds', () => {
  const pace = { assigned: 10.4, started: 20.8, ended: 31.2 };
  const outcome = fakeOutcome({ runs: [fakeRun({}, pace)] }, {}, pace);
  expect(durationsOf(outcome)).toEqual({ queueSeconds: 21, runSeconds: 10 });
});

test.each([
  [1, 'RTX 4090', '1 × RTX 4090, 8 CPU, 24 GB VRAM'],
  [2, null, '2 × GPU, 8 CPU, 24 GB VRAM'],
  [null, 'RTX 4090', 'RTX 4090, 8 CPU, 24 GB VRAM'],
  [0, 'RTX 4090', '8 CPU, 24 GB VRAM'],
])('%p of the GPU %p reads %p', (count, name, text) => {
  expect(hardwareOf(fakeJob({ gpu_count: count, gpu_name: name }))).toBe(text);
});
