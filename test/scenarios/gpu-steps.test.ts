import { spawn } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { cook } from '../../src/commands/cook.ts';
import { cleanup } from '../../src/commands/post.ts';
import { createSshFolder } from '../../src/ssh/folder.ts';
import { rememberingRunner, type RememberingRunner } from '../runner/in-process.ts';
import { startGpuService, type GpuServiceOptions } from '../simulator/gpu-service.ts';
import type { RecipeScript, Simulator } from '../simulator/types.ts';
import type { SshNode } from '../simulator/ssh-node.ts';
import { fakeDeps, fastClock } from '../support/deps.ts';

// Steps on the GPU: a job that is waited for until one can log in to it, with the real ssh.

const script = fileURLToPath(new URL('../../src/ssh/gpu.sh', import.meta.url));
const speed = 10;

interface Scene {
  readonly inputs?: Readonly<Record<string, string>>;
  readonly recipe?: Partial<RecipeScript>;
  readonly count?: number;
  /** Where the runner finds programs. */
  readonly path?: string;
  readonly machine?: GpuServiceOptions;
  readonly during?: (scene: { simulator: Simulator; node: SshNode }) => Promise<void>;
  /** What later steps do. */
  readonly later?: (main: RememberingRunner, node: SshNode) => Promise<void>;
}

interface Played {
  readonly main: RememberingRunner;
  readonly post: RememberingRunner;
  readonly sent: Readonly<Record<string, unknown>>;
  readonly statuses: readonly string[];
  /** Where the key was. */
  readonly folder: string;
}

async function playGpu(scene: Scene = {}): Promise<Played> {
  const service = await startGpuService(
    (address) => {
      const life = [{ status: 'RUNNING', nodeUrls: [address] }];
      const recipe = { name: 'Base', payload: { task: 'PERSISTENT' as const }, life };
      return Array.from({ length: scene.count ?? 1 }, () => ({ ...recipe, ...scene.recipe }));
    },
    { now: fastClock(speed).now, ...scene.machine },
  );
  const { simulator, node } = service;
  const inputs = { ...service.inputs, timeout: '2m', ...scene.inputs };
  const env = { PATH: scene.path ?? process.env['PATH'] ?? '' };
  const main = rememberingRunner(inputs, new Map(), env);
  const deps = {
    ...fakeDeps(main, fastClock(speed)),
    createSshFolder: (path: string, user: string) => createSshFolder(path, user, script),
  };
  const running = cook(deps);
  await scene.during?.({ simulator, node });
  await running;
  await scene.later?.(main, node);
  const post = rememberingRunner(inputs, new Map(main.kept), env);
  await cleanup(fakeDeps(post, fastClock(speed)));
  const statuses = simulator.jobs().map(({ status }) => status);
  const cooked = simulator.requests.find(({ method }) => method === 'POST');
  await service.close();
  const folder = dirname(main.outputs.get('ssh-config') ?? '');
  return { main, post, statuses, folder, sent: { ...(cooked?.body as object | undefined) } };
}

const exitCodeOf = async (command: string, ...args: readonly string[]) =>
  new Promise((resolve) => spawn(command, args).once('close', resolve));

const errorsOf = ({ annotations }: RememberingRunner) =>
  annotations.filter(({ level }) => level === 'error').map(({ message }) => message);

