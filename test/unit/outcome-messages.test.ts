import { expect, test } from '@jest/globals';
import type { Outcome, OverBudget } from '../../src/jobs/records.ts';
import { formatClosing } from '../../src/report/format.ts';
import { describeOverBudget } from '../../src/report/budget-messages.ts';
import { describeOutcome } from '../../src/report/outcome-messages.ts';
import { fakeOutcome, uuidNumber, type Pace } from '../support/outcomes.ts';

function failed(pace: Pace, reason: string | null): Outcome {
  return fakeOutcome(
    { result: 'failed', runs: [] },
    { status: 'FAILED', status_reason: reason },
    pace,
  );
}

test('where the kernel killed the container, memory is the one remedy', () => {
  expect(describeOutcome(failed({ started: 1 }, 'exit code 137')).remedy).toBe(
    'This usually means that the container ran out of memory: increase min-ram-gb.',
  );
  expect(describeOutcome(failed({ started: 1 }, 'Exit code: 137 (OOMKilled)')).remedy).toBe(
    'This usually means that the container ran out of memory: increase min-ram-gb.',
  );
  expect(describeOutcome(failed({ started: 1 }, 'exit code 1')).remedy).not.toContain('min-ram-gb');
});

test.each<[string | null, string]>([
  ['Container exited with code 1', 'failed with exit code 1.'],
  ['Exit code: 137 (OOMKilled)', 'failed with exit code 137: OOMKilled.'],
  ['The process exited with code 2, signal 9', 'failed with exit code 2: signal 9.'],
  ['Node lost', 'failed after it ran for 11s: Node lost.'],
  [null, 'failed after it ran for 11s. The service gave no reason.'],
])('a job that ran, with the reason %p: nothing twice', (reason, words) => {
  const { cause } = describeOutcome(failed({ started: 1, ended: 12 }, reason));
  expect(cause).toBe(`Job ${uuidNumber(1)} ${words}`);
});

test.each<[string, Pace, string, RegExp]>([
  // The code is kept where it is not said already.
  ['Container exited with code 127', {}, 'failed with exit code 127.', /^Read its log/],
  [
    'docker pull failed with exit code 1',
    {},
    'docker pull failed with exit code 1.',
    /^Check the im/,
  ],
  [
    'Out of memory (limit 16 GB)',
    { started: 1 },
    ': Out of memory (limit 16 GB).',
    /min-ram-gb\.$/,
  ],
  ['exited (137)', { started: 1 }, 'failed with exit code 137', /min-ram-gb\.$/],
  ['CUDA out of memory', { started: 1 }, ': CUDA out of memory.', /^Read its log/],
])('%s', (reason, pace, words, fix) => {
  const timeline = ['ASSIGNED', 'FAILED'].map((status, atMs) => ({ status, atMs }));
  const { cause, remedy } = describeOutcome({ ...failed(pace, reason), timeline });
  expect(cause).toContain(words);
  expect(remedy).toMatch(fix);
});

test('a server that ends with success before it is ready', () => {
  const readiness = { check: 'login over ssh', answer: 'refused', sinceMs: 0, forMs: 9_000 };
  expect(describeOutcome(fakeOutcome({ result: 'failed', readiness }))).toMatchObject({
    title: 'Not ready: Render three frames',
    cause: `Job ${uuidNumber(1)} ended before it was ready. For the last 9s, the login over ssh failed: refused.`,
    remedy: expect.stringMatching(/^The command of the image must keep running\. Read its log/),
  });
});

const running = (changes: Partial<Outcome>) =>
  describeOutcome(
    fakeOutcome({ result: 'timed-out', ending: 'timeout', ...changes }, { status: 'RUNNING' }),
  );

test('a job that could not be read at the end may have ended', () => {
  const unread = { answer: 'GET /v1/jobs (HTTP 503): away', forMs: 355_000 };
  const { cause, remedy } = running({ isKept: true, unread });
  expect(cause).toBe(
    `The timeout was reached. The job was last running, and could not be read for 5m 55s: GET /v1/jobs (HTTP 503): away. Job ${uuidNumber(1)} may still be running, and billed. Check it in the console: https://console.dispersed.com/jobs`,
  );
  expect(remedy).toBe('Check the input api-url and the network.');
});

