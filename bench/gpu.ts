import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createSshFolder } from '../src/ssh/folder.ts';
import { startSshNode } from '../test/simulator/ssh-node.ts';

// What `gpu push` and `gpu pull` cost beside `tar | ssh tar` by hand: 200 MB in 5,000 files, in turns.

const rounds = 3;
const script = fileURLToPath(new URL('../src/ssh/gpu.sh', import.meta.url));
const folder = createSshFolder(mkdtempSync(join(tmpdir(), 'bench-gpu-')), 'duser', script);
const node = await startSshNode({ authorizedKeys: () => [folder.publicKey] });
folder.addHost('gpu', node.address);

const workspace = mkdtempSync(join(tmpdir(), 'bench-gpu-'));
for (let place = 0; place < 50; place += 1) {
  const part = join(workspace, 'data', `part ${place}`);
  mkdirSync(part, { recursive: true });
  for (let file = 0; file < 100; file += 1)
    writeFileSync(join(part, `${file}`), randomBytes(40_000));
}

const ssh = `ssh -F '${folder.config}' gpu`;
const ways = {
  'gpu push': 'gpu push data',
  'push by hand': `tar -cf - data | ${ssh} 'mkdir -p ~/work && tar -C ~/work -xf -'`,
  'gpu pull': 'gpu pull data --to there',
  'pull by hand': `mkdir -p there && ${ssh} 'tar -C ~/work -cf - data' | tar -C there -xf -`,
} as const;
type Way = keyof typeof ways;

async function measure(way: Way): Promise<number> {
  rmSync(way.includes('push') ? join(node.home, 'work') : join(workspace, 'there'), {
    recursive: true,
    force: true,
  });
  const env = { ...process.env, PATH: `${folder.bin}:${process.env['PATH']}` };
  const startMs = performance.now();
  const child = spawn('bash', ['-o', 'pipefail', '-c', ways[way]], { cwd: workspace, env });
  const code = await new Promise((resolve) => child.once('close', resolve));
  if (code !== 0) throw new Error(`${way} ended with ${String(code)}`);
  return performance.now() - startMs;
}

const times = new Map<Way, number[]>();
const names: readonly Way[] = ['gpu push', 'push by hand', 'gpu pull', 'pull by hand'];
for (let round = 0; round < rounds; round += 1)
  for (const way of names) times.set(way, [...(times.get(way) ?? []), await measure(way)]);

const median = (way: Way) => (times.get(way) ?? []).toSorted((a, b) => a - b)[1] ?? NaN;
for (const way of names) console.log(`${way.padEnd(14)} ${(median(way) / 1000).toFixed(2)} s`);
for (const what of ['push', 'pull'] as const)
  console.log(
    `${what}: ${(median(`gpu ${what}`) / median(`${what} by hand`)).toFixed(2)} times by hand`,
  );
execFileSync('ssh', ['-F', folder.config, '-O', 'exit', 'gpu'], { stdio: 'ignore' });
for (const path of [workspace, dirname(folder.bin)]) rmSync(path, { recursive: true });
await node.close();
