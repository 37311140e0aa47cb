import { describe, expect, test } from '@jest/globals';
import { ServiceError } from '../../src/errors.ts';
import type { SubmittedJob } from '../../src/jobs/records.ts';
import { createLog, minManyJobs } from '../../src/report/log.ts';
import { findCommands } from '../runner/commands.ts';
import { createMadeUpClock } from '../support/clock.ts';
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
  createLog(runner, createMadeUpClock(), 1).canceling(uuidNumber(1), reason);
  expect(runner.lines).toHaveLength(1);
  expect(findCommands(runner.lines.join('\n'))).toEqual([]);
});

test.each(attacks)('nor is %j where nobody has made it safe', (text) => {
  const runner = rememberingRunner({});
  runner.print(text);
  runner.startGroup(text);
  runner.print(`:${text}`);
  runner.endGroup();
  const commands = findCommands(runner.lines.join('\n')).map(({ name }) => name);
  expect(commands).toEqual(['group', 'endgroup']);
});

test('what an error says is without secrets', () => {
  const runner = rememberingRunner({});
  runner.redactor.addCredentials(['hunter2-secret']);
  const log = createLog(runner, createMadeUpClock(), 1);
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
  const log = createLog(runner, createMadeUpClock(), 1);
  const error = new Error('Try again later.');
  for (const mark of ['cook-1-a', 'cook-1-a', 'cook-2-a']) log.lookupFailed(mark, error);
  expect(runner.annotations).toHaveLength(2);
  expect(runner.annotations[0]?.message).toContain('job: Try again later. Search for cook-1-a');
});

test('that the service lets cooks wait is said once, however many there are', () => {
  const runner = rememberingRunner({});
  const log = createLog(runner, createMadeUpClock(), 100);
  const error = new ServiceError({
    trouble: 'refused',
    request: 'POST /cook',
    status: 429,
    detail: 'slow down',
  });
  for (let each = 0; each < 100; each += 1) log.cookDelayed(error);
  expect(runner.lines).toEqual([
    '00:00  The service did not accept the cook request yet (POST /cook (HTTP 429): slow down). Retrying',
  ]);
});

describe('of several jobs', () => {
  const linesOf = async (jobCount: number) => {
    const runner = rememberingRunner({});
    const clock = createMadeUpClock();
    const log = createLog(runner, clock, jobCount);
    await clock.sleep(62_000);
    for (const status of ['RUNNING', 'COMPLETED', 'FAILED', 'COOLING DOWN'])
      log.statusChanged(submitted(2), { status, atMs: 0 }, fakeJob({ status, gpu_name: 'A 1' }));
    return runner.lines;
  };

  test('a few, each change has a line, with the time since the start of the step', async () => {
    expect(await linesOf(minManyJobs - 1)).toEqual([
      '01:02  #3   running    on A 1',
      '01:02  #3   completed',
      '01:02  #3   failed',
      '01:02  #3   cooling down',
    ]);
  });

  test('many, only a failure has one', async () => {
    expect(await linesOf(minManyJobs)).toEqual(['01:02  #3   failed']);
    expect(await linesOf(1_000)).toEqual(['01:02  #3     failed']);
  });
});

test('the lines of all kinds line up', async () => {
  const runner = rememberingRunner({});
  const clock = createMadeUpClock();
  const log = createLog(runner, clock, 12);
  const job = submitted(2);
  const failed = fakeJob({ uuid: job.job.uuid, status: 'FAILED', status_reason: 'exit code 1' });
  log.submitted(job);
  log.submitted({ ...job, origin: 'attached', job: { ...job.job, status: 'RUNNING' } });
  log.print('| a line', 2);
  await clock.sleep(3_605_000);
  log.statusChanged(job, { status: 'FAILED', atMs: 0 }, failed);
  log.print('1 of 12 jobs failed');
  const [uuid, recipe] = [job.job.uuid, job.ref.recipeUuid];
  expect(runner.lines).toEqual([
    `00:00  #3   created    Render three frames (job ${uuid}, recipe ${recipe})`,
    `00:00  #3   attached   Render three frames (job ${uuid}, recipe ${recipe}, from an earlier attempt, running)`,
    '00:00  #3   | a line',
    '1:00:05  #3   failed     exit code 1',
    '1:00:05  1 of 12 jobs failed',
  ]);
});

test('the reason of our own cancel is printed once', () => {
  const runner = rememberingRunner({});
  const log = createLog(runner, createMadeUpClock(), 1);
  const job = submitted(0);
  log.canceling(job.job.uuid, 'the timeout was reached');
  const reason = 'GitHub Actions: the timeout was reached';
  const seen = fakeJob({ uuid: job.job.uuid, status: 'CANCELLED', status_reason: reason });
  log.statusChanged(job, { status: 'CANCELLED', atMs: 0 }, seen);
  expect(runner.lines).toEqual([
    `00:00  canceling  the timeout was reached (job ${job.job.uuid})`,
    '00:00  canceled',
  ]);
});

test('the first line says version, host, jobs, timeout and what happens then', () => {
  const lineOf = (jobCount: number, timeoutMs: number | null) => {
    const runner = rememberingRunner({});
    const apiUrl = new URL('https://api.dispersed.com');
    const log = createLog(runner, createMadeUpClock(), jobCount);
    log.opening(apiUrl, timeoutMs, 'unfinished jobs are canceled');
    return runner.lines.join('\n').replace(/\d+\.\d+\.\d+/, '1.2.3');
  };
  expect(lineOf(1, 5.75 * 3_600_000)).toBe(
    'Dispersed Cook 1.2.3 on api.dispersed.com: 1 job, timeout 5h 45m, then unfinished jobs are canceled',
  );
  expect(lineOf(12, null)).toBe(
    'Dispersed Cook 1.2.3 on api.dispersed.com: 12 jobs, not waiting for jobs (wait: false)',
  );
});
