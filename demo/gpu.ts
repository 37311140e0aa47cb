import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { startPost, startStep } from '../test/runner/step.ts';
import { startGpuService } from '../test/simulator/gpu-service.ts';

// Steps on the GPU, on a machine that is really there: pushes code, trains for three seconds, and
// pulls the model, with the committed `dist` and the ssh of this computer.

const service = await startGpuService((address) => [
  {
    name: 'A machine with PyTorch',
    life: [
      { status: 'PENDING', forMs: 1_500 },
      { status: 'RUNNING', forMs: 1_500 },
      { status: 'RUNNING', nodeUrls: [address] },
    ],
    hourlyRateUsd: 0.69,
  },
]);

const root = mkdtempSync(join(tmpdir(), 'demo-gpu-'));
const [workspace, temp] = [join(root, 'workspace'), join(root, 'temp')];
for (const folder of [workspace, temp]) mkdirSync(folder);
writeFileSync(
  join(workspace, 'train.sh'),
  'for epoch in 1 2 3; do sleep 1; echo "epoch $epoch of 3"; done\nmkdir -p out && echo weights > out/model.bin\n',
);

const step = { with: service.inputs, env: { RUNNER_TEMP: temp } };
// Workflow commands and blank lines are not for people.
const show = (line: string) => {
  if (line === '' || line.startsWith('::')) return;
  console.log(`  ${line}`);
};

console.log('uses: dispersed-cook/dispersed-cook@v1, with ssh: true');
const main = await startStep({ ...step, onLine: show }).done;
const output = join(root, 'output');
writeFileSync(output, '');
const script = join(root, 'script');
writeFileSync(script, 'sh train.sh\necho "accuracy=0.93" >> "$GITHUB_OUTPUT"\n');
const commands = [['push', '.'], ['run', 'ls'], [script], ['pull', 'out']];
for (const command of commands) {
  console.log(`\ngpu ${command.join(' ').replace(script, '{0}')}`);
  const child = spawn('gpu', command, {
    cwd: workspace,
    env: {
      PATH: [...main.paths, process.env['PATH']].join(':'),
      GITHUB_ACTIONS: 'true',
      GITHUB_OUTPUT: output,
    },
  });
  for (const stream of [child.stdout, child.stderr]) createInterface(stream).on('line', show);
  const exitCode = await new Promise<number | null>((resolve) => child.once('close', resolve));
  if (exitCode !== 0) process.exitCode = 1;
}
console.log(`\nThe output of the step: ${readFileSync(output, 'utf8').trim()}`);
console.log(
  `The file in the workspace: ${readFileSync(join(workspace, 'out/model.bin'), 'utf8').trim()}`,
);
console.log('\nAt the end of the job');
await startPost({ ...step, onLine: show }, main.state).done;
await service.close();
rmSync(root, { recursive: true });
