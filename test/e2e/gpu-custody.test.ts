import { existsSync, mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { startPost, startStep, type RunningStep } from '../runner/step.ts';
import { startGpuService } from '../simulator/gpu-service.ts';
import { until } from '../support/until.ts';

// A step that is to log in to its machine, and is ended in the middle of it: neither the job nor the
// key may be left.

type Stage = 'while the machine comes up' | 'once a login works';

async function playEnded(stage: Stage, end: (main: RunningStep) => void) {
  const isReady = stage === 'once a login works';
  const { simulator, inputs, close } = await startGpuService(
    (address) => [{ name: 'Base', life: [{ status: 'RUNNING', nodeUrls: [address] }] }],
    { letsIn: isReady },
  );
  const temp = mkdtempSync(join(tmpdir(), 'gpu-custody-'));
  const step = { with: inputs, env: { RUNNER_TEMP: temp } };
  const main = startStep(step);
  const hasKey = () => readdirSync(temp).some((name) => existsSync(join(temp, name, 'id_ed25519')));
  await until(() => main.log().includes('not ready  login over ssh') || isReady);
  const hadKey = hasKey();
  if (!isReady) end(main);
  const { state, exitCode } = await main.done;
  const post = await startPost(step, state).done;
  const statuses = simulator.jobs().map(({ status }) => status);
  await close();
  return { exitCode, statuses, hadKey, hasKey: hasKey(), post: post.log };
}

describe('neither job nor key is left', () => {
  test.concurrent('of a step that is interrupted', async () => {
    const played = await playEnded('while the machine comes up', ({ process }) => {
      process.kill('SIGINT');
    });
    expect(played).toMatchObject({
      statuses: ['CANCELLED'],
      hadKey: true,
      hasKey: false,
      exitCode: 1,
    });
  });

  test.concurrent('of a step that is killed', async () => {
    const played = await playEnded('while the machine comes up', ({ process }) => {
      process.kill('SIGKILL');
    });
    expect(played).toMatchObject({
      statuses: ['CANCELLED'],
      hadKey: true,
      hasKey: false,
      exitCode: null,
    });
  });

  test.concurrent('of a step that has passed, when the job ends, whatever came after', async () => {
    const played = await playEnded('once a login works', () => {});
    expect(played).toMatchObject({ statuses: ['CANCELLED'], hasKey: false, exitCode: 0 });
    expect(played.post).toMatch(/was canceled/);
  });
});
