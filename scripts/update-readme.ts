import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';
import { fillTables } from './readme-tables.ts';

// Rewrites the tables of inputs and outputs in README.md and docs; with `--check`, fails unless they
// are what the action files give.
for (const page of ['README.md', ...globSync('docs/*.md')]) {
  const shown = readFileSync(page, 'utf8');
  const filled = fillTables(shown, (file) => readFileSync(file, 'utf8'));
  if (!filled.includes('<!-- end -->')) continue;
  // Prettier checks the page as well, so the tables have to look as it wants them.
  const fresh = await format(filled, { ...(await resolveConfig(page)), filepath: page });

  if (!process.argv.includes('--check')) {
    writeFileSync(page, fresh);
  } else if (fresh !== shown) {
    console.error(`The tables in ${page} are stale: run \`npm run readme\` and commit ${page}.`);
    process.exitCode = 1;
  }
}
