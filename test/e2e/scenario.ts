import { beforeAll } from '@jest/globals';
import { version } from '../../src/version.ts';
import { startStep, type RunningStep, type StepOptions, type StepResult } from '../runner/step.ts';
import { startSimulator } from '../simulator/server.ts';
import type { Phase, RecipeScript, Simulator, SimulatorOptions } from '../simulator/types.ts';

/** One step, run with the committed `dist` on a simulator of its own. */
export interface Scenario {
  readonly recipes: readonly RecipeScript[];
  readonly simulator?: SimulatorOptions;
  /** Inputs on top of recipes, keys, address and a poll interval of 1s. */
  readonly with?: StepOptions['with'];
  readonly env?: StepOptions['env'];
  /** Told when the step has started, to do what happens outside meanwhile. */
  readonly during?: (step: RunningStep, simulator: Simulator) => Promise<void>;
}

export interface Played extends StepResult {
  /** stdout and stderr with ids, times and ports made the same for every run. */
  readonly transcript: string;
  /** The simulator as it was when the step ended. */
  readonly jobs: ReturnType<Simulator['jobs']>;
  readonly requests: Simulator['requests'];
}

/** How far the service's clock goes at each look at a job: no real time is involved. */
const secondsPerLook = 2;

/** Plays a scenario to its end. */
export async function play(scenario: Scenario): Promise<Played> {
  const startMs = Date.now();
  let looks = 0;
  const simulator = await startSimulator({
    recipes: scenario.recipes,
    now: () => startMs + looks * secondsPerLook * 1000,
    log: (line) => {
      if (/ GET \/v1\/jobs/.test(line)) looks += 1;
    },
    ...scenario.simulator,
  });
  const step = startStep({
    with: {
      recipes: simulator.recipeUuids.join('\n'),
      'public-key': simulator.publicKey,
      'secret-key': simulator.secretKey,
      'api-url': simulator.url,
      'poll-interval': '1s',
      ...scenario.with,
    },
    ...(scenario.env && { env: scenario.env }),
  });
  try {
    await scenario.during?.(step, simulator);
  } catch (error) {
    // Nobody waits for the step any more, and it must not keep the run open.
    step.process.kill('SIGKILL');
    throw error;
  }
  const result = await step.done;
  await simulator.close();
  const jobs = simulator.jobs();
  const transcript = normalise(result, simulator.recipeUuids);
  return { ...result, transcript, jobs, requests: simulator.requests };
}

/**
 * Plays scenarios before the tests of a file, all at once: each mostly waits for its poll interval.
 * @returns what came of one, by its name
 */
export function playAll<Name extends string>(
  scenarios: Readonly<Record<Name, Scenario>>,
): (name: Name) => Played {
  const played = new Map<string, Played>();
  beforeAll(async () => {
    await Promise.all(
      Object.entries<Scenario>(scenarios).map(async ([name, scenario]) => {
        played.set(name, await play(scenario));
      }),
    );
  }, 120_000);
  return (name) => {
    const result = played.get(name);
    if (result === undefined) throw new Error(`${name} was not played`);
    return result;
  };
}

/** A life that passes through these statuses, a look each. */
export function life(...statuses: readonly (string | Phase)[]): readonly Phase[] {
  return statuses.map((status, index) => {
    const phase = typeof status === 'string' ? { status } : status;
    return index === statuses.length - 1 ? phase : { forMs: secondsPerLook * 1000, ...phase };
  });
}

/** Replaces what differs from run to run: ids, times, ports. */
function normalise(step: StepResult, recipeUuids: readonly string[]): string {
  const jobUuids = JSON.parse(step.outputs['job-uuids'] ?? '[]') as (string | null)[];
  const named = (text: string, uuids: readonly (string | null)[], name: string) =>
    uuids.reduce<string>(
      (done, uuid, index) => (uuid === null ? done : done.replaceAll(uuid, `${name}-${index + 1}`)),
      text,
    );
  return named(named(step.log, jobUuids, 'JOB'), recipeUuids, 'RECIPE')
    .replaceAll(/127\.0\.0\.1:\d+/g, 'HOST')
    .replaceAll(version, 'VERSION')
    .replaceAll(/\bcat_sim_[0-9a-f]+/g, 'TOKEN')
    .replaceAll(/^(?:\d+:)?\d\d:\d\d(?= {2})/gm, '<time>')
    .replaceAll(/\b(waited|ran|succeeded, in) (?:\d+[smh] ?)+/g, '$1 <time>')
    .replaceAll(/cook-[0-9a-f]{32}-[0-9a-f]{16}/g, 'cook-MARK');
}
