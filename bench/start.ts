import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { runStep } from '../test/runner/step.ts';
import { startSimulator } from '../test/simulator/server.ts';
import type { Simulator } from '../test/simulator/types.ts';
import { median } from './statistics.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const node24 = join(root, 'node_modules', 'node', 'bin', 'node');

/** Times in ms, the medians of all turns. */
export interface StartFigures {
  /** `node -e 0`, from start to end. */
  readonly node: number;
  /** The bare script, from start to the arrival of its cook. */
  readonly bareScript: number;
  /** The action, from start to the arrival of its first cook. */
  readonly action: number;
}

/** Measures the start side by side, in turns: machines are noisy, and what is compared shares the noise. */
export async function measureStart(turns: number): Promise<StartFigures> {
  const simulator = await startSimulator({
    recipes: [{ name: 'Bench', life: [{ status: 'COMPLETED' }] }],
  });
  const times = { node: [] as number[], bareScript: [] as number[], action: [] as number[] };
  for (let turn = 0; turn < turns; turn += 1) {
    times.node.push(await run(['-e', '0'], {}));
    times.bareScript.push(await untilCook(simulator, async () => runBare(simulator)));
    times.action.push(await untilCook(simulator, async () => runAction(simulator)));
  }
  await simulator.close();
  return {
    node: median(times.node),
    bareScript: median(times.bareScript),
    action: median(times.action),
  };
}

async function run(args: readonly string[], env: Record<string, string>): Promise<number> {
  const startedAt = performance.now();
  await new Promise((resolve) => {
    spawn(node24, args, { stdio: 'ignore', env }).once('close', resolve);
  });
  return performance.now() - startedAt;
}

async function runBare({ url, recipeUuids, publicKey, secretKey }: Simulator): Promise<void> {
  await run([join(root, 'bench', 'bare-cook.mjs')], {
    API_URL: url,
    RECIPE: recipeUuids[0] ?? '',
    PUBLIC_KEY: publicKey,
    SECRET_KEY: secretKey,
  });
}

async function runAction({ url, recipeUuids, publicKey, secretKey }: Simulator): Promise<void> {
  await runStep({
    with: {
      recipes: recipeUuids[0] ?? '',
      'public-key': publicKey,
      'secret-key': secretKey,
      'api-url': url,
      wait: 'false',
    },
  });
}

async function untilCook({ requests }: Simulator, start: () => Promise<void>): Promise<number> {
  const before = requests.length;
  const startedAt = Date.now();
  await start();
  const cook = requests.slice(before).find(({ method }) => method === 'POST');
  if (cook === undefined) throw new Error('no cook arrived');
  return cook.atMs - startedAt;
}
