import { execFile, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, describe, expect, test } from '@jest/globals';
import { startSimulator } from '../simulator/server.ts';
import type { Generation, RecipeScript, Simulator } from '../simulator/server.ts';

const client = fileURLToPath(new URL('client.py', import.meta.url));
const hasPython = spawnSync('python3', ['--version']).status === 0;
const describeWithPython = hasPython ? describe : describe.skip;
if (!hasPython) console.warn('The Python client is not tested: there is no python3 here.');

const recipe: RecipeScript = {
  name: 'Render',
  life: [{ status: 'RUNNING', log: [{ atMs: 0, text: 'Bücher\n' }] }],
};

let simulator: Simulator | undefined;
afterEach(() => simulator?.close());

async function whatPythonSees(generation: Generation): Promise<unknown> {
  simulator = await startSimulator({ generation, recipes: [recipe] });
  const options = {
    '--url': simulator.url,
    '--public-key': simulator.publicKey,
    '--secret-key': simulator.secretKey,
    '--recipe': String(simulator.recipeUuids[0]),
  };
  const env = { ...process.env, no_proxy: '127.0.0.1' };
  const args = [client, ...Object.entries(options).flat()];
  const { stdout } = await promisify(execFile)('python3', args, { env });
  return JSON.parse(stdout);
}

describeWithPython('a client in Python', () => {
  test.each(['new', 'old'] as const)(
    'cooks, follows and cancels a job of the %s generation',
    async (generation) => {
      const seen = await whatPythonSees(generation);
      const cooked = simulator?.jobs()[0];
      const job = { uuid: cooked?.uuid, title: 'Café 😀 日本語', cpu_count: 4 };
      expect(seen).toMatchObject({
        recipe: { status: 200, body: { object: 'job_recipe', name: 'Render' } },
        cook: {
          status: 200,
          body: { object: 'job', source_recipe_uuid: expect.any(String), ...job },
        },
        job: { status: 200, body: { status: 'RUNNING', created_at: cooked?.created_at, ...job } },
        jobs: { status: 200, body: { data: [job], limit: 10, page: 1, total: 1 } },
        runs: { status: 200, body: { data: [{ object: 'job_run', status: 'RUNNING' }], total: 1 } },
        run: { status: 200, body: { job_uuid: cooked?.uuid, logs: 'Bücher\n' } },
        cancel: { status: 200, body: { status: 'CANCELLED', status_reason: 'Seen enough ✓' } },
        refused: {
          status: 422,
          body: { error: { message: expect.stringContaining('cpu_count') } },
        },
      });
    },
  );

  test('sends its query unsorted and signs it sorted', async () => {
    await whatPythonSees('new');
    const listed = simulator?.requests.find(({ path }) => path === '/v1/jobs');
    expect(listed).toMatchObject({ status: 200, search: expect.stringMatching(/^sort=.*&limit=/) });
  });
});
