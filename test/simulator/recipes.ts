import type { CookFields, Recipe } from './resources.ts';
import type { Generation, LogChunk, Phase, RecipeScript } from './types.ts';

/** A recipe that is stored. */
export interface RecipeRecord {
  uuid: string;
  script: RecipeScript;
  createdAtMs: number;
}

const container: CookFields = {
  parameters: { type: 'docker', parameters: { image: 'ubuntu', tag: '24.04' } },
};

/** What a recipe sets: enough to be cooked as it is, unless its script says otherwise. */
export function payloadOf({ payload = {} }: RecipeScript): CookFields {
  const timeout = payload.task === 'PERSISTENT' ? null : 3_600_000;
  return { task: 'BATCH', max_timeout_run_ms: timeout, ...container, ...payload };
}

/** The recipe as the API shows it. */
export function recipeOf({ uuid, script }: RecipeRecord, generation: Generation): Recipe {
  const { allowed_region_codes, ...payload } = payloadOf(script);
  const regions = generation === 'new' && allowed_region_codes && { allowed_region_codes };
  return {
    object: 'job_recipe',
    uuid,
    name: script.name,
    description: script.description ?? null,
    visibility: 'private',
    payload: { ...payload, ...regions },
    is_official: false,
    is_owner: true,
    quickstart_md: null,
    input_schema: script.inputSchema ?? [],
    thumbnail_url: null,
    forked_from_recipe_uuid: null,
  };
}

/** Lines that the container prints one by one, `everyMs` apart. */
function lines(everyMs: number, ...texts: string[]): LogChunk[] {
  return texts.map((text, index) => ({ atMs: index * everyMs, text: `${text}\n` }));
}

const assigned: Phase = { status: 'ASSIGNED', forMs: 1000 };

const frames = lines(
  900,
  'Loading scene',
  'Frame 1 of 3',
  'Frame 2 of 3',
  'Frame 3 of 3',
  'dispersed-output: {"frames": 3}',
);

/** How the job of a recipe without a script of its own goes: about 6 s, then COMPLETED. */
export const successfulLife: readonly Phase[] = [
  { status: 'PENDING', forMs: 1000 },
  assigned,
  { status: 'RUNNING', forMs: 4000, log: frames },
  { status: 'COMPLETED' },
];

const failingLife: readonly Phase[] = [
  { status: 'PENDING', forMs: 1000 },
  assigned,
  {
    status: 'RUNNING',
    forMs: 2000,
    log: lines(
      900,
      'Loading checkpoint',
      'torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 20.00 GiB',
    ),
  },
  { status: 'FAILED', statusReason: 'Container exited with code 1' },
];

const serverLife: readonly Phase[] = [
  { status: 'PENDING', forMs: 1000 },
  assigned,
  {
    status: 'RUNNING',
    nodeUrls: [
      { description: 'ssh', hostname: 'node-1.example.net', port: 30_022, protocol: 'ssh' },
      {
        description: '8080',
        hostname: 'node-1.example.net',
        port: 30_080,
        protocol: 'https',
        tls: true,
      },
    ],
    log: lines(500, 'Listening on port 8080'),
  },
];

/** The recipes of a simulator that is told of none. */
export const exampleRecipes: readonly RecipeScript[] = [
  {
    uuid: '00000000-0000-4000-8000-000000000001',
    name: 'Render three frames',
    description: 'Succeeds in about 6 seconds',
    payload: { gpu_count: 1, min_vram_gb: 16 },
    life: successfulLife,
    hourlyRateUsd: 0.69,
  },
  {
    uuid: '00000000-0000-4000-8000-000000000002',
    name: 'Wait for a node',
    description: 'Is queued for 8 seconds, then succeeds',
    payload: { gpu_count: 8, gpu_name: 'H100' },
    life: [{ status: 'PENDING', forMs: 8000 }, ...successfulLife.slice(1)],
    hourlyRateUsd: 4.14,
  },
  {
    uuid: '00000000-0000-4000-8000-000000000003',
    name: 'Train on too small a GPU',
    description: 'Fails: out of memory',
    payload: { gpu_count: 1, min_vram_gb: 8 },
    life: failingLife,
    hourlyRateUsd: 0.35,
  },
  {
    uuid: '00000000-0000-4000-8000-000000000004',
    name: 'Inference server',
    description: 'Runs until it is cancelled',
    payload: {
      task: 'PERSISTENT',
      gpu_count: 1,
      parameters: {
        type: 'docker',
        parameters: { image: 'example/server', tag: 'latest', ports: [8080] },
      },
    },
    life: serverLife,
    hourlyRateUsd: 0.69,
  },
];
