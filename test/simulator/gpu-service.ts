import type { NodeUrl } from './resources.ts';
import { startSimulator } from './server.ts';
import { startSshNode, type SshNodeOptions } from './ssh-node.ts';
import type { RecipeScript, SimulatorOptions } from './types.ts';

/** How the service and its machine differ from those that are there at once. */
export interface GpuServiceOptions
  extends Pick<SimulatorOptions, 'now'>, Omit<SshNodeOptions, 'authorizedKeys'> {
  /** Whether the machine lets in the keys of the jobs; default true. */
  letsIn?: boolean;
}

/**
 * A service with a machine that lets in the keys of its jobs.
 * @param recipes made for the address of the machine
 */
export async function startGpuService(
  recipes: (address: NodeUrl) => readonly RecipeScript[],
  { now, letsIn = true, ...options }: GpuServiceOptions = {},
) {
  const node = await startSshNode({
    ...options,
    authorizedKeys: () =>
      letsIn ? simulator.jobs().flatMap((job) => job.parameters?.parameters.sshkey ?? []) : [],
  });
  const simulator = await startSimulator({
    recipes: recipes(node.address),
    ...(now !== undefined && { now }),
  });
  return {
    simulator,
    node,
    /** What a step for all recipes is given. */
    inputs: {
      recipes: simulator.recipeUuids.join('\n'),
      'public-key': simulator.publicKey,
      'secret-key': simulator.secretKey,
      'api-url': simulator.url,
      'poll-interval': '1s',
      task: 'PERSISTENT',
      ssh: 'true',
    },
    close: async () => {
      await Promise.all([simulator.close(), node.close()]);
    },
  };
}
