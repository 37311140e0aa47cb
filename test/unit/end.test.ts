import { describe, expect, test } from '@jest/globals';
import { createStepEnd } from '../../src/step/end.ts';
import { createMadeUpClock } from '../support/clock.ts';

const hourMs = 3_600_000;

function open(timeoutMs = hourMs) {
  const clock = createMadeUpClock();
  const interrupt = new AbortController();
  const told: string[] = [];
  const closed = new AbortController();
  const close = () => {
    closed.abort();
  };
  const end = createStepEnd({ clock, interrupt: interrupt.signal }, timeoutMs, closed.signal);
  end.start(({ ends }) => {
    told.push(ends.join());
  });
  const firedAtMs = async (signal: AbortSignal) =>
    new Promise<number>((resolve) => {
      if (signal.aborted) resolve(clock.monotonicMs());
      signal.addEventListener('abort', () => {
        resolve(clock.monotonicMs());
      });
    });
  const fired = async () =>
    Promise.all([end.signal, end.abandon, end.deadline].map(firedAtMs)).finally(close);
  return { clock, end, interrupt, told, firedAtMs, fired, close };
}

describe('what an end of the wait leaves time for', () => {
  // The runner sends SIGINT, SIGTERM 7.5 s later, and kills another 2.5 s later.
  test('an interrupt: cooks are given up after 2 s, all else after 6 s', async () => {
    const { interrupt, fired } = open();
    interrupt.abort();
    expect(await fired()).toEqual([0, 2_000, 6_000]);
  });

  test('the timeout: three minutes, and a cook is waited for', async () => {
    const { end, firedAtMs, close } = open(10_000);
    expect(await firedAtMs(end.signal)).toBe(10_000);
    expect(await firedAtMs(end.deadline)).toBe(10_000 + 180_000);
    expect(end.abandon.aborted).toBe(false);
    close();
  });

  test('an interrupt after the timeout: seconds again', async () => {
    const { clock, end, interrupt, firedAtMs, close } = open(10_000);
    await firedAtMs(end.signal);
    await clock.sleep(5_000);
    interrupt.abort();
    expect(await firedAtMs(end.deadline)).toBe(15_000 + 6_000);
    expect(end.facts().ends).toEqual(['timeout', 'interrupt']);
    close();
  });
});

test('each reason is told once, and none after the verdict', () => {
  const { end, interrupt, told, close } = open();
  end.endFor('fail-fast');
  end.endFor('fail-fast');
  end.decide();
  interrupt.abort();
  expect(end.facts()).toEqual({ ends: ['fail-fast'], hasVerdict: true });
  expect(told).toEqual(['fail-fast', 'fail-fast']);
  close();
});

test.each([-hourMs, hourMs])('a wall clock set by %i ms changes nothing', async (ms) => {
  const { clock, end, firedAtMs, close } = open(10_000);
  void clock.sleep(1_000).then(() => {
    clock.step(ms);
  });
  expect(await firedAtMs(end.signal)).toBe(10_000);
  close();
});
