import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';

const script = fileURLToPath(new URL('../../src/ssh/gpu.sh', import.meta.url));

test('shellcheck has nothing to say about the script gpu', () => {
  // What the machine expands is quoted on purpose.
  const { status, stdout, error } = spawnSync('shellcheck', ['--exclude=SC2016', script], {
    encoding: 'utf8',
  });
  expect(error).toBeUndefined();
  expect([status, stdout]).toEqual([0, '']);
});
