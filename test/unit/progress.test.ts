import { expect, test } from '@jest/globals';
import { createConsole } from '../../src/report/log.ts';
import { formatClosing } from '../../src/report/format.ts';
import { minManyJobs, startProgress } from '../../src/report/progress.ts';
import type { SubmittedJob } from '../../src/jobs/records.ts';
import { createMadeUpClock } from '../support/clock.ts';
import { fakeJob, fakeOutcome, fakeRun, uuidNumber } from '../support/outcomes.ts';
import { rememberingRunner } from '../runner/in-process.ts';

const minuteMs = 60_000;

function submitted(index: number): SubmittedJob {
  const ref = { ...fakeOutcome().ref, index };
  const job = fakeJob({ status: 'PENDING', uuid: uuidNumber(index + 1) });
  return { ref, origin: 'cooked', job, submittedAtMs: 0 };
}

/** A step of so many jobs in made-up time. */
function open(jobCount: number) {
  const clock = createMadeUpClock();
  const runner = rememberingRunner({});
  const over = new AbortController();
  const progress = startProgress({
    runner,
    clock,
    jobCount,
    timeoutMs: 60 * minuteMs,
    atTimeout: 'they are cancelled',
    signal: over.signal,
  });
  const change = (index: number, status: string) => {
    const job = fakeJob({ status });
    progress.statusChanged(submitted(index), { status, atMs: 0 }, job);
  };
  return {
    progress,
    lines: runner.lines,
    submit: (index: number) => {
      progress.submitted(submitted(index));
    },
    change,
    end: (index: number, result: 'succeeded' | 'failed') => {
      change(index, result === 'failed' ? 'FAILED' : 'COMPLETED');
      progress.ended(fakeOutcome({ result, ref: submitted(index).ref }));
    },
    pass: async (minutes: number) => clock.sleep(minutes * minuteMs + 1),
    close: () => {
      over.abort();
    },
  };
}

test('a single job that goes on: a line in five minutes, which says what ends the wait', async () => {
  const { submit, change, pass, lines, close } = open(1);
  submit(0);
  await pass(4);
  change(0, 'RUNNING');
  await pass(12);
  close();
  expect(lines).toEqual([
    // Looked at once a minute.
    '10m 00s  still RUNNING, for 6m 00s. The timeout is in 50m 00s: then they are cancelled',
    '15m 00s  still RUNNING, for 11m 00s. The timeout is in 45m 00s: then they are cancelled',
  ]);
});

test('several jobs: a line a minute at most, only when something changed, with the time left from the third on', async () => {
  const { submit, change, end, pass, lines, close } = open(30);
  for (let index = 0; index < 30; index += 1) submit(index);
  await pass(1);
  for (let index = 0; index < 10; index += 1) change(index, 'RUNNING');
  await pass(2);
  end(0, 'succeeded');
  end(1, 'failed');
  change(10, 'RUNNING');
  change(11, 'RUNNING');
  await pass(3);
  end(2, 'succeeded');
  change(12, 'RUNNING');
  await pass(1);
  await pass(6);
  close();
  expect(lines).toEqual([
    ' 1m 00s  0 of 30 done, 0 running, 30 waiting',
    ' 2m 00s  0 of 30 done, 10 running, 20 waiting',
    ' 4m 00s  2 of 30 done (1 did not succeed), 10 running, 18 waiting',
    ' 7m 00s  3 of 30 done (1 did not succeed), 10 running, 17 waiting; about 7m left',
    expect.stringMatching(
      /^12m 00s {2}3 of 30 done .*; nothing has changed for 6m 00s\. The timeout is in 48m 00s: then/,
    ),
  ]);
});

test('of a few jobs each change has a line, with a short prefix; of many only a failure', () => {
  const linesOf = (jobCount: number) => {
    const runner = rememberingRunner({});
    const console = createConsole(runner, jobCount);
    for (const status of ['RUNNING', 'COMPLETED', 'FAILED'])
      console.statusChanged(submitted(2), { status, atMs: 62_000 }, fakeJob({ status }));
    return runner.lines;
  };
  expect(linesOf(minManyJobs - 1)).toEqual([
    ' 1m 02s  #3  │ RUNNING',
    ' 1m 02s  #3  │ COMPLETED',
    ' 1m 02s  #3  │ FAILED',
  ]);
  expect(linesOf(minManyJobs)).toEqual([' 1m 02s  #3  │ FAILED']);
  const longest = linesOf(1_000)[0]?.indexOf('FAILED') ?? 0;
  expect(longest).toBeLessThanOrEqual(20);
});

test('the first lines say version, host, jobs, timeout and what happens then', () => {
  const linesOf = (jobCount: number, timeoutMs: number | null) => {
    const runner = rememberingRunner({});
    const apiUrl = new URL('https://api.dispersed.com');
    createConsole(runner, jobCount).opening({ apiUrl, timeoutMs, atTimeout: 'it is cancelled' });
    return runner.lines;
  };
  expect(linesOf(1, 5.75 * 60 * minuteMs)).toEqual([
    expect.stringMatching(/^dispersed-cook \d+\.\d+\.\d+ on https:\/\/api\.dispersed\.com: 1 job$/),
    'The timeout is 5h 45m: then it is cancelled',
  ]);
  expect(linesOf(12, null)).toEqual([
    expect.stringMatching(/: 12 jobs, #1 to #12 in their order$/),
    'Nothing is waited for',
  ]);
});

test('the last line has verdict, time and cost', () => {
  const one = fakeOutcome();
  expect(formatClosing([one])).toMatch(
    / succeeded \(waited 1m 35s, ran 5m 17s\); cost ≈ 0\.06 USD$/,
  );
  const two = fakeOutcome({ runs: [fakeRun({ hourly_rate_usd: null })] });
  expect(formatClosing([one, two])).toBe('All 2 jobs succeeded, in 6m 52s; cost ≈ 0.06 USD');
});
