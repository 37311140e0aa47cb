import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import type { Call, Client } from '../../src/service/client.ts';
import { ServiceError } from '../../src/errors.ts';
import { createLogCollector, type LogMode } from '../../src/logs/collector.ts';
import type { Clock } from '../../src/clock.ts';
import { createConsole } from '../../src/report/log.ts';
import { fastClock } from '../support/deps.ts';
import { cookedAtMs, fakeJob, fakeOutcome, fakeRun, uuidNumber } from '../support/outcomes.ts';
import { rememberingRunner } from '../runner/in-process.ts';

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
  };
  const signal = new AbortController().signal;
  const job = fakeJob({ status: 'RUNNING' });
  const { ref } = fakeOutcome();
  const collector = createLogCollector({
    runner,
    client,
    mode,
    jobCount: 1,
    signal,
    console: createConsole(runner, 1),
  });
  const log = collector.open({ ref, origin: 'cooked', job, submittedAtMs: cookedAtMs });
  const look = async () => {
    log.onLook(job);
    // Each request and each piece of a log takes a turn or two.
    for (let turn = 0; turn < 200; turn += 1) await nextTurn();
    return reads.filter((path) => path !== '/v1/job-runs').length;
  };
  return { runner, log, look, reads, signal };
}

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

  test('less often where it cannot be read for now', async () => {
    const clock = standingClock();
    const away = () => {
      throw new ServiceError({ trouble: 'no-answer', request: '', detail: '' });
    };
    const { look } = openLog([{ logs: away }], { clock });
    expect(await look()).toBe(1);
    expect(await look()).toBe(1);
    clock.pass(250);
    expect(await look()).toBe(2);
    clock.pass(250);
    expect(await look()).toBe(2);
    clock.pass(250);
    expect(await look()).toBe(3);
  });

  test('no more where that is refused', async () => {
    const clock = standingClock();
    const refuse = () => {
      throw new ServiceError({ trouble: 'refused', request: '', detail: '', status: 403 });
    };
    const { look } = openLog([{ logs: refuse }], { clock });
    expect(await look()).toBe(1);
    clock.pass(3_600_000);
    expect(await look()).toBe(1);
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
    const { look, runner } = openLog([{ logs: gone }, { logs: () => 'second\n' }]);
    await look();
    expect(runner.lines).toEqual(['  ── run 2 ──', '  | second']);
  });
});

describe('at the end', () => {
  test('what is left is read, one run after the other', async () => {
    const first = { status: 'FAILED', logs: () => 'a\ndispersed-output: {"try": 1, "a": 1}' };
    const second = { status: 'COMPLETED', logs: () => 'b\ndispersed-output: {"try": 2}' };
    const { log, runner, signal } = openLog([first, second]);
    const { results, logTail, runs } = await log.close('succeeded', { reads: true, signal });
    expect(runner.lines).toEqual([
      '  | a',
      '  | dispersed-output: {"try": 1, "a": 1}',
      '  ── run 2 ──',
      '  | b',
      '  | dispersed-output: {"try": 2}',
    ]);
    expect(results).toEqual({ try: 2, a: 1 });
    expect(logTail).toEqual(['b', 'dispersed-output: {"try": 2}']);
    expect(runs.map(({ status }) => status)).toEqual(['FAILED', 'COMPLETED']);
  });

  test('a log that was read after its end is read once more, unless it is large', async () => {
    for (const [logs, count] of [
      ['a\n', 2],
      ['a\n'.repeat(500_001), 1],
    ] as const) {
      const { log, look, reads, signal } = openLog([{ status: 'COMPLETED', logs: () => logs }]);
      await look();
      await log.close('succeeded', { reads: true, signal });
      expect(reads.filter((path) => path !== '/v1/job-runs')).toHaveLength(count);
    }
  });

  test('nothing is read where the service will not tell of the job', async () => {
    const { log, reads, runner, signal } = openLog([{ logs: () => 'a\n' }]);
    await log.close('error', { reads: false, signal });
    expect(reads).toEqual([]);
    expect(warningsOf(runner)).toEqual([]);
  });

  test('a log that does not come is waited for a minute, and that is said', async () => {
    const clock = fastClock(1_000);
    const { log, runner, signal } = openLog([{ logs: async () => new Promise(() => {}) }], {
      clock,
    });
    const startedAtMs = clock.now();
    await log.close('succeeded', { reads: true, signal });
    expect(clock.now() - startedAtMs).toBeGreaterThanOrEqual(59_000);
    expect(warningsOf(runner)).toEqual([expect.stringContaining('there was no time left')]);
  });

  test('nor longer than there is time, and nothing is told after that', async () => {
    const { log, look, runner, reads } = openLog([{ logs: () => 'a line\n'.repeat(100_000) }]);
    const closing = new AbortController();
    const closed = log.close('succeeded', { reads: true, signal: closing.signal });
    while (runner.lines.length === 0) await nextTurn();
    closing.abort();
    await closed;
    const { length } = runner.lines;
    await look();
    expect(runner.lines).toHaveLength(length);
    expect(reads).toHaveLength(2);
    expect(warningsOf(runner)).toEqual([expect.stringContaining('there was no time left')]);
  });
});
