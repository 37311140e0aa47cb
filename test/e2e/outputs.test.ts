import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, jest, test } from '@jest/globals';
import { errorsIn } from '../runner/model.ts';
import type { StepResult } from '../runner/step.ts';
import { onStage, short } from './stage.ts';

// The outputs, as the steps after it read them.

jest.setTimeout(60_000);

const folder = mkdtempSync(join(tmpdir(), 'outputs-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const isJson = (outputs: StepResult['outputs'], names: readonly string[]) =>
  names.map((name) => [name, JSON.parse(outputs[name] ?? '') !== undefined]);
const jsonOutputs = ['job-uuids', 'jobs', 'node-urls', 'results'];

// `env: JOBS: ${{ steps.cook.outputs.jobs }}` in the step after it.
test.concurrent(
  '400 jobs from a file: the list fits into an environment variable, and the file has all of it',
  async () => {
    const payload = { gpu_count: 1, gpu_name: 'RTX 4090' };
    const recipe = { ...short, name: `Shard ${'x'.repeat(200)}`, payload };
    await onStage({ recipes: [recipe] }, async ({ start, simulator }) => {
      const list = join(folder, 'list.json');
      const [uuid] = simulator.recipeUuids;
      const entries = Array.from({ length: 400 }, (_, shard) => ({ uuid, env: { SHARD: shard } }));
      writeFileSync(list, JSON.stringify(entries));
      const given = { recipes: '', 'recipes-file': list, wait: 'false' };
      const step = start({ with: given, env: { RUNNER_TEMP: folder } });
      const { exitCode, outputs } = await step.done;
      expect(exitCode).toBe(0);
      const jobs = outputs['jobs'] ?? '';
      const read = execFileSync('sh', ['-c', 'printf %s "$JOBS" | wc -c'], { env: { JOBS: jobs } });
      expect(Number(read)).toBe(Buffer.byteLength(jobs));
      const told = JSON.parse(jobs) as readonly Readonly<Record<string, unknown>>[];
      expect(told).toHaveLength(400);
      expect(Object.keys(told[0] ?? {})).toEqual(['job_uuid', 'title', 'status', 'result']);
      const full = JSON.parse(readFileSync(outputs['jobs-path'] ?? '', 'utf8')) as typeof told;
      expect(full.map((job) => job['job_uuid'])).toEqual(told.map((job) => job['job_uuid']));
      expect(full[0]).toMatchObject({
        recipe_uuid: uuid,
        gpu_name: 'RTX 4090',
        results: {},
      });
    });
  },
);

test.concurrent(
  'after a cook of nothing, cancel has nothing to do, and wait has nothing to wait for',
  async () => {
    await onStage({ recipes: [short] }, async ({ start, count }) => {
      const given = (uuids: string) => ({ with: { 'job-uuids': uuids } });
      const cook = await start({ with: { timeout: '5' } }).done;
      expect(isJson(cook.outputs, jsonOutputs).every(([, is]) => is)).toBe(true);
      const uuids = cook.outputs['job-uuids'] ?? '';
      expect(uuids).toBe('[]');
      const canceled = await start({ action: 'cancel', ...given(uuids) }).done;
      expect([canceled.exitCode, errorsIn(canceled.log)]).toEqual([0, []]);
      const waited = await start({ action: 'wait', ...given(uuids) }).done;
      expect(waited.exitCode).toBe(1);
      expect(errorsIn(waited.log).map(({ message }) => message)).toEqual([
        expect.stringMatching(/^job-uuids: has no job to wait for/),
      ]);
      for (const { outputs } of [canceled, waited])
        expect(isJson(outputs, jsonOutputs).every(([, is]) => is)).toBe(true);
      expect(count('GET') + count('PUT')).toBe(0);

      const one = await start({ with: { wait: 'false' } }).done;
      const withNull = JSON.stringify([null, one.outputs['job-uuid']]);
      const found = await start({ action: 'wait', ...given(withNull) }).done;
      expect([found.exitCode, found.outputs['result']]).toEqual([0, 'succeeded']);
      expect(JSON.parse(found.outputs['job-uuids'] ?? '')).toEqual([one.outputs['job-uuid']]);
    });
  },
);
