import { startSimulator } from '../simulator/server.ts';
import { startSshNode } from '../simulator/ssh-node.ts';
import type { Simulator } from '../simulator/types.ts';
import { recipesOf } from './example.ts';

/** A service whose machine can be logged in to, and has an image with Python. */
export interface GpuStage {
  readonly simulator: Simulator;
  /** The code of the commit, by the path that the workflow finds it at. */
  readonly commitFiles: Readonly<Record<string, string>>;
  readonly close: () => Promise<void>;
}

const commitFiles = { './train.py': 'the code of this commit', './requirements.txt': '' };
const imageTools = {
  pip: ':',
  python:
    'echo "on the GPU: $*"; mkdir -p out; cp train.py out/model.bin; echo 0.93 > out/accuracy',
};

/** Opens the stage for examples with steps on the GPU. */
export async function openGpuStage(): Promise<GpuStage> {
  const known: { simulator?: Simulator } = {};
  const node = await startSshNode({
    tools: imageTools,
    authorizedKeys: () =>
      known.simulator?.jobs().flatMap((job) => job.parameters?.parameters.sshkey ?? []) ?? [],
  });
  const life = [
    { status: 'RUNNING', forMs: 1_000 },
    { status: 'RUNNING', nodeUrls: [node.address] },
  ];
  const simulator = await startSimulator({ recipes: recipesOf({ life, hourlyRateUsd: 0.69 }) });
  known.simulator = simulator;
  const close = async () => {
    await Promise.all([simulator.close(), node.close()]);
  };
  return { simulator, commitFiles, close };
}
