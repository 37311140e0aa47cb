import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import type { Call, Client } from '../../src/service/client.ts';
import { createHost } from '../../src/service/host.ts';
import { ServiceError } from '../../src/errors.ts';
import type { Result } from '../../src/jobs/results.ts';
import { createLogCollector } from '../../src/logs/collector.ts';
import type { LogMode } from '../../src/logs/collector.ts';
import type { Clock } from '../../src/clock.ts';
import { openLogPrinter } from '../../src/report/container-log.ts';
import { createLog } from '../../src/report/log.ts';
import { createMadeUpClock } from '../support/clock.ts';
import { fastClock } from '../support/deps.ts';
import { cookedAtMs, fakeJob, fakeOutcome, fakeRun, uuidNumber } from '../support/outcomes.ts';
import { rememberingRunner } from '../runner/in-process.ts';
import { withoutTime } from '../support/log-lines.ts';

/** A clock that stands still until it is set. */
function standingClock(): Clock & { readonly pass: (ms: number) => void } {
  let nowMs = cookedAtMs;
  return {
    now: () => nowMs,
    monotonicMs: () => nowMs,
    sleep: async (_, signal) =>
      new Promise((resolve) => {
        signal?.addEventListener('abort', () => {
          resolve();
        });
      }),
    pass: (ms) => {
      nowMs += ms;
    },
  };
}

/** A clock on which short pauses are over at once, and long ones never. */
function jumpingClock(): Clock {
  let nowMs = cookedAtMs;
  const standing = standingClock();
  return {
    now: () => nowMs,
    monotonicMs: () => nowMs,
    sleep: async (ms, signal) => {
      if (ms > 10_000) return standing.sleep(ms, signal);
      if (!signal?.aborted) nowMs += Math.max(0, ms);
    },
  };
}

interface Run {
  readonly status?: string;
  readonly logs: () => unknown;
}

/** The log of a job whose runs are made up. */
function openLog(
  runs: readonly Run[],
  { mode = 'stream', clock = standingClock() }: { mode?: LogMode; clock?: Clock } = {},
) {
  const runner = rememberingRunner({});
  const reads: string[] = [];
  const runOf = ({ status = 'RUNNING' }: Run, index: number) =>
    fakeRun({ uuid: uuidNumber(index + 1), status });
  const send = async ({ pathname }: Call): Promise<unknown> => {
    reads.push(pathname);
    await nextTurn();
    if (pathname === '/v1/job-runs') return { data: runs.map(runOf).toReversed() };
    const index = runs.findIndex((_, at) => pathname.endsWith(uuidNumber(at + 1)));
    const run = runs[index];
    return run && { ...runOf(run, index), logs: await run.logs() };
  };
  const client: Client = {
    send,
    clock,
    random: () => 0,
    serverNow: () => null,
    redactor: runner.redactor,
    host: createHost(clock),
  };
  const { signal } = new AbortController();
  const deadline = new AbortController();
  const interrupt = new AbortController();
  const job = fakeJob({ status: 'RUNNING' });
  const { ref } = fakeOutcome();
  const printer = openLogPrinter(runner, createLog(runner, clock, 1), mode, 1);
  const collector = createLogCollector({
    client,
    signal,
    deadline: deadline.signal,
    interrupt: interrupt.signal,
    ...printer,
  });
  const log = collector.open({ ref, origin: 'cooked', job, submittedAtMs: cookedAtMs });
  const look = async () => {
    log.onLook(job);
    // Each request and each piece of a log takes a turn or two.
    for (let turn = 0; turn < 200; turn += 1) await nextTurn();
    return reads.filter((path) => path !== '/v1/job-runs').length;
  };
  return { runner, log, look, reads, deadline, interrupt };
}

const ended = fakeJob({ status: 'COMPLETED' });

/** What was printed, without the group around it. */
const linesOf = ({ lines }: ReturnType<typeof rememberingRunner>) =>
  lines.filter((line) => !line.startsWith('::')).map(withoutTime);

const warningsOf = ({ annotations }: ReturnType<typeof rememberingRunner>) =>
  annotations.map(({ message }) => message);