describe('ssh: true', () => {
  test('waits for a login, has later steps find gpu, and leaves neither job nor key', async () => {
    const { main, post, statuses, folder, sent } = await playGpu({
      later: async ({ outputs, paths }) => {
        const config = outputs.get('ssh-config') ?? '';
        expect(paths).toEqual([join(dirname(config), 'bin')]);
        expect(statSync(dirname(config)).mode & 0o777).toBe(0o700);
        expect(statSync(join(dirname(config), 'id_ed25519')).mode & 0o777).toBe(0o600);
        const gpu = join(paths[0] ?? '', 'gpu');
        expect(await exitCodeOf(gpu, 'run', 'exit 3')).toBe(3);
      },
    });
    expect(main.outputs.get('result')).toBe('running');
    const sshkey: unknown = expect.stringMatching(/^ssh-ed25519 \S+ dispersed-cook$/);
    expect(sent).toMatchObject({ parameters: { parameters: { sshkey } } });
    expect(statuses).toEqual(['CANCELLED']);
    expect(post.lines.at(-1)).toMatch(/ {2}Base was canceled/);
    expect(existsSync(folder)).toBe(false);
  });

  test('several jobs are gpu, gpu-2, …', async () => {
    await playGpu({
      count: 2,
      later: async ({ outputs, paths }) => {
        expect(readFileSync(outputs.get('ssh-config') ?? '', 'utf8')).toContain('Host gpu-2\n');
        const second = join(paths[0] ?? '', 'gpu-2');
        expect(await exitCodeOf(second, 'run', 'exit 4')).toBe(4);
      },
    });
  });

  test('logs in as ssh-user, and names it in the address', async () => {
    const { main } = await playGpu({
      inputs: { 'ssh-user': 'root' },
      machine: { user: 'root' },
      later: async ({ paths }) => {
        expect(await exitCodeOf(join(paths[0] ?? '', 'gpu'), 'run', 'exit 5')).toBe(5);
      },
    });
    expect(main.outputs.get('node-urls')).toContain('"ssh://root@127.0.0.1:');
    expect(main.lines.join('\n')).toMatch(/ssh -p \d+ root@127\.0\.0\.1/);
  });

  test('a runner that lacks a tool is an input error that names it', async () => {
    const { main, statuses } = await playGpu({ path: '/nowhere' });
    expect(errorsOf(main).join()).toContain('ssh: needs ssh, ssh-keygen, tar, bash on the runner');
    expect(statuses).toEqual([]);
  });

  test('adds 22 to ports that are given', async () => {
    const { sent } = await playGpu({ inputs: { parameters: '{ports: [8080]}' } });
    expect(sent).toMatchObject({ parameters: { parameters: { ports: [8080, 22] } } });
  });

  test('a machine that comes up late is waited for', async () => {
    const { main } = await playGpu({
      during: async ({ node, simulator }) => {
        await node.setListening(false);
        while (simulator.jobs().length === 0) await fastClock(speed).sleep(100);
        await fastClock(speed).sleep(30_000);
        await node.setListening(true);
      },
    });
    expect(main.outputs.get('result')).toBe('running');
    expect(main.lines.join('\n')).toContain('not ready  login over ssh: connection refused');
  });

  test('a machine that refuses the key is told at the timeout, and stopped', async () => {
    const { main, statuses, folder } = await playGpu({
      machine: { letsIn: false },
      inputs: { timeout: '20s' },
    });
    const [message = ''] = errorsOf(main);
    expect(message).toContain('permission denied: does the image pass SSH_PUBKEY on?');
    expect(message).toContain('Check that the image runs sshd');
    expect(statuses).toEqual(['CANCELLED']);
    expect(existsSync(folder)).toBe(false);
  });

  test('the key is in nothing that is written', async () => {
    let key = '';
    const { main, post } = await playGpu({
      later: async ({ outputs }) => {
        key = readFileSync(join(dirname(outputs.get('ssh-config') ?? ''), 'id_ed25519'), 'utf8');
      },
    });
    const written = [main, post].flatMap((runner) => [
      ...runner.lines,
      ...runner.outputs.values(),
      ...runner.kept.values(),
      runner.summary(),
    ]);
    const [, secret = 'none'] = key.split('\n');
    expect(written.join('\n')).not.toContain(secret);
  });

  test.each([
    [{ wait: 'false' }, 'ssh: cannot be used with `wait: false`'],
    [{ 'wait-until': 'running' }, 'wait-until other than ready'],
    [{ 'max-parallel': '1' }, 'ssh: cannot be used with max-parallel'],
    [{ parameters: '{sshkey: ssh-rsa A}' }, 'ssh: creates its own key'],
    [{ ssh: 'false', 'ssh-user': 'me' }, 'ssh-user: is only used with `ssh: true`'],
  ])('%j is an input error', async (inputs, message) => {
    const { main, statuses } = await playGpu({ inputs });
    expect(errorsOf(main).join()).toContain(message);
    expect(statuses).toEqual([]);
  });

  test('a recipe whose ports lack 22 is an input error', async () => {
    const payload = {
      task: 'PERSISTENT' as const,
      parameters: { type: 'docker' as const, parameters: { image: 'x', ports: [8080] } },
    };
    const { main, statuses } = await playGpu({ recipe: { payload } });
    expect(errorsOf(main).join()).toContain('needs port 22');
    expect(statuses).toEqual([]);
  });
});
