import { execFileSync } from 'node:child_process';
import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { collectLicenses } from './licenses.ts';
import { hashFileIn, hashSources } from './source-hash.ts';

const root = new URL('..', import.meta.url);

/**
 * Compiles `src` and bundles it into `folder`, which is emptied first. The same sources and lock
 * file give the same bytes anywhere.
 * @param folder relative to the project's root
 */
export function bundle(folder: string): void {
  for (const each of [folder, 'build']) {
    rmSync(new URL(each, root), { recursive: true, force: true });
  }
  run('typescript/bin/tsc', '--project', 'tsconfig.build.json');
  const ncc = ['build', 'build/index.js', '--out', folder, '--no-cache', '--quiet'];
  run('@vercel/ncc/dist/ncc/cli.js', ...ncc, '--stats-out', 'build/stats.json');
  // The further entries of the actions: the name of the file says what the bundle is to do.
  for (const entry of ['wait', 'cancel', 'check', 'post']) {
    writeFileSync(new URL(`${folder}/${entry}.js`, root), "import './index.js';\n");
  }
  // The command that steps on the GPU run.
  copyFileSync(new URL('src/ssh/gpu.sh', root), new URL(`${folder}/gpu.sh`, root));
  writeFileSync(hashFileIn(folder), `${hashSources()}\n`);
  const stats: unknown = JSON.parse(readFileSync(new URL('build/stats.json', root), 'utf8'));
  writeFileSync(new URL(`${folder}/licenses.txt`, root), collectLicenses(stats, root));
}

function run(tool: string, ...args: readonly string[]): void {
  execFileSync(process.execPath, [`node_modules/${tool}`, ...args], {
    cwd: fileURLToPath(root),
    stdio: 'inherit',
  });
}
