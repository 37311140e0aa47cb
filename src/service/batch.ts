import type { Clock } from '../clock.ts';
import { asError } from '../errors.ts';

interface Asker<T> {
  readonly key: string;
  readonly dueAtMs: number;
  readonly resolve: (value: T | null) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Reads for many who each ask for one, all that are due together, one read after the other. Times are
 * on the monotonic clock, in ms.
 * @param notBeforeMs when the next read may begin
 * @param read its signal fires when nobody waits for it any more
 * @returns what is read for a key; null when the asker's signal fires
 */
export function createBatches<T>(
  clock: Clock,
  notBeforeMs: () => number,
  read: (keys: readonly string[], signal: AbortSignal) => Promise<ReadonlyMap<string, T>>,
) {
  const askers = new Set<Asker<T>>();
  let isRunning = false;
  let nextAtMs = 0;
  let wake = new AbortController();
  // A read that nobody waits for any more would hold up the next one.
  let reading = { batch: [] as readonly Asker<T>[], idle: new AbortController() };

  const readDue = async () => {
    const nowMs = clock.monotonicMs();
    const batch = [...askers].filter(({ dueAtMs }) => dueAtMs <= nowMs);
    reading = { batch, idle: new AbortController() };
    try {
      const keys = new Set(batch.map(({ key }) => key));
      const values = await read([...keys], reading.idle.signal);
      for (const { key, resolve } of batch) resolve(values.get(key) ?? null);
    } catch (error) {
      for (const { reject } of batch) reject(asError(error));
    }
    for (const asker of batch) askers.delete(asker);
  };

  const run = async () => {
    isRunning = true;
    while (askers.size > 0) {
      nextAtMs = Math.max(notBeforeMs(), Math.min(...[...askers].map((asker) => asker.dueAtMs)));
      const waitMs = nextAtMs - clock.monotonicMs();
      if (waitMs > 0) await clock.sleep(waitMs, wake.signal);
      else await readDue();
      if (wake.signal.aborted) wake = new AbortController();
    }
    isRunning = false;
  };

  return async (key: string, dueAtMs: number, signal: AbortSignal): Promise<T | null> => {
    if (signal.aborted) return null;
    const { promise, resolve, reject } = Promise.withResolvers<T | null>();
    const asker = { key, dueAtMs, resolve, reject };
    const leave = () => {
      askers.delete(asker);
      resolve(null);
      if (reading.batch.every((other) => !askers.has(other))) reading.idle.abort();
      // A pause that nobody needs any more would keep the process from ending.
      if (askers.size === 0) wake.abort();
    };
    askers.add(asker);
    signal.addEventListener('abort', leave);
    if (!isRunning) void run();
    else if (dueAtMs < nextAtMs) wake.abort();
    return promise.finally(() => {
      signal.removeEventListener('abort', leave);
    });
  };
}
