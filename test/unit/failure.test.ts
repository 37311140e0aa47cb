import { expect, test } from '@jest/globals';
import {
  endedUnstarted,
  exitCodeOf,
  failurePhaseOf,
  type FailurePhase,
} from '../../src/jobs/failure.ts';
import type { Outcome } from '../../src/jobs/records.ts';
import { fakeOutcome, fakeRun, type Pace } from '../support/outcomes.ts';

function failed(pace: Pace, reason: string | null = null, runs: Outcome['runs'] = []): Outcome {
  const job = { status: 'FAILED', status_reason: reason, max_timeout_run_ms: 60_000 };
  return fakeOutcome({ result: 'failed', runs }, job, pace);
}

/** Without the times of its runs, and without a run limit. */
function unmeasured(reason: string): Outcome {
  const job = { status: 'FAILED', status_reason: reason, max_timeout_run_ms: null };
  return fakeOutcome({ result: 'failed', runs: [] }, job, { started: 10 });
}

const emptyRun = fakeRun({ status: 'FAILED', hourly_rate_usd: null, node_urls: [] }, {});

const phases: readonly (readonly [string, Outcome, FailurePhase | null])[] = [
  ['never had a machine', failed({ ended: 300 }), 'assign'],
  ['had one, as was seen', failed({ assigned: 10, ended: 60 }), 'start'],
  ['had one, as its run says', failed({ ended: 60 }, null, [fakeRun({}, { ended: 60 })]), 'start'],
  ['had one, as its reason says', failed({ ended: 60 }, 'Cannot pull x:y'), 'start'],
  ['ran for a while', failed({ started: 10, ended: 67 }), 'run'],
  ['ran for its limit', failed({ started: 10, ended: 68 }), 'run-limit'],
  ['ran for its limit and then exited', failed({ started: 10, ended: 70 }, 'exit code 3'), 'run'],
  ['timed out on its own', failed({ started: 10, ended: 12 }, 'Request timed out'), 'run'],
  ['timed out, as its reason says', unmeasured('Run timed out'), 'run-limit'],
  [
    'had none, though an empty run is listed',
    failed({ ended: 60 }, 'no machine available', [emptyRun]),
    'assign',
  ],
  ['ran in its run only', failed({}, null, [fakeRun({}, { started: 5, ended: 9 })]), 'run'],
  ['was never created', fakeOutcome({ job: null }), null],
];

test.each(phases)('a job that %s', (_, outcome, phase) => {
  expect(failurePhaseOf(outcome)).toBe(phase);
});

test.each([
  ['Container exited with code 1', 1],
  ['exit status 127', 127],
  ['Exit code: 137 (OOMKilled)', 137],
  ['exited 2', 2],
  ['code 5', null],
  ['exit code 1234', null],
  [null, null],
])('the exit code in %p is %p', (reason, code) => {
  expect(exitCodeOf(failed({ started: 1 }, reason))).toBe(code);
});

const timeout = 'Assign timeout';
test.each([
  ['FAILED', 'No machine was found', 5, true],
  ['CANCELLED', timeout, 301, true],
  ['CANCELLED', timeout, 269, false],
  ['CANCELLED', 'Stopped in the console', 301, false],
  ['CANCELLED', null, 301, false],
  ['CANCELLED', 'GitHub Actions: the timeout was reached', 301, false],
  // It was started once more after it had failed, and then cancelled by a person.
  ['CANCELLED', 'Stopped in the console', 5, false],
])('after %s, %p, %p s: the next model is tried: %p', (status, reason, waitedS, isTried) => {
  const timeline = [
    { status: 'FAILED', atMs: 0 },
    { status, atMs: 0 },
  ];
  const job = { status, status_reason: reason, started_at: null };
  const outcome = fakeOutcome({ submittedAtMs: 0, timeline, runs: [] }, job);
  expect(endedUnstarted(outcome, waitedS * 1_000)).toBe(isTried);
});

test('the next model is not tried after one that has run', () => {
  expect(endedUnstarted(failed({ started: 10, ended: 20 }), 0)).toBe(false);
});
