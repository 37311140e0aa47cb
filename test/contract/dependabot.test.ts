import { globSync } from 'node:fs';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { parse } from 'yaml';
import * as z from 'zod';
import { projectFile } from './action-files.ts';

// Dependabot looks nowhere by itself: a folder that it is not told of grows old unnoticed.

const config = z.object({
  updates: z.array(
    z.object({
      'package-ecosystem': z.string(),
      directory: z.string().optional(),
      directories: z.array(z.string()).default([]),
    }),
  ),
});

function directoriesOf(ecosystem: string): readonly string[] {
  return config
    .parse(parse(projectFile('.github/dependabot.yml')))
    .updates.filter((update) => update['package-ecosystem'] === ecosystem)
    .flatMap(({ directory, directories }) => [...directories, ...(directory ? [directory] : [])])
    .toSorted();
}

/** Folders of files that hold something; GitHub's own workflows count as the root. */
function foldersOf(pattern: string, holds: (text: string) => boolean): readonly string[] {
  const cwd = fileURLToPath(new URL('../../', import.meta.url));
  const files = globSync([pattern, `.github/${pattern}`], {
    cwd,
    exclude: ['node_modules', 'build', 'dist'],
  }).map((file) => file.replaceAll('\\', '/'));
  const folders = files
    .filter((file) => holds(projectFile(file)))
    .map((file) => posix.join('/', posix.dirname(file)).replace('/.github/workflows', '/'));
  return [...new Set(folders)].toSorted();
}

test('every folder with a package.json is known', () => {
  expect(directoriesOf('npm')).toEqual(foldersOf('**/package.json', () => true));
});

test('every folder with an action pinned by its SHA is known', () => {
  const isPinned = (text: string) => /\buses: \S+@[0-9a-f]{40}\b/.test(text);
  expect(directoriesOf('github-actions')).toEqual(foldersOf('**/*.yml', isPinned));
});
