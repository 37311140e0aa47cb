import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import 'js-yaml';
import { checkLife } from './checks.ts';
import { drawLife } from './life.ts';
import { mutants, type Mutant } from './mutant-list.ts';
import { playLife } from './play.ts';
import type { Failure } from './worker.ts';

// Shows that the tests have teeth: breaks a copy of the code in one way at a time, and plays lives
// with it until one keeps a promise no more that it keeps with the code as it is. What no life shows,
// a test has to.
//   npm run mutants                 all of them
//   npm run mutants -- 'policy'     those with this word in their name

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = join(root, 'build', 'mutants');
const maxLives = 20_000;
const jest = ['--experimental-vm-modules', join(root, 'node_modules/jest/bin/jest.js')];

const word = process.argv[2] ?? '';
const chosen = mutants.filter(({ name }) => name.includes(word));
let survivors = 0;
for (const mutant of chosen) {
  const caught = await hunt(mutant);
  if (caught === null) survivors += 1;
  const how = caught ?? 'NOT CAUGHT';
  console.log(`${mutant.name.padEnd(60)} ${how}`);
}
console.log(`${chosen.length - survivors} of ${chosen.length} mutants caught`);
process.exitCode = survivors > 0 ? 1 : 0;

/** @returns the test, or the first life that fails in what it keeps with the code as it is; else null */
async function hunt(mutant: Mutant): Promise<string | null> {
  const place = plant(mutant);
  try {
    return await (mutant.test === undefined ? playLives(place) : runTest(place, mutant.test));
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

async function runTest(place: string, test: string): Promise<string | null> {
  const file = join(place, 'test', test);
  const given = ['--config', join(root, 'jest.config.js'), '--rootDir', place, file];
  const child = spawn(process.execPath, [...jest, ...given], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let report = '';
  child.stderr.on('data', (text: Buffer) => (report += text.toString()));
  await new Promise((resolve) => void child.on('close', resolve));
  const [, name] = /^ +● (.*)$/m.exec(report) ?? [];
  return name === undefined ? null : `${test}: ${name}`;
}

async function playLives(place: string): Promise<string | null> {
  const main = join(place, 'test', 'simulation', 'main.ts');
  const child = spawn(process.execPath, [main, '--json', '--lives', String(maxLives)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      const { seed, checks } = JSON.parse(line) as Failure;
      const life = await playLife(drawLife(seed));
      const known = new Set(checkLife(life).map(({ check }) => check));
      const own = checks.filter((check) => !known.has(check));
      if (own.length > 0) return `seed ${seed}: ${own.join(', ')}`;
    }
    return null;
  } finally {
    child.kill();
  }
}

// Inside the project, so that it finds its packages.
function plant({ file, find, replace }: Mutant): string {
  const place = join(folder, String(process.pid));
  rmSync(place, { recursive: true, force: true });
  for (const part of ['src', 'test']) {
    mkdirSync(join(place, part), { recursive: true });
    cpSync(join(root, part), join(place, part), { recursive: true });
  }
  const path = join(place, 'src', file);
  const code = readFileSync(path, 'utf8');
  const count = code.split(find).length - 1;
  if (count !== 1) throw new Error(`${file} has ${count} places for: ${find}`);
  writeFileSync(
    path,
    code.replace(find, () => replace),
  );
  return place;
}
