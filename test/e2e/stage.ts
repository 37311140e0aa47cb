import { startPost, startStep, type RunningStep, type StepResult } from '../runner/step.ts';
import { startSimulator } from '../simulator/server.ts';
import type { RecipeScript, Simulator, SimulatorOptions } from '../simulator/types.ts';

// A stage for scenes in which several things happen at once: a service, and steps with their post
// entries, all with the committed `dist` over real sockets and in real time.

export interface StepInputs {
  readonly action?: string;
  readonly with?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** A step on the stage. */
export interface StagedStep extends RunningStep {
  /** Runs the post entry with what main has kept. */
  readonly post: () => Promise<StepResult>;
}

export interface Stage {
  readonly simulator: Simulator;
  readonly start: (inputs?: StepInputs) => StagedStep;
  /** Statuses of the jobs that steps have cooked, oldest first. */
  readonly statuses: () => readonly string[];
  /** How many requests of a method, to a path that starts so, have arrived. */
  readonly count: (method: string, path?: string) => number;
}

/** Jobs that run until they are cancelled. */
export const endless: RecipeScript = { name: 'Endless', life: [{ status: 'RUNNING' }] };

/** Jobs that complete within a second or two. */
export const short: RecipeScript = {
  name: 'Short',
  life: [{ status: 'RUNNING', forMs: 1_500 }, { status: 'COMPLETED' }],
};

/** Opens a stage, has a scene played on it, and closes it. */
export async function onStage<T>(
  options: SimulatorOptions,
  scene: (stage: Stage) => Promise<T>,
): Promise<T> {
  const simulator = await startSimulator(options);
  const start = ({ with: given, env, action }: StepInputs = {}): StagedStep => {
    const step = {
      ...(action !== undefined && { action }),
      ...(env && { env }),
      with: {
        ...(action === undefined && { recipes: simulator.recipeUuids.join('\n') }),
        'public-key': simulator.publicKey,
        'secret-key': simulator.secretKey,
        'api-url': simulator.url,
        ...(action !== 'check' && action !== 'cancel' && { 'poll-interval': '1s' }),
        ...given,
      },
    };
    const running = startStep(step);
    const post = async () => startPost(step, (await running.done).state).done;
    return { ...running, post };
  };
  const isOurs = ({ description }: { description: string | null }) =>
    description?.includes('[cook-') ?? false;
  try {
    return await scene({
      simulator,
      start,
      statuses: () =>
        simulator
          .jobs()
          .filter(isOurs)
          .map(({ status }) => status),
      count: (method, path = '/') =>
        simulator.requests.filter((each) => each.method === method && each.path.startsWith(path))
          .length,
    });
  } finally {
    await simulator.close();
  }
}
