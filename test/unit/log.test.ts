import { expect, test } from '@jest/globals';
import { ServiceError } from '../../src/errors.ts';
import type { SubmittedJob } from '../../src/jobs/records.ts';
import { createLog } from '../../src/report/log.ts';
import { minManyJobs } from '../../src/report/progress.ts';
import { findCommands } from '../runner/commands.ts';
import { fakeJob, fakeOutcome, uuidNumber } from '../support/outcomes.ts';
import { rememberingRunner } from '../runner/in-process.ts';

function submitted(index: number): SubmittedJob {
  const ref = { ...fakeOutcome().ref, index };
  const job = fakeJob({ status: 'PENDING', uuid: uuidNumber(index + 1) });
  return { ref, origin: 'cooked', job, submittedAtMs: 0 };
}

const attacks = ['##[add-mask]x', '##[stop-commands]x', '##[set-output name=a]b', '\r::error::x'];

test.each(attacks)('the reason %j of a cancel is no command', (reason) => {
  const runner = rememberingRunner({});
  createLog(runner, 1).cancelling(uuidNumber(1), reason);
  expect(runner.lines).toHaveLength(1);
  expect(findCommands(runner.lines.join('\n'))).toEqual([]);
});

test.each(attacks)('nor is %j where nobody has made it safe', (text) => {
  const runner = rememberingRunner({});
  runner.print(text);
  runner.group(text, () => {
    runner.print(`:${text}`);
  });
  const commands = findCommands(runner.lines.join('\n')).map(({ name }) => name);
  expect(commands).toEqual(['group', 'endgroup']);
});

test('what an error says is without secrets', () => {
  const runner = rememberingRunner({});
  runner.redactor.addCredentials(['hunter2-secret']);
  const log = createLog(runner, 1);
  const error = new Error('EACCES: /tmp/hunter2-secret');
  log.cancelFailed(uuidNumber(1), error);
  log.cleanupFailed(error);
  log.logIncomplete('job', error);
  for (const { message } of runner.annotations) {
    expect(message).toContain('EACCES: /tmp/***');
    expect(message).not.toContain('hunter2');
  }
});

test('what may run unnoticed is told once, and a sentence ends once', () => {
  const runner = rememberingRunner({});
  const log = createLog(runner, 1);
  const error = new Error('Try again later.');
  for (const mark of ['cook-1-a', 'cook-1-a', 'cook-2-a']) log.lookupFailed(mark, error);
  expect(runner.annotations).toHaveLength(2);
  expect(runner.annotations[0]?.message).toContain('failed: Try again later. Search for cook-1-a');
});

test('that the service lets cooks wait is said once, however many there are', () => {
  const runner = rememberingRunner({});
  const log = createLog(runner, 100);
  const error = new ServiceError({
    trouble: 'refused',
    request: 'POST /cook',
    status: 429,
    detail: 'slow down',
  });
  for (let each = 0; each < 100; each += 1) log.cookDelayed(error);
  expect(runner.lines).toEqual([
    'The cook has to wait (POST /cook (HTTP 429): slow down). Trying again',
  ]);
});

test('of a few jobs each change has a line, with a short prefix; of many only a failure', () => {
  const linesOf = (jobCount: number) => {
    const runner = rememberingRunner({});
    const log = createLog(runner, jobCount);
    for (const status of ['RUNNING', 'COMPLETED', 'FAILED'])
      log.statusChanged(submitted(2), { status, atMs: 62_000 }, fakeJob({ status }));
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
    createLog(runner, jobCount).opening(apiUrl, timeoutMs, 'unfinished jobs are then cancelled');
    return runner.lines;
  };
  expect(linesOf(1, 5.75 * 3_600_000)).toEqual([
    expect.stringMatching(/^dispersed-cook \d+\.\d+\.\d+ on https:\/\/api\.dispersed\.com: 1 job$/),
    'The timeout is 5h 45m: unfinished jobs are then cancelled',
  ]);
  expect(linesOf(12, null)).toEqual([
    expect.stringMatching(/: 12 jobs, #1 to #12 in their order$/),
    'Not waiting for jobs (wait: false)',
  ]);
});
