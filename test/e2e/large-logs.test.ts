import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { until } from '../support/until.ts';
import { life, play, type Played } from './scenario.ts';
import { withoutTime } from '../support/log-lines.ts';

// Logs of a size that nobody reads: kept whole up to a bound, and shown in part.

const line = (number: number) =>
  `${String(number).padStart(9, '0')} ${'epoch 3/10, loss 0.123 '.repeat(10)}é\n`;
const numbered = (count: number, text: (number: number) => string) =>
  Array.from({ length: count }, (_, number) => text(number)).join('');

const logs = {
  '50 MB': numbered(206_000, line),
  'one line of 10 MB': `${'x'.repeat(10_000_000)}\nend\n`,
  '200,000 lines': numbered(200_000, (number) => `line ${number}\n`),
} as const;
type Name = keyof typeof logs;
const sizes = Object.keys(logs) as Name[];

const tooLarge = numbered(290_000, line);
const recipeOf = (text: string) => ({
  name: 'Verbose',
  life: life(
    { status: 'RUNNING', log: [{ atMs: 0, text: firstHalf(text) }] },
    { status: 'RUNNING', log: [{ atMs: 0, text: text.slice(firstHalf(text).length) }] },
    'COMPLETED',
  ),
});
const firstHalf = (text: string) => text.slice(0, text.length / 2);

const folder = mkdtempSync(join(tmpdir(), 'large-logs-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

// Has the process say at its end how much memory it took at most.
const preload = `data:text/javascript,${encodeURIComponent(
  "import{writeFileSync}from'node:fs';process.on('exit',()=>writeFileSync(process.env.PEAK_FILE,String(process.resourceUsage().maxRSS)))",
)}`;

const played = new Map<Name, Played & { readonly peakMb: number }>();

beforeAll(async () => {
  for (const name of sizes) {
    const file = join(folder, name);
    const env = { NODE_OPTIONS: `--import ${preload}`, PEAK_FILE: file };
    const result = await play({ recipes: [recipeOf(logs[name])], env });
    played.set(name, { ...result, peakMb: Number(readFileSync(file, 'utf8')) / 1024 });
  }
}, 120_000);

describe.each(sizes)('a log of %s', (name) => {
  const see = () => {
    const result = played.get(name);
    if (result === undefined) throw new Error(`${name} was not played`);
    return result;
  };

  test('is kept whole, and the job succeeds', () => {
    const { outputs, logFiles } = see();
    expect(outputs['result']).toBe('succeeded');
    // Not by `toEqual`, which would print it.
    expect(Object.values(logFiles)[0] === logs[name]).toBe(true);
  });

  test('is shown in part, its end included, with a word of what is not', () => {
    const lines = see().log.split('\n');
    expect(lines.length).toBeLessThan(20_200);
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(1_024);
    const last = logs[name].trimEnd().split('\n').at(-1);
    expect(lines.map(withoutTime)).toContain(`| ${last}`);
    expect(lines.join('\n')).toMatch(/…$|some lines are not shown/m);
  });

  test('takes memory within bounds', () => {
    // When garbage is collected moves it by 60 MB; one more copy of the log is 100 MB, and each look is one.
    expect(see().peakMb).toBeLessThan(800);
  });
});

test('of a log of 70 MB, what was read of it until then is kept, with one warning', async () => {
  const startMs = Date.now();
  let elapsedMs = 0;
  const { outputs, logFiles, log } = await play({
    recipes: [recipeOf(tooLarge)],
    simulator: { now: () => startMs + elapsedMs },
    during: async (step) => {
      await until(() => step.log().includes(line(0).slice(0, 40)));
      elapsedMs = 60_000;
    },
  });
  expect(outputs['result']).toBe('succeeded');
  expect(Object.values(logFiles)[0] === firstHalf(tooLarge)).toBe(true);
  const warnings = log.split('\n').filter((each) => each.startsWith('::warning'));
  expect(warnings).toEqual([expect.stringContaining('it is larger than 64 MiB')]);
}, 60_000);

afterAll(() => {
  const peaks = sizes.map((name) => `${name}: ${Math.round(played.get(name)?.peakMb ?? 0)} MB`);
  process.stdout.write(`Peak memory with a log of ${peaks.join(', ')}\n`);
});
