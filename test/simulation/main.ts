import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
// Loaded here, so that no life waits for a disk.
import 'js-yaml';
import { checkLife } from './checks.ts';
import { drawLife } from './life.ts';
import { playLife } from './play.ts';
import type { Failure, Range } from './worker.ts';

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

// Node keeps signals that were combined, and all that hangs on them, for as long as their thread lives.
const maxLivesPerThread = 250;

const { first, last } = rangeOf();
const startedAtMs = performance.now();
const seedsByCheck = new Map<string, number[]>();
let failing = 0;
if (first === last) await tell(first);
else await playInThreads();
if (!values.json) summarize();
process.exitCode = failing > 0 ? 1 : 0;

function rangeOf(): Range {
  if (values.seed === undefined) return { first: 1, last: Number(values.lives) };
  const [from = '1', to = from] = values.seed.split('..');
  return { first: Number(from), last: Number(to) };
}

async function playInThreads(): Promise<void> {
  let next = first;
  const notes: Promise<void>[] = [];
  const playOn = async () => {
    while (next <= last) {
      const range = { first: next, last: Math.min(last, next + maxLivesPerThread - 1) };
      next = range.last + 1;
      await playRange(range, (failure) => notes.push(note(failure)));
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, playOn));
  await Promise.all(notes);
}

async function playRange(range: Range, onFailure: (failure: Failure) => void): Promise<void> {
  const worker = new Worker(new URL('worker.ts', import.meta.url), { workerData: range });
  worker.on('message', onFailure);
  await new Promise((resolve, reject) => worker.on('exit', resolve).on('error', reject));
}

async function note({ seed, checks }: Failure): Promise<void> {
  failing += 1;
  for (const check of checks) seedsByCheck.set(check, [...(seedsByCheck.get(check) ?? []), seed]);
  if (values.json) console.log(JSON.stringify({ seed, checks }));
  else if (failing <= Number(values.stories)) await tell(seed);
}

/** Plays a life, and prints its plan, its story, and what is wrong in it. */
async function tell(seed: number): Promise<void> {
  const life = await playLife(drawLife(seed));
  const violations = checkLife(life);
  console.log(`Life ${seed}`);
  console.log(JSON.stringify(life.plan, null, 1));
  for (const line of life.story.lines()) console.log(line);
  for (const { check, what } of violations) console.log(`✗ ${check}: ${what}`);
  console.log('');
  if (first === last && violations.length > 0) failing = 1;
}

function summarize(): void {
  const count = last - first + 1;
  const perSecond = Math.round((count / (performance.now() - startedAtMs)) * 1_000);
  console.log(`${count} lives, ${perSecond} a second, ${failing} failing`);
  for (const [check, seeds] of [...seedsByCheck].toSorted(([, a], [, b]) => b.length - a.length)) {
    console.log(`${String(seeds.length).padStart(6)} ${check}: ${seeds.slice(0, 8).join(' ')}`);
  }
}
