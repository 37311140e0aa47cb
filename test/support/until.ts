import { setTimeout as delay } from 'node:timers/promises';

// Much longer than anything takes on a busy machine: what never happens must not keep the run open.
const maxWaitMs = 60_000;

/** Waits until something has happened at the service or in the step. */
export async function until(happened: () => boolean): Promise<void> {
  const lookEveryMs = 10;
  const endMs = Date.now() + maxWaitMs;
  while (!happened()) {
    if (Date.now() > endMs) throw new Error(`did not happen: ${String(happened)}`);
    await delay(lookEveryMs);
  }
}
