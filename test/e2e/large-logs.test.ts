import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { life, play, type Played } from './scenario.ts';

// Logs of a size that nobody reads: kept whole, shown in part, and never held in memory.

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
    const text = logs[name];
    const half = text.slice(0, text.length / 2);
    const recipe = {
      name: 'Verbose',
      life: life(
        { status: 'RUNNING', log: [{ atMs: 0, text: half }] },
        { status: 'RUNNING', log: [{ atMs: 0, text: text.slice(half.length) }] },
        'COMPLETED',
      ),
    };
    const env = { NODE_OPTIONS: `--import ${preload}`, PEAK_FILE: file };
    const result = await play({ recipes: [recipe], env });
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
    expect(lines).toContain(`  | ${last}`);
    expect(lines.join('\n')).toMatch(/more characters|lines are not shown/);
  });

  test('takes no memory to speak of', () => {
    expect(see().peakMb).toBeLessThan(150);
  });
});

afterAll(() => {
  const peaks = sizes.map((name) => `${name}: ${Math.round(played.get(name)?.peakMb ?? 0)} MB`);
  process.stdout.write(`Peak memory with a log of ${peaks.join(', ')}\n`);
});