test('a job that was not created was not, whatever could not be read', () => {
  const unread = { answer: 'GET /v1/jobs (HTTP 503): away', forMs: 355_000 };
  const { cause } = running({ job: null, unread });
  expect(cause).toMatch(/^The timeout was reached\. The job for recipe \S+ was not created\.$/);
});

test.each([
  ['is kept', true, 'Left running', /was left running, because of/],
  ['post cancels', false, 'Not canceled with the workflow', /The post step cancels it\./],
])('with detach, a job that %s', (_, isKept, heading, words) => {
  const { title, cause } = running({ result: 'detached', ending: 'interrupt', isKept });
  expect(title).toBe(`${heading}: Render three frames`);
  expect(cause).toMatch(words);
});

test('the remedy for a job without an address is about its ports', () => {
  const answer = 'the job has no address for ssh yet';
  const readiness = { check: 'login over ssh', answer, sinceMs: 0, forMs: 296_000 };
  const { cause, remedy } = running({ readiness });
  expect(cause).toContain('For the last 4m 56s, the login over ssh failed: the job has no address');
  expect(remedy).toMatch(/^Check that ports contains the port\./);
});

test('a reason of a thousand characters is shown whole', () => {
  const reason = 'word '.repeat(200).trim();
  const { cause } = describeOutcome(failed({ started: 1, ended: 12 }, reason));
  expect(cause).toBe(`Job ${uuidNumber(1)} failed after it ran for 11s: ${reason}.`);
});

const stopped = (changes: Partial<Outcome>, status: string) =>
  fakeOutcome(
    { result: 'cancelled', ending: 'fail-fast', ...changes },
    { title: 'Render', status },
  );

test.each<[string, Outcome, string, RegExp]>([
  ['gone', stopped({ cancel: 'accepted' }, 'CANCELLED'), 'Render was canceled', /was canceled\.$/],
  [
    'being cancelled',
    stopped({ cancel: 'accepted' }, 'RUNNING'),
    'Render is being canceled',
    /is being canceled, and is still running\.$/,
  ],
  [
    'not to be cancelled',
    stopped({ cancel: 'failed' }, 'RUNNING'),
    'Render could not be canceled',
    /could not be canceled\. It may still be running, and billed/,
  ],
  [
    'failed by itself',
    stopped({ cancel: 'accepted' }, 'FAILED'),
    'Render was canceled',
    /ended before it could be canceled\.$/,
  ],
])('of a job that is %s no more is said', (_, outcome, headline, cause) => {
  expect(formatClosing([outcome]).split(';')[0]).toBe(headline);
  expect(describeOutcome(outcome).cause).toMatch(cause);
  const isSaidToBe = describeOutcome(outcome).title.startsWith('Canceled by');
  expect(isSaidToBe).toBe(outcome.cancel === 'accepted');
});

test('where time was up, what helps depends on how far the job came', () => {
  const late = (pace: Pace, status: string) =>
    describeOutcome(fakeOutcome({ result: 'timed-out', runs: [] }, { status }, pace)).remedy;
  expect(late({}, 'PENDING')).toMatch(/waiting for a machine: ask for less hardware/);
  expect(late({ assigned: 5 }, 'ASSIGNED')).toMatch(/still starting: increase timeout/);
  expect(late({ started: 9 }, 'RUNNING')).toMatch(/^Increase timeout, or set on-timeout/);
});

test('where the service may have cancelled a job at a limit of its own, that is said', () => {
  const gone = (pace: Pace) =>
    describeOutcome(fakeOutcome({ result: 'cancelled', runs: [] }, { status: 'CANCELLED' }, pace));
  expect(gone({ ended: 300 }).remedy).toContain('If it was the service: Ask for less hardware');
  expect(gone({ ended: 30 }).remedy).not.toContain('If it was the service');
  expect(gone({ started: 5, ended: 60 }).remedy).not.toContain('If it was the service');
});