describe('while a job runs, its log is read', () => {
  test('at each look, unless it is large', async () => {
    const clock = standingClock();
    let logs = 'a line\n';
    const { look } = openLog([{ logs: () => logs }], { clock });
    expect(await look()).toBe(1);
    clock.pass(1_000);
    logs = 'a line\n'.repeat(365_715);
    expect(await look()).toBe(2);
    clock.pass(9_999);
    expect(await look()).toBe(2);
    clock.pass(2);
    expect(await look()).toBe(3);
  });

  test.each([
    ['no-answer', undefined],
    ['refused', 403],
  ] as const)('a minute later where that had trouble: %s', async (trouble, status) => {
    let reads = 0;
    const fail = () => {
      reads += 1;
      throw new ServiceError({ trouble, status, request: '', detail: '' });
    };
    const clock = createMadeUpClock();
    const { look } = openLog([{ logs: fail }], { clock });
    await look();
    // What is read in the background is retried by itself.
    const triesAtOnce = reads;
    expect(triesAtOnce).toBe(trouble === 'refused' ? 1 : 4);
    await look();
    expect(reads).toBe(triesAtOnce);
    await clock.sleep(60_000);
    await look();
    expect(reads).toBe(2 * triesAtOnce);
  });

  test.each(['on-failure', 'none'] as const)('not with %s', async (mode) => {
    const { look, reads } = openLog([{ logs: () => '' }], { mode });
    await look();
    expect(reads).toEqual([]);
  });

  test('whatever becomes of the log of an earlier run', async () => {
    const gone = () => {
      throw new ServiceError({ trouble: 'refused', request: '', detail: '', status: 404 });
    };
    const clock = createMadeUpClock();
    const { look, runner } = openLog([{ logs: gone }, { logs: () => 'second\n' }], { clock });
    await look();
    expect(linesOf(runner)).toEqual(['run 2', '| second']);
  });
});

test('a log that is read anew gives its results, and is printed once', async () => {
  const texts = [
    'Epoch 1\n 10%\n',
    'Epoch 1\n 20%\n',
    'Epoch 1\n 30%\ndispersed-output: {"a": 1}\n',
  ];
  const clock = standingClock();
  const logs = () => texts.shift() ?? 'Epoch 2\n';
  const { look, log, runner } = openLog([{ logs }], { clock });
  for (let reads = 0; reads < 3; reads += 1) {
    await look();
    clock.pass(1_000);
  }
  const { results, logTail } = await log.close('succeeded', ended);
  expect(results).toEqual({ a: 1 });
  expect(logTail).toEqual(['Epoch 2']);
  expect(linesOf(runner)).toEqual([
    '| Epoch 1',
    '|  10%',
    'the log starts over; lines shown before are not repeated',
    '|  20%',
    '|  30%',
    '| dispersed-output: {"a": 1}',
    '| Epoch 2',
  ]);
});

describe('at the end', () => {
  test('what is left is read, one run after the other', async () => {
    const first = { status: 'FAILED', logs: () => 'a\ndispersed-output: {"try": 1, "a": 1}' };
    const second = { status: 'COMPLETED', logs: () => 'b\ndispersed-output: {"try": 2}' };
    const { log, runner } = openLog([first, second]);
    const { results, logTail, runs } = await log.close('succeeded', ended);
    expect(linesOf(runner)).toEqual([
      '| a',
      '| dispersed-output: {"try": 1, "a": 1}',
      'run 2',
      '| b',
      '| dispersed-output: {"try": 2}',
    ]);
    expect(results).toEqual({ try: 2 });
    expect(logTail).toEqual(['b', 'dispersed-output: {"try": 2}']);
    expect(runs.map(({ status }) => status)).toEqual(['FAILED', 'COMPLETED']);
  });

  test('the log of the last run is read once more, though it was read after its end', async () => {
    const runs = ['FAILED', 'COMPLETED'].map((status) => ({ status, logs: () => 'a\n' }));
    const { log, look, reads } = openLog(runs);
    await look();
    await log.close('succeeded', fakeJob({ status: 'RUNNING' }));
    const [first, last] = [1, 2].map((number) => `/v1/job-runs/${uuidNumber(number)}`);
    expect(reads.filter((path) => path !== '/v1/job-runs')).toEqual([first, last, last]);
  });

  test('nothing is read where the service will not tell of the job', async () => {
    const { log, reads, runner } = openLog([{ logs: () => 'a\n' }]);
    await log.close('error', null);
    expect(reads).toEqual([]);
    expect(warningsOf(runner)).toEqual([]);
  });

  test('a log that does not come is waited for a minute, and that is said', async () => {
    const clock = fastClock(1_000);
    const { log, runner } = openLog([{ logs: async () => new Promise(() => {}) }], {
      clock,
    });
    const startedAtMs = clock.now();
    await log.close('succeeded', ended);
    expect(clock.now() - startedAtMs).toBeGreaterThanOrEqual(59_000);
    expect(warningsOf(runner)).toEqual([expect.stringContaining('no response in time')]);
  });

  test('nor longer than there is time, and nothing is told after that', async () => {
    const { log, look, runner, reads, deadline } = openLog([
      { logs: () => 'a line\n'.repeat(100_000) },
    ]);
    const closed = log.close('succeeded', ended);
    while (runner.lines.length === 0) await nextTurn();
    deadline.abort();
    await closed;
    const { length } = runner.lines;
    await look();
    expect(runner.lines).toHaveLength(length);
    expect(reads).toHaveLength(2);
    expect(warningsOf(runner)).toEqual([expect.stringContaining('no response in time')]);
  });
});

