import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { fillTables } from './readme-tables.ts';

// Rewrites the tables in README.md; with `--check`, fails unless they are what the files give.
const readme = resolve('README.md');
const shown = readFileSync(readme, 'utf8');
const filled = fillTables(shown, (file) => readFileSync(file, 'utf8'));
// Prettier checks README.md as well, so the tables have to look as it wants them.
const fresh = await format(filled, { ...(await resolveConfig(readme)), filepath: readme });

if (!process.argv.includes('--check')) {
  writeFileSync(readme, fresh);
} else if (fresh !== shown) {
  console.error('The tables in README.md are stale: run `npm run readme` and commit README.md.');
  process.exitCode = 1;
}
