import { globSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const cwd = fileURLToPath(new URL('../../', import.meta.url));

/** The workflows that are there to be copied. */
export const exampleFiles: readonly string[] = globSync('examples/*.yml', { cwd })
  .map((file) => file.replaceAll('\\', '/'))
  .toSorted();

/** The project's own workflows. */
export const ownWorkflowFiles: readonly string[] = globSync('.github/workflows/*.yml', { cwd })
  .map((file) => file.replaceAll('\\', '/'))
  .toSorted();
