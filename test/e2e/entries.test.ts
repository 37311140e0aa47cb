import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { errorsIn } from '../runner/model.ts';
import { startEntry } from '../runner/step.ts';

const dist = fileURLToPath(new URL('../../dist', import.meta.url));

const errorsOf = (log: string) => errorsIn(log);

test('an entry that is not known fails, and says so once', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'entry-'));
  const file = join(folder, 'unknown.mjs');
  writeFileSync(file, `import ${JSON.stringify(join(dist, 'index.js'))};\n`);
  const { exitCode, log, outputs } = await startEntry(file).done;
  rmSync(folder, { recursive: true });
  expect({ exitCode, outputs }).toMatchObject({ exitCode: 1, outputs: { result: 'error' } });
  expect(errorsOf(log).map(({ message }) => message)).toEqual([
    expect.stringContaining('no entry unknown.mjs'),
  ]);
});

// With no input at all, each says what it misses; post has nothing to clean up.
test.each([
  ['index.js', 1, [/^recipes: is missing/m]],
  ['wait.js', 1, [/^job-uuids: is missing/]],
  ['cancel.js', 1, [/^job-uuids: is missing/]],
  ['check.js', 1, [/^public-key and secret-key: are empty/]],
  ['post.js', 0, []],
])('%s', async (entry, exitCode, errors) => {
  const step = await startEntry(join(dist, entry)).done;
  expect(step.exitCode).toBe(exitCode);
  expect(errorsOf(step.log).map(({ message }) => message)).toEqual(
    errors.map((each) => expect.stringMatching(each)),
  );
});

test('each entry of dist has been tried', () => {
  const entries = readdirSync(dist).filter((file) => /^[a-z]+\.js$/.test(file));
  expect(entries.toSorted()).toEqual(['cancel.js', 'check.js', 'index.js', 'post.js', 'wait.js']);
});

test('a runner without a file for outputs is told in words, without a stack trace', async () => {
  const inputs = { 'INPUT_PUBLIC-KEY': 'pk_1', 'INPUT_SECRET-KEY': 'sk_1' };
  const { exitCode, log } = await startEntry(join(dist, 'index.js'), {
    ...inputs,
    INPUT_RECIPES: '01a0114e-e7f8-4e76-a07a-f09fca41e2be',
    GITHUB_OUTPUT: '/nowhere/output',
  }).done;
  expect(exitCode).toBe(1);
  expect(errorsOf(log)).toEqual([
    {
      level: 'error',
      title: 'A file of the runner cannot be written',
      message: expect.stringMatching(/Missing file at path: \/nowhere\/output.*\n.*--user root/),
    },
  ]);
  expect(log).not.toMatch(/\n\s+at /);
});
