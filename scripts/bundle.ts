import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * Compiles `src` and bundles it into `folder`, which is emptied first. The same sources and lock
 * file give the same bytes anywhere.
 * @param folder relative to the project's root
 */
export function bundle(folder: string): void {
  rmSync(new URL(`../${folder}`, import.meta.url), { recursive: true, force: true });
  rmSync(new URL('../build', import.meta.url), { recursive: true, force: true });
  run('typescript/bin/tsc', '--project', 'tsconfig.build.json');
  run(
    '@vercel/ncc/dist/ncc/cli.js',
    'build',
    'build/index.js',
    '--out',
    folder,
    '--license',
    'licenses.txt',
    '--no-cache',
    '--quiet',
  );
}

function run(tool: string, ...args: readonly string[]): void {
  execFileSync(process.execPath, [`node_modules/${tool}`, ...args], {
    cwd: root,
    stdio: 'inherit',
  });
}
