import { setTimeout as wait } from 'node:timers/promises';

/** Waits so long, but keeps no program from ending. */
export async function sleep(ms: number): Promise<void> {
  await wait(ms, undefined, { ref: false });
}