describe('the end of a log that comes late', () => {
  /** Ends a job whose log is told by the seconds since the end, and says when it was read. */
  async function closeLate(
    logAt: (seconds: number, interrupt: AbortController) => string,
    { result = 'failed', status = 'FAILED' }: { result?: Result; status?: string } = {},
  ) {
    const clock = jumpingClock();
    const readAt: number[] = [];
    const logs = () => {
      const seconds = (clock.now() - cookedAtMs) / 1_000;
      readAt.push(seconds);
      return logAt(seconds, interrupt);
    };
    const { log, runner, interrupt } = openLog([{ status, logs }], { clock });
    const data = await log.close(result, fakeJob({ status }));
    return { ...data, readAt, warnings: warningsOf(runner), lines: linesOf(runner) };
  }
  const report = 'dispersed-output: {"accuracy": 0.93}\n';

  test('a second later: the traceback of a failure', async () => {
    const { logTail, lines, readAt } = await closeLate((seconds) =>
      seconds < 1 ? 'step 1\n' : 'step 1\nTraceback\n',
    );
    expect(logTail).toEqual(['step 1', 'Traceback']);
    expect(lines).toEqual(['| step 1', '| Traceback']);
    expect(readAt).toEqual([0, 1, 3]);
  });

  test('three seconds later: the results of a job that has completed', async () => {
    const { results, readAt } = await closeLate(
      (seconds) => (seconds < 2 ? 'step 1\n' : `step 1\n${report}`),
      { result: 'succeeded', status: 'COMPLETED' },
    );
    expect(results).toEqual({ accuracy: 0.93 });
    expect(readAt).toEqual([0, 1, 3, 5]);
  });

  test('is not waited for where the job has completed, and its results are there', async () => {
    const { readAt } = await closeLate(() => report, { result: 'succeeded', status: 'COMPLETED' });
    expect(readAt).toEqual([0]);
  });

  test('is not waited for where the job has not ended', async () => {
    const { readAt } = await closeLate(() => 'a\n', { result: 'detached', status: 'RUNNING' });
    expect(readAt).toEqual([0]);
  });

  test('is read every two seconds while it is still coming', async () => {
    const { readAt, logTail } = await closeLate((seconds) =>
      'line\n'.repeat(1 + Math.min(seconds, 8)),
    );
    expect(readAt).toEqual([0, 1, 3, 5, 7, 9, 11]);
    expect(logTail).toHaveLength(9);
  });

  test('is read for fifteen seconds at most', async () => {
    const { readAt, warnings } = await closeLate((seconds) => 'line\n'.repeat(1 + seconds));
    expect(readAt).toEqual([0, 1, 3, 5, 7, 9, 11, 13, 15]);
    expect(warnings).toEqual([]);
  });

  test.each([0, 1, 5])('is not waited for after an interrupt, %i s after it', async (atSeconds) => {
    const { readAt, warnings } = await closeLate((seconds, interrupt) => {
      if (seconds >= atSeconds) interrupt.abort();
      return 'line\n'.repeat(1 + seconds);
    });
    expect(readAt.at(-1)).toBe(atSeconds);
    expect(warnings).toEqual([]);
  });
});
