import { expect, test } from '@jest/globals';
import { startDeadline, systemClock, withDeadline } from '../../src/clock.ts';
import { InterruptedError } from '../../src/errors.ts';
import { createMadeUpClock } from '../support/clock.ts';
import { never } from '../support/client.ts';

const forever = async () => new Promise<never>(() => {});

test('work that ends in time gives what it gives, and leaves no timer behind', async () => {
  const clock = createMadeUpClock();
  await expect(withDeadline(clock, 1_000, never, async () => 'done')).resolves.toBe('done');
  const signals: AbortSignal[] = [];
  const failing = withDeadline(clock, 1_000, never, async (signal) => {
    signals.push(signal);
    throw new Error('no such file');
  });
  await expect(failing).rejects.toThrow('no such file');
  await clock.sleep(5_000);
  expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
});

test('work that hangs is left when time is up, and told so', async () => {
  const clock = createMadeUpClock();
  const told: number[] = [];
  const hanging = withDeadline(clock, 1_000, undefined, async (signal) => {
    signal.addEventListener('abort', () => told.push(clock.monotonicMs()));
    return forever();
  });
  await expect(hanging).rejects.toThrow(InterruptedError);
  expect(told).toEqual([1_000]);
});

test('work is left when the signal fires, also when it has fired before', async () => {
  const clock = createMadeUpClock();
  const interrupt = new AbortController();
  const hanging = withDeadline(clock, 60_000, interrupt.signal, forever);
  interrupt.abort();
  await expect(hanging).rejects.toThrow(InterruptedError);
  await expect(withDeadline(clock, 60_000, interrupt.signal, forever)).rejects.toThrow(
    InterruptedError,
  );
  expect(clock.monotonicMs()).toBe(0);
});

test('a failure of work that was left is nobody’s concern', async () => {
  const clock = createMadeUpClock();
  const hanging = withDeadline(clock, 1_000, never, async (signal) => {
    await clock.sleep(5_000, signal);
    throw new Error('stopped');
  });
  await expect(hanging).rejects.toThrow(InterruptedError);
  await clock.sleep(10_000);
});

test('a deadline that was cleared does not fire', async () => {
  const clock = createMadeUpClock();
  const outer = new AbortController();
  const { signal, clear } = startDeadline(clock, 1_000, outer.signal);
  clear();
  outer.abort();
  await clock.sleep(5_000);
  expect(signal.aborted).toBe(false);
});

test('a sleep may be longer than one timer of Node’s, and ends with its signal', async () => {
  const over = new AbortController();
  let isOver = false;
  const sleeping = systemClock.sleep(40 * 24 * 3_600_000, over.signal).then(() => {
    isOver = true;
  });
  await systemClock.sleep(20);
  expect(isOver).toBe(false);
  over.abort();
  await sleeping;
});
