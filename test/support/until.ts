import { setTimeout as delay } from 'node:timers/promises';

/** Waits until something has happened at the service or in the step. */
export async function until(happened: () => boolean): Promise<void> {
  const lookEveryMs = 10;
  while (!happened()) await delay(lookEveryMs);
}
