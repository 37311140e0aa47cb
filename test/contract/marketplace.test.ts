import { globSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { parse } from 'yaml';
import * as z from 'zod';
import { actionFiles, projectFile } from './action-files.ts';

// What GitHub asks of an action in its Marketplace, beyond the schema of its file.

const root = fileURLToPath(new URL('../../', import.meta.url));
const named = z.object({ name: z.string(), description: z.string() });

test('one action is at the root, under one name, and all others are in folders', () => {
  const files = globSync(['action.{yml,yaml}', '*/action.{yml,yaml}', 'Dockerfile'], {
    cwd: root,
    exclude: ['node_modules', 'build', 'dist'],
  });
  expect(files.toSorted()).toEqual(actionFiles);
  expect(actionFiles.filter((file) => !/[\\/]/.test(file))).toEqual(['action.yml']);
});

test('the actions have names of their own, which are no categories or features of GitHub', () => {
  const names = actionFiles.map((file) => named.parse(parse(projectFile(file))).name);
  expect(new Set(names).size).toBe(names.length);
  for (const name of names) expect(name).toMatch(/^Dispersed \w+$/);
});

test('there is a README and a licence', () => {
  expect(projectFile('README.md')).toMatch(/^# Dispersed Cook\n/);
  expect(projectFile('LICENSE')).toMatch(/^MIT License/);
});

test('what runs is committed, and small enough to be looked at', () => {
  const files = globSync('dist/*', { cwd: root });
  const bytes = files.reduce((sum, file) => sum + Buffer.byteLength(projectFile(file)), 0);
  expect(bytes).toBeLessThan(3_000_000);
  // Minified code has few lines, and long ones.
  expect(projectFile('dist/index.js').split('\n').length).toBeGreaterThan(10_000);
});
