import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from '@jest/globals';
import { exampleRecipes } from './recipes.ts';

const main = fileURLToPath(new URL('main.ts', import.meta.url));

let program: ChildProcess | undefined;
afterEach(() => void program?.kill());

test('the program says where it is, logs its requests and ends when told to', async () => {
  const simulator = spawn(process.execPath, [main, '--generation', 'old']);
  program = simulator;
  const ended = once(simulator, 'close');
  const lines = createInterface(simulator.stdout)[Symbol.asyncIterator]();
  const start = JSON.parse(String((await lines.next()).value)) as { url: string };
  expect(start).toEqual({
    url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
    public_key: expect.stringMatching(/^pk_/),
    secret_key: expect.stringMatching(/^sk_/),
    recipe_uuids: exampleRecipes.map(({ uuid }) => uuid),
  });
  expect((await fetch(`${start.url}/v1/jobs?page=1`)).status).toBe(401);
  expect((await lines.next()).value).toMatch(/^\S+Z GET \/v1\/jobs\?page=1 401 \d+ ms$/);
  simulator.kill('SIGTERM');
  expect(await ended).toEqual([0, null]);
});
