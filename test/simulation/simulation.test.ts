import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';

// In processes of their own: many lives are played much faster outside of a test's sandbox.

const root = fileURLToPath(new URL('../..', import.meta.url));
const node24 = join(root, 'node_modules', 'node', 'bin', 'node');

interface Ended {
  readonly code: number;
  readonly output: string;
}

async function simulate(...options: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const main = join(root, 'test', 'simulation', 'main.ts');
    execFile(node24, [main, ...options], { maxBuffer: 2 ** 28 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), output: stdout + stderr });
    });
  });
}

test('1,000 lives keep every promise', async () => {
  const { code, output } = await simulate('--lives', '1000');
  expect([code, output]).toEqual([0, expect.not.stringContaining('✗')]);
}, 420_000);

test.each([
  // In post, which has asked nothing of the service yet, two web pages looked like another host.
  '1460',
  '11091',
  // A job waited for failed for a minute, and its recipe has retries.
  '101676',
  // It failed, and the only cancel of it that was accepted was lost.
  '119902',
  // What a re-run took over was too dear, and was told as submitted.
  '119031',
  // One of several cancels met pages, and the others were tried for hours.
  '34916',
  // A cancel was refused between two runs, and the job had been restarted at the next read.
  '29295',
])(
  'life %s, in which a promise was broken, keeps every promise',
  async (seed) => {
    const { code, output } = await simulate('--seed', seed);
    expect([code, output]).toEqual([0, expect.not.stringContaining('✗')]);
  },
  60_000,
);

test('the same seed tells the same story', async () => {
  const [once, again] = await Promise.all([simulate('--seed', '4711'), simulate('--seed', '4711')]);
  const story = ({ output }: Ended) =>
    output.replace(/^.* a second.*$/m, '').replaceAll(/dispersed-\w{6}\//g, '');
  expect(story(once)).toContain('has ended');
  expect(story(again)).toBe(story(once));
}, 60_000);
