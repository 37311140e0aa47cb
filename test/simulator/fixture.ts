import { call } from './client.ts';
import type { CallOptions, Reply } from './client.ts';
import { startSimulator } from './server.ts';
import type { Job, Simulator, SimulatorOptions } from './server.ts';

/** A simulator whose clock stands still until it is moved. */
export interface Stage {
  simulator: Simulator;
  /** A call that is signed at the time of the clock. */
  call: (method: string, target: string, options?: CallOptions) => Promise<Reply>;
  /** Cooks the first recipe and gives the job as it is now. */
  cook: (body?: unknown) => Promise<Job>;
  /** The first job as it is now. */
  job: () => Job | undefined;
  advance: (ms: number) => void;
}

/** When the clock starts. */
export const START_MS = Date.parse('2026-03-01T12:00:00.000Z');

const open: Simulator[] = [];

/** A new stage; `closeStages` ends it. */
export async function createStage(options: SimulatorOptions = {}): Promise<Stage> {
  let nowMs = START_MS;
  const simulator = await startSimulator({ now: () => nowMs, ...options });
  open.push(simulator);
  const callNow: Stage['call'] = (method, target, callOptions) =>
    call(simulator, method, target, { timeMs: nowMs, ...callOptions });
  return {
    simulator,
    call: callNow,
    cook: async (body = {}) => {
      await callNow('POST', `/v1/job-recipes/${simulator.recipeUuids[0]}/cook`, { body });
      const job = simulator.jobs().at(-1);
      if (job === undefined) throw new Error('nothing was cooked');
      return job;
    },
    job: () => simulator.jobs()[0],
    advance: (ms) => {
      nowMs += ms;
    },
  };
}

/** Closes every simulator that a stage has opened. */
export async function closeStages(): Promise<void> {
  await Promise.all(open.splice(0).map(async (simulator) => simulator.close()));
}
