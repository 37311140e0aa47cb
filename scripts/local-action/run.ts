import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { startSimulator } from '../../test/simulator/server.ts';

// Cooks on the simulator with the sources as they are, by GitHub's own local runner, and checks that
// the job was created. npx fetches the runner: it is 330 MB, too large for a dependency.

const localAction = '@github/local-action@7.0.1';
const root = new URL('../..', import.meta.url);
const entries = 'scripts/local-action';
const envFile = 'build/local-action.env';

const simulator = await startSimulator({
  recipes: [
    { name: 'Local', life: [{ status: 'RUNNING', forMs: 3_000 }, { status: 'COMPLETED' }] },
  ],
});
mkdirSync(new URL('build', root), { recursive: true });
const inputs = {
  recipes: simulator.recipeUuids[0],
  'public-key': simulator.publicKey,
  'secret-key': simulator.secretKey,
  'api-url': simulator.url,
  'poll-interval': '1s',
  // It does not evaluate the expressions that are the defaults of these.
  'github-token': 'none',
  'matrix-index': '0',
};
const lines = Object.entries(inputs).map(([name, value]) => `INPUT_${name.toUpperCase()}=${value}`);
lines.push('GITHUB_STEP_SUMMARY=build/local-action-summary.md');
writeFileSync(new URL(envFile, root), `${lines.join('\n')}\n`);

const command = [
  '--yes',
  localAction,
  'run',
  '.',
  `${entries}/main.ts`,
  envFile,
  '--post',
  `${entries}/post.ts`,
];
const child = spawn('npx', command, { cwd: fileURLToPath(root), stdio: 'inherit', shell: true });
const exitCode = await new Promise<number | null>((resolve) => {
  child.once('close', resolve);
});
await simulator.close();

const statuses = simulator.jobs().map(({ status }) => status);
console.log(`exit code ${exitCode}, jobs: ${statuses.join(', ') || 'none'}`);
if (exitCode !== 0 || statuses.join() !== 'COMPLETED') process.exitCode = 1;
