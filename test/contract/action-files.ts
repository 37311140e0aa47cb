import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = new URL('../../', import.meta.url);

/** The project's action files: of the main action and of those in folders beside it. */
export const actionFiles: readonly string[] = globSync(['action.yml', '*/action.yml'], {
  cwd: fileURLToPath(root),
  exclude: ['node_modules', 'build', 'dist'],
}).toSorted();

/** Reads a text file of the project. */
export function projectFile(file: string): string {
  return readFileSync(new URL(file, root), 'utf8');
}