test('a server that gave the same answer throughout needs no more time', () => {
  const outcome = fakeOutcome(
    {
      result: 'timed-out',
      readyCheck: { port: 8080, path: '/health' },
      readiness: {
        check: 'ready-check 8080/health',
        answer: 'HTTP 502',
        forMs: 600_000,
        sinceMs: 0,
      },
    },
    { status: 'RUNNING' },
    { started: 9 },
  );
  const { cause, remedy } = describeOutcome(outcome);
  expect(cause).toContain('For the last 10m 00s, the ready-check 8080/health failed: HTTP 502.');
  expect(remedy).toMatch(/^Check that the server in the container serves 8080\/health/);
});

test('a job whose container ended after our cancel was running, and was canceled', () => {
  const timeline = ['RUNNING', 'CANCELLING', 'COMPLETED'].map((status, at) => ({
    status,
    atMs: at,
  }));
  const ending = { result: 'timed-out', ending: 'timeout', cancel: 'accepted', timeline } as const;
  const { cause } = describeOutcome(fakeOutcome(ending, { status: 'COMPLETED' }));
  expect(cause).toMatch(
    /^The timeout was reached while the job was running\. Job \S+ was canceled\.$/,
  );
});

test('what a server answered is a sentence, with its own sign at the end', () => {
  const readiness = { check: 'login over ssh', answer: 'SSH on?', forMs: 600_000, sinceMs: 0 };
  const outcome = fakeOutcome({ result: 'timed-out', readiness }, { status: 'RUNNING' });
  expect(describeOutcome(outcome).cause).toContain('login over ssh failed: SSH on? Job ');
});

test('of several models that failed, the last one is named too', () => {
  const earlier = { phase: 'assign', waitedMs: 300_000, jobUuid: null, costUsd: 0 } as const;
  const outcome = fakeOutcome(
    { result: 'failed', runs: [], earlierTries: [{ ...earlier, gpuName: 'RTX 4090' }] },
    { status: 'FAILED', gpu_name: 'H100' },
    { ended: 300 },
  );
  expect(describeOutcome(outcome).cause).toContain(
    'This job asked for H100. Tried before: RTX 4090: no machine within 5m 00s.',
  );
});

test('of several jobs no more is said either', () => {
  const outcomes = [
    stopped({ cancel: 'failed' }, 'RUNNING'),
    stopped({ cancel: 'accepted' }, 'CANCELLING'),
    stopped({ cancel: 'accepted' }, 'CANCELLED'),
  ];
  expect(formatClosing(outcomes).split(';')[0]).toBe(
    '1 of 3 jobs could not be canceled, 1 being canceled, 1 canceled',
  );
});

test('of a job that was given and could not be read, it is not said that it was not cooked', () => {
  const ref = { index: 0, recipeUuid: null, jobUuid: uuidNumber(1), title: null };
  const { cause } = describeOutcome(
    fakeOutcome({ result: 'timed-out', ending: 'timeout', ref, job: null, runs: [] }),
  );
  expect(cause).toMatch(/^The timeout was reached\. Job \S+ could not be read\. It may still be/);
});

test.each<[OverBudget, string]>([
  [
    { kind: 'cost', amountUsd: 0.9, ceilingUsd: 1 },
    'The jobs of this step cost 0.90 USD together, and max-cost is 1.00 USD.',
  ],
  [
    { kind: 'offers', amountUsd: 0.0232, ceilingUsd: 0.01 },
    'Every matching offer costs more than max-hourly-rate (0.01 USD). The cheapest costs 0.0232 USD an hour.',
  ],
  [
    { kind: 'share', limitMs: 90_000, ceilingUsd: 1 },
    'ran for 1m 30s, the time that its share of max-cost (1.00 USD) pays for, and the service ended it.',
  ],
])('over budget: %j', (why, cause) => {
  expect(describeOverBudget(why).cause).toContain(cause);
});

test('of a job that the service ended at its share of max-cost, the cause is one sentence', () => {
  const overBudget = { kind: 'share', limitMs: 90_000, ceilingUsd: 1 } as const;
  const { cause } = describeOutcome(fakeOutcome({ result: 'over-budget', overBudget }));
  expect(cause).toMatch(/^Job \S+ ran for 1m 30s, /);
});
