import { createHash } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';

const root = new URL('../', import.meta.url);
const hashFile = 'source-hash.txt';

const lockSchema = z.object({
  packages: z.record(
    z.string(),
    z.object({ dev: z.boolean().optional(), version: z.string().optional() }),
  ),
});

/** Hash of all that `dist` is made of: the sources, and the versions of the libraries. */
export function hashSources(): string {
  const hash = createHash('sha256');
  const files = globSync('src/**/*.{ts,sh}', { cwd: fileURLToPath(root) }).toSorted();
  for (const file of ['tsconfig.json', 'tsconfig.build.json', ...files]) {
    hash.update(`${file.replaceAll('\\', '/')}\0${read(file).replaceAll('\r', '')}\0`);
  }
  const { packages } = lockSchema.parse(JSON.parse(read('package-lock.json')));
  for (const [name, { dev, version }] of Object.entries(packages)) {
    // Its own entry has our version, which is not in the bundle.
    if (name !== '' && !dev) hash.update(`${name}@${version}\0`);
  }
  return hash.digest('hex');
}

/** Whether the committed `dist` was built from the sources as they are. By content: a fresh clone's file times say nothing. */
export function isDistFresh(): boolean {
  try {
    return read(`dist/${hashFile}`).trim() === hashSources();
  } catch {
    return false;
  }
}

/** Where a build notes the hash. */
export function hashFileIn(folder: string): URL {
  return new URL(`${folder}/${hashFile}`, root);
}

function read(file: string): string {
  return readFileSync(new URL(file, root), 'utf8');
}
