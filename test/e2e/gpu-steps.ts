import { startGpuService } from '../simulator/gpu-service.ts';
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
  const { simulator, close } = await startGpuService(
    (address) => {
      const life = [
        { status: 'RUNNING', forMs: 1_000 },
        { status: 'RUNNING', nodeUrls: [address] },
      ];
      return recipesOf({ life, hourlyRateUsd: 0.69 });
    },
    { tools: imageTools },
  );
  return { simulator, commitFiles, close };
}
