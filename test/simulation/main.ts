import { parseArgs } from 'node:util';
// Loaded here, so that no life waits for a disk.
import 'js-yaml';
import { checkLife } from './checks.ts';
import { drawLife } from './life.ts';
import { playLife, type PlayedLife } from './play.ts';
import type { Violation } from './truth.ts';

// Plays whole lives of steps in made-up time, and checks after each what was promised.
//   npm run simulate -- --lives 10000          lives 1 to 10000
//   npm run simulate -- --seed 4711            one life, with its story
//   npm run simulate -- --seed 100..200        those lives

const { values } = parseArgs({
  options: {
    lives: { type: 'string', default: '2000' },
    seed: { type: 'string' },
    /** How many failing lives are told in full. */
    stories: { type: 'string', default: '1' },
    /** Prints a line of JSON for each failing life, and nothing else. */
    json: { type: 'boolean', default: false },
  },
});

const [first, last] = seedsOf();
const startedAtMs = performance.now();
const seedsByCheck = new Map<string, number[]>();
let failing = 0;
for (let seed = first; seed <= last; seed += 1) {
  const life = await playLife(drawLife(seed));
  const violations = checkLife(life);
  if (violations.length > 0) note(seed, life, violations);
  else if (first === last) tell(life, violations);
}
if (!values.json) summarize();
process.exitCode = failing > 0 ? 1 : 0;

function seedsOf(): readonly [number, number] {
  if (values.seed === undefined) return [1, Number(values.lives)];
  const [from = '1', to = from] = values.seed.split('..');
  return [Number(from), Number(to)];
}

function note(seed: number, life: PlayedLife, violations: readonly Violation[]): void {
  failing += 1;
  const checks = new Set(violations.map(({ check }) => check));
  for (const check of checks) seedsByCheck.set(check, [...(seedsByCheck.get(check) ?? []), seed]);
  if (values.json) console.log(JSON.stringify({ seed, checks: [...checks] }));
  else if (first === last || failing <= Number(values.stories)) tell(life, violations);
}

function tell({ plan, story }: PlayedLife, violations: readonly Violation[]): void {
  console.log(`Life ${plan.seed}`);
  console.log(JSON.stringify(plan, null, 1));
  for (const line of story.lines()) console.log(line);
  for (const { check, what } of violations) console.log(`✗ ${check}: ${what}`);
  console.log('');
}

function summarize(): void {
  const count = last - first + 1;
  const perSecond = Math.round((count / (performance.now() - startedAtMs)) * 1_000);
  console.log(`${count} lives, ${perSecond} a second, ${failing} failing`);
  for (const [check, seeds] of [...seedsByCheck].toSorted(([, a], [, b]) => b.length - a.length)) {
    console.log(`${String(seeds.length).padStart(6)} ${check}: ${seeds.slice(0, 8).join(' ')}`);
  }
}
