import { readdirSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { measureStart } from './start.ts';
import { median } from './statistics.ts';
import { measureCooks, measureInterrupt, measureMemory } from './steps.ts';
import { watchAsWeDo, watchEvery15s, type WatchFigures } from './watching.ts';

// Prints all figures; docs/performance.md explains them.

const minuteMs = 60_000;
const jobLengths = [
  ['30 s', 30_000],
  ['5 min', 5 * minuteMs],
  ['1 h', 60 * minuteMs],
  ['6 h', 360 * minuteMs],
] as const;

function table(title: string, rows: readonly Readonly<Record<string, string>>[]): void {
  console.log(`\n${title}`);
  console.table(rows);
}

async function start(): Promise<void> {
  const turns = 15;
  const { node, bareScript, action } = await measureStart(turns);
  const row = (what: string, ms: number) => ({
    what,
    'median, ms': ms.toFixed(0),
    'of bare Node': (ms / node).toFixed(2),
    'of the bare script': (ms / bareScript).toFixed(2),
  });
  table(`Start, ${turns} turns side by side`, [
    row('node -e 0, to its end', node),
    row('bare script, to the arrival of its cook', bareScript),
    row('the action, to the arrival of its first cook', action),
  ]);
}

function size(): void {
  const dist = fileURLToPath(new URL('../dist', import.meta.url));
  const bytes = readdirSync(dist).map((file) => statSync(`${dist}/${file}`).size);
  const mb = bytes.reduce((sum, each) => sum + each, 0) / 1_000_000;
  table('Size', [{ what: 'all of dist, un-minified', MB: mb.toFixed(2) }]);
}

async function cooks(): Promise<void> {
  const { first, hundredth } = await measureCooks();
  table('100 cooks at 50 ms latency, from the start of the process', [
    { what: 'first cook', ms: first.toFixed(0) },
    { what: '100th cook', ms: hundredth.toFixed(0) },
  ]);
}

function watchRow(job: string, who: string, figures: WatchFigures): Record<string, string> {
  return {
    Job: job,
    Who: who,
    'Status requests': figures.requests.toFixed(1),
    'Requests for 50 jobs': figures.requestsOf50.toFixed(0),
    'Mean lag, s': figures.meanLag.toFixed(2),
    'Worst lag, s': figures.worstLag.toFixed(2),
  };
}

async function watching(): Promise<void> {
  const rows = [];
  for (const [name, ms] of jobLengths) {
    rows.push(watchRow(name, 'this action', await watchAsWeDo(ms)));
    rows.push(watchRow(name, 'every 15 s', await watchEvery15s(ms)));
  }
  table('Watching jobs, in made-up time', rows);
}

async function memory(): Promise<void> {
  const rows = [];
  for (const count of [1, 50, 500]) {
    rows.push({ jobs: String(count), 'peak, MB': (await measureMemory(count)).toFixed(0) });
  }
  table('Peak memory of the process', rows);
}

async function interrupt(): Promise<void> {
  const times = [];
  for (let turn = 0; turn < 5; turn += 1) times.push(await measureInterrupt());
  table('From SIGINT to the arrival of the last of 5 cancels, at 50 ms latency, 5 turns', [
    { what: 'median', ms: median(times).toFixed(0) },
    { what: 'worst', ms: Math.max(...times).toFixed(0) },
  ]);
}

await start();
size();
await cooks();
await watching();
await memory();
await interrupt();
