import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { runStep, type StepResult } from '../test/runner/step.ts';
import { findCommands } from '../test/runner/commands.ts';
import { startSimulator } from '../test/simulator/server.ts';
import type { OfferScript } from '../test/simulator/offers.ts';
import type { RecipeScript } from '../test/simulator/types.ts';

// Cooks three recipes on the simulator with the committed `dist`, as GitHub's runner would, and
// shows what a person would see.

const hardware = { gpu_count: 1, gpu_name: 'RTX 4090', cpu_count: 8, min_vram_gb: 24 };

const recipes: readonly RecipeScript[] = [
  {
    name: 'Render frame 0001',
    payload: hardware,
    life: [
      { status: 'PENDING', forMs: 1_500 },
      { status: 'ASSIGNED', forMs: 1_500 },
      {
        status: 'RUNNING',
        forMs: 4_000,
        log: [
          { atMs: 200, text: 'loading scene.blend\n' },
          { atMs: 1_500, text: 'frame 1: 128 of 256 samples\n' },
          {
            atMs: 3_500,
            text: 'frame 1: saved\ndispersed-output: {"frames": 1, "seconds": 3.3}\n',
          },
        ],
      },
      { status: 'COMPLETED' },
    ],
    hourlyRateUsd: 0.69,
  },
  {
    name: 'Train, queued for a while',
    payload: { ...hardware, gpu_count: 4 },
    life: [
      { status: 'PENDING', forMs: 7_000 },
      { status: 'ASSIGNED', forMs: 1_500 },
      { status: 'RUNNING', forMs: 2_500 },
      { status: 'COMPLETED' },
    ],
    hourlyRateUsd: 2.76,
  },
  {
    name: 'Inference that runs out of memory',
    payload: hardware,
    life: [
      { status: 'PENDING', forMs: 1_000 },
      {
        status: 'RUNNING',
        forMs: 4_000,
        log: [
          { atMs: 500, text: 'loading checkpoint shards: 3 of 3\n' },
          {
            atMs: 3_000,
            text: 'Traceback (most recent call last):\n  File "generate.py", line 41\n',
          },
          {
            atMs: 3_000,
            text: 'torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 14.5 GiB\n',
          },
        ],
      },
      { status: 'FAILED', statusReason: 'container exited with code 1: CUDA out of memory' },
    ],
    hourlyRateUsd: 0.69,
  },
];

const offers: readonly OfferScript[] = [
  { gpu: 'RTX 3090', hourlyRateUsd: 0.35 },
  { gpu: 'RTX 4090', hourlyRateUsd: 0.69 },
  { gpu: 'RTX 4090', gpuCount: 4, cpuCores: 48, ramGib: 256, hourlyRateUsd: 2.76 },
];

const bold = (text: string) => `\u001b[1m${text}\u001b[0m`;
const red = (text: string) => `\u001b[31m${text}\u001b[0m`;
const heading = (text: string) => {
  console.log(`\n${bold(`── ${text} ${'─'.repeat(Math.max(0, 76 - text.length))}`)}`);
};

/** A line of the log as GitHub shows it: commands are taken out, annotations are colored. */
function showLine(line: string): void {
  const [command] = findCommands(line);
  if (command === undefined) {
    console.log(line);
  } else if (['error', 'warning', 'notice'].includes(command.name)) {
    const title = command.properties['title'] ?? '';
    console.log(red(`${command.name[0]?.toUpperCase()}${command.name.slice(1)}: ${title}`));
    console.log(command.message.replaceAll(/^/gm, '       '));
  }
}

function showResult(step: StepResult): void {
  heading(
    `Outputs (the step ${step.exitCode === 0 ? 'passed' : 'failed, as it should: one job did'})`,
  );
  for (const [name, value] of Object.entries(step.outputs)) console.log(`${name}=${value}`);
  heading('Job summary (demo/summary.md)');
  console.log(step.summary);
  heading('The real thing');
  console.log(`The same files run in a workflow. Two things differ there: public-key and secret-key come
from your Dispersed account by way of secrets, and api-url keeps its default,
https://api.dispersed.com. Nothing was sent to the real service just now.`);
}

const simulator = await startSimulator({ recipes, offers });
heading('Log of the step');
const step = await runStep({
  with: {
    recipes: simulator.recipeUuids.join('\n'),
    'public-key': simulator.publicKey,
    'secret-key': simulator.secretKey,
    'api-url': simulator.url,
    'poll-interval': '1s',
  },
  onLine: showLine,
});
await simulator.close();
writeFileSync(fileURLToPath(new URL('summary.md', import.meta.url)), step.summary);
showResult(step);
process.exitCode = step.outputs['result'] === 'failed' ? 0 : 1;
