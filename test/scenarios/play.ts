import type { Clock } from '../../src/clock.ts';
import { cleanup } from '../../src/commands/post.ts';
import { cook } from '../../src/commands/cook.ts';
import type { Deps } from '../../src/deps.ts';
import { rememberingRunner, type RememberingRunner } from '../runner/in-process.ts';
import { fakeDeps, fastClock } from '../support/deps.ts';
import { startSimulator } from '../simulator/server.ts';
import type { RecipeScript, Simulator, SimulatorOptions } from '../simulator/types.ts';

/** How many times faster than the wall's the clock of the action and the service goes. */
export const speed = 100;

/** A step played in this process, on real sockets, in fast time. */
export interface Play {
  readonly recipes?: readonly RecipeScript[];
  readonly simulator?: SimulatorOptions;
  readonly inputs?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  /** The action's clock, where it differs from the service's. */
  readonly clock?: (service: Clock) => Clock;
  readonly command?: (deps: Deps) => Promise<void>;
  /** Plays the outside world. */
  readonly during?: (simulator: Simulator, interrupt: () => void) => Promise<void>;
  readonly withPost?: boolean;
  /** Main is as good as killed once `during` is over: post goes by what it had saved till then. */
  readonly isKilled?: boolean;
}

export interface Played {
  readonly main: RememberingRunner;
  readonly post: RememberingRunner;
  readonly simulator: Simulator;
  readonly statuses: readonly string[];
}

/** A recipe whose jobs complete, in the service's time. */
export const completing: RecipeScript = {
  name: 'Render',
  life: [
    { status: 'PENDING', forMs: 8_000 },
    { status: 'RUNNING', forMs: 12_000 },
    { status: 'COMPLETED' },
  ],
};

/** A recipe whose jobs run until they are cancelled. */
export const endless: RecipeScript = { name: 'Endless', life: [{ status: 'RUNNING' }] };

/** Plays a step, and its post entry if asked; closes the simulator. */
export async function play(scene: Play): Promise<Played> {
  const simulator = await openSimulator(scene);
  const played = await playOn(simulator, scene);
  await simulator.close();
  return played;
}

/** A simulator in fast time. */
export async function openSimulator({
  recipes = [completing],
  simulator = {},
}: Play): Promise<Simulator> {
  return startSimulator({ recipes, now: fastClock(speed).now, ...simulator });
}

/** Plays a step on a simulator that goes on afterwards. */
export async function playOn(simulator: Simulator, scene: Play): Promise<Played> {
  const clock = scene.clock?.(fastClock(speed)) ?? fastClock(speed);
  const inputs = {
    recipes: simulator.recipeUuids.join('\n'),
    'public-key': simulator.publicKey,
    'secret-key': simulator.secretKey,
    'api-url': simulator.url,
    'poll-interval': '4s',
    ...scene.inputs,
  };
  const interrupt = new AbortController();
  const main = rememberingRunner(inputs, new Map(), scene.env);
  const running = (scene.command ?? cook)(fakeDeps(main, clock, interrupt.signal));
  const endNow = () => {
    interrupt.abort();
  };
  try {
    await scene.during?.(simulator, endNow);
  } catch (error) {
    // Nobody waits for the step any more, and it must not keep the run open.
    endNow();
    throw error;
  }
  if (!scene.isKilled) await running;
  const post = rememberingRunner(inputs, new Map(main.kept), scene.env);
  if (scene.withPost ?? true) await cleanup(fakeDeps(post, clock));
  const statuses = simulator.jobs().map(({ status }) => status);
  interrupt.abort();
  await running;
  return { main, post, simulator, statuses };
}
