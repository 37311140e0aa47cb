import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';

const script = fileURLToPath(new URL('../../src/ssh/gpu.sh', import.meta.url));

test('shellcheck has nothing to say about the script gpu', () => {
  // What the machine expands is quoted on purpose.
  const run = spawnSync('shellcheck', ['--exclude=SC2016', script], { encoding: 'utf8' });
  // CI installs it; elsewhere it is an offer.
  const isMissing = run.error !== undefined && !process.env['CI'];
  expect(isMissing ? '' : `${run.stdout}${run.error?.message ?? ''}`).toBe('');
});
