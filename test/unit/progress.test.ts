import { expect, test } from '@jest/globals';
import { createLog } from '../../src/report/log.ts';
import { startProgress } from '../../src/report/progress.ts';
import type { SubmittedJob } from '../../src/jobs/records.ts';
import { createMadeUpClock } from '../support/clock.ts';
import { fakeJob, fakeOutcome, uuidNumber } from '../support/outcomes.ts';
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
  const progress = startProgress(
    createLog(runner, clock, jobCount).print,
    clock,
    jobCount,
    { timeoutMs: 60 * minuteMs, atTimeout: 'unfinished jobs are canceled' },
    over.signal,
  );
  const change = (index: number, status: string) => {
    progress.statusChanged(submitted(index), { status, atMs: 0 });
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
    '10:00  still running, no change for 6m 00s; timeout in 50m 00s, then unfinished jobs are canceled',
    '15:00  still running, no change for 11m 00s; timeout in 45m 00s, then unfinished jobs are canceled',
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
    '01:00  0 of 30 done, 0 running, 30 waiting',
    '02:00  0 of 30 done, 10 running, 20 waiting',
    '04:00  2 of 30 done (1 did not succeed), 10 running, 18 waiting',
    '07:00  3 of 30 done (1 did not succeed), 10 running, 17 waiting; about 6m left',
    expect.stringMatching(
      /^12:00 {2}3 of 30 done .*, no change for 6m 00s; timeout in 48m 00s, then unfinished/,
    ),
  ]);
});

// Of 9 jobs that began at once, the ended ones took 10 minutes each.
test.each<[string, number, number, string]>([
  ['two have ended: too few', 2, 5, ''],
  ['three have ended, and five run since', 3, 5, '; about 8m left'],
  ['three have ended, and one runs', 3, 1, '; about 56m left'],
  ['none runs', 3, 0, ''],
])('the time left where %s', async (_, ended, running, text) => {
  const { submit, change, end, pass, lines, close } = open(9);
  for (let index = 0; index < 9; index += 1) submit(index);
  for (let index = 0; index < ended; index += 1) change(index, 'RUNNING');
  await pass(6);
  for (let index = 0; index < running; index += 1) change(8 - index, 'RUNNING');
  await pass(4);
  for (let index = 0; index < ended; index += 1) end(index, 'succeeded');
  await pass(1);
  close();
  expect(lines.at(-1)?.split('waiting')[1]).toBe(text);
});

test('what the closing line says is not said before it', async () => {
  const { submit, end, pass, lines, close } = open(2);
  for (const index of [0, 1]) submit(index);
  await pass(1);
  for (const index of [0, 1]) end(index, 'succeeded');
  await pass(10);
  close();
  expect(lines).toEqual(['01:00  0 of 2 done, 0 running, 2 waiting']);
});
