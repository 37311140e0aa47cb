import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execute } from '../../src/ssh/execute.ts';
import { createSshFolder, type SshFolder } from '../../src/ssh/folder.ts';
import { startSshNode, type SshNode } from '../simulator/ssh-node.ts';
import { until } from '../support/until.ts';

// The command `gpu` as the steps of a workflow run it: the real ssh, against a machine on loopback.

const script = fileURLToPath(new URL('../../src/ssh/gpu.sh', import.meta.url));

interface Machine {
  readonly node: SshNode;
  readonly folder: SshFolder;
  /** The home of the machine is `~`. */
  readonly work: string;
}

async function openMachine(): Promise<Machine> {
  const path = mkdtempSync(join(tmpdir(), 'gpu test-'));
  const folder = await createSshFolder(path, 'duser', script, execute);
  const node = await startSshNode({ authorizedKeys: () => [folder.publicKey] });
  folder.addHost({ name: 'gpu', ...node.address });
  return { node, folder, work: join(node.home, 'work') };
}

let machine: Machine;
beforeAll(async () => {
  machine = await openMachine();
});
afterAll(async () => machine.node.close());

const newWorkspace = () => mkdtempSync(join(tmpdir(), 'gpu-workspace-'));

interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly output: string;
  readonly summary: string;
}

interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly on?: Machine;
  readonly during?: (signal: (name: NodeJS.Signals) => void, said: () => string) => Promise<void>;
}

/** Runs `gpu` as a step does. */
async function gpu(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const { folder } = options.on ?? machine;
  const files = newWorkspace();
  const [output, summary] = [join(files, 'output'), join(files, 'summary')];
  writeFileSync(output, '');
  writeFileSync(summary, '');
  const child = spawn('gpu', args, {
    cwd: options.cwd ?? files,
    env: {
      PATH: `${folder.bin}:${process.env['PATH']}`,
      GITHUB_OUTPUT: output,
      GITHUB_STEP_SUMMARY: summary,
      ...options.env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (data) => (stdout += String(data)));
  child.stderr.on('data', (data) => (stderr += String(data)));
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('close', resolve);
    child.once('error', reject);
  });
  await options.during?.(
    (name) => child.kill(name),
    () => stdout,
  );
  const code = await ended;
  const read = (path: string) => readFileSync(path, 'utf8');
  return { code, stdout, stderr, output: read(output), summary: read(summary) };
}

/** A script as GitHub writes it for `shell: gpu {0}`. */
async function gpuScript(text: string, options: RunOptions = {}): Promise<Ran> {
  const file = join(newWorkspace(), 'script');
  writeFileSync(file, text);
  return gpu([file], options);
}

describe('gpu FILE', () => {
  test('runs a script in ~/work, to its end, though a command in it reads from stdin', async () => {
    const { code, stdout } = await gpuScript('pwd\ncat\necho the end');
    expect(stdout).toBe(`${machine.work}\nthe end\n`);
    expect(code).toBe(0);
  });

  test.each([0, 1, 7, 255])('its exit code %d is that of the step', async (wanted) => {
    const { code, stderr } = await gpuScript(`exit ${wanted}`);
    expect([code, stderr]).toEqual([wanted, '']);
  });

  test('ends at the first command that fails, as GitHub runs bash', async () => {
    const { code, stdout } = await gpuScript('echo one\nfalse\necho two');
    expect([code, stdout]).toEqual([1, 'one\n']);
  });

  test('adds to the outputs and the summary of the step, and nothing else comes back', async () => {
    const { output, summary } = await gpuScript(
      'echo accuracy=0.9375 >> "$GITHUB_OUTPUT"\nprintf "# Trained" >> "$GITHUB_STEP_SUMMARY"\necho "X=1" >> "${GITHUB_ENV:-/dev/null}"',
    );
    expect([output.trim(), summary.trim()]).toEqual(['accuracy=0.9375', '# Trained']);
  });

  test('has the variables that GPU_ENV names, and they are on no command line', async () => {
    const secret = 'it\'s $HOME `x`\n"two" lines';
    const { stdout } = await gpuScript('printf %s "$HF_TOKEN/$EPOCHS"', {
      env: { GPU_ENV: 'HF_TOKEN, EPOCHS', HF_TOKEN: secret, EPOCHS: '3' },
    });
    expect(stdout).toBe(`${secret}/3`);
    expect(machine.node.commands.join('\n')).not.toContain('two');
  });

  test.each([
    ['HF_TOKEN', 'gpu: GPU_ENV names HF_TOKEN, which is not set in this step\n'],
    ['A-B', 'gpu: GPU_ENV: A-B is not the name of a variable\n'],
  ])('GPU_ENV: %s, of which nothing is known, is an error', async (names, message) => {
    const { code, stderr } = await gpuScript('true', { env: { GPU_ENV: names } });
    expect([code, stderr]).toEqual([2, message]);
  });

  test('what the machine prints gives no commands', async () => {
    const { stdout } = await gpuScript('printf "::error::evil"', {
      env: { GITHUB_ACTIONS: 'true' },
    });
    const [, token = ''] = /^::stop-commands::([0-9a-f]{32})\n/.exec(stdout) ?? [];
    expect(stdout).toBe(`::stop-commands::${token}\n::error::evil\n::${token}::\n`);
  });

  test('leaves nothing on the machine but ~/work', async () => {
    const before = readdirSync(tmpdir());
    await gpuScript('echo $0');
    const left = readdirSync(tmpdir()).filter((name) => name.startsWith('tmp.'));
    expect(left.filter((name) => !before.includes(name))).toEqual([]);
  });

  test('is ended there as well when the step is cancelled', async () => {
    const mark = `300.${process.pid}`;
    const isRunning = () => spawnSync('pgrep', ['-f', `sleep ${mark}`]).status === 0;
    const { code } = await gpuScript(`echo started\nsleep ${mark}`, {
      during: async (signal, said) => {
        await until(() => said().includes('started') && isRunning());
        signal('SIGINT');
      },
    });
    expect(code).toBe(130);
    await until(() => !isRunning());
  });

  test('a file that is not there is an error', async () => {
    const { code, stderr } = await gpu(['pusch']);
    expect(code).toBe(2);
    expect(stderr).toBe(
      'gpu: pusch is neither a command nor a file; gpu --help lists the commands\n',
    );
  });
});

describe('gpu run', () => {
  test('takes a command and its arguments, or one command line', async () => {
    expect((await gpu(['run', 'printf', '%s.', 'a b', "c'd"])).stdout).toBe("a b.c'd.");
    expect((await gpu(['run', 'echo one && exit 3'])).code).toBe(3);
  });
});

describe('gpu push', () => {
  test('keeps places, modes and names, and leaves out .git and what .gpuignore names', async () => {
    const cwd = newWorkspace();
    mkdirSync(join(cwd, '.git'));
    mkdirSync(join(cwd, 'a b', 'ü'), { recursive: true });
    mkdirSync(join(cwd, 'data'));
    writeFileSync(join(cwd, 'a b', 'ü', "it's.sh"), 'x');
    chmodSync(join(cwd, 'a b', 'ü', "it's.sh"), 0o750);
    writeFileSync(join(cwd, 'data', 'large.bin'), 'x');
    writeFileSync(join(cwd, '-n'), 'x');
    symlinkSync('ü', join(cwd, 'a b', 'link'));
    writeFileSync(join(cwd, '.gpuignore'), 'data\n');
    const { code, stderr } = await gpu(['push', '.'], { cwd });
    expect([code, stderr]).toEqual([0, '']);
    const pushed = join(machine.work, 'a b', 'ü', "it's.sh");
    expect(statSync(pushed).mode & 0o777).toBe(0o750);
    expect(lstatSync(join(machine.work, 'a b', 'link')).isSymbolicLink()).toBe(true);
    expect(existsSync(join(machine.work, '-n'))).toBe(true);
    expect(readdirSync(machine.work)).not.toEqual(expect.arrayContaining(['.git']));
    expect(readdirSync(machine.work)).not.toEqual(expect.arrayContaining(['data']));
  });

  test.each([
    ['nowhere', 'gpu: push: nowhere does not exist\n'],
    ['../x', 'gpu: push: ../x is not a path below the current folder\n'],
    ['/etc', 'gpu: push: /etc is not a path below the current folder\n'],
  ])('%s is an error by name', async (path, message) => {
    const { code, stderr } = await gpu(['push', path]);
    expect([code, stderr]).toEqual([2, message]);
  });
});

describe('gpu pull', () => {
  const onMachine = (name: string, text: string) => {
    mkdirSync(join(machine.work, name, '..'), { recursive: true });
    writeFileSync(join(machine.work, name), text);
  };

  test('brings files to the same place, and to another folder', async () => {
    const cwd = newWorkspace();
    onMachine('out/ä b/model.bin', 'weights');
    await gpu(['pull', 'out/ä b/model.bin'], { cwd });
    await gpu(['pull', 'out', '--to', 'there'], { cwd });
    for (const place of ['.', 'there'])
      expect(readFileSync(join(cwd, place, 'out', 'ä b', 'model.bin'), 'utf8')).toBe('weights');
    expect(readdirSync(cwd).toSorted()).toEqual(['out', 'there']);
  });

  test('leaves the other files of a folder that is there', async () => {
    const cwd = newWorkspace();
    onMachine('results/new.txt', 'new');
    mkdirSync(join(cwd, 'results'));
    writeFileSync(join(cwd, 'results', 'own.txt'), 'own');
    await gpu(['pull', 'results'], { cwd });
    expect(readdirSync(join(cwd, 'results')).toSorted()).toEqual(['new.txt', 'own.txt']);
  });

  test('what is not there is an error by name', async () => {
    const { code, stderr } = await gpu(['pull', 'nowhere']);
    expect(code).toBe(2);
    expect(stderr).toBe(
      'nowhere is not in ~/work on the machine\ngpu: pull: not all of these files are on the machine\n',
    );
  });

  test.each(['/etc', '../../x', 'a/../../../x'])(
    'a link to %s brings nothing back',
    async (target) => {
      const cwd = newWorkspace();
      mkdirSync(join(machine.work, 'evil'), { recursive: true });
      spawnSync('ln', ['-sfn', target, join(machine.work, 'evil', 'link')]);
      const { code, stderr } = await gpu(['pull', 'evil'], { cwd });
      expect([code, readdirSync(cwd)]).toEqual([2, []]);
      expect(stderr).toContain('the link evil/link leads out of the folder');
    },
  );
});

describe('a machine that is lost', () => {
  test('ends the step within a minute, and says so', async () => {
    const lost = await openMachine();
    const began = Date.now();
    const { code, stderr } = await gpuScript('echo started\nsleep 100', {
      on: lost,
      during: async (_, said) => {
        await until(() => said().includes('started'));
        lost.node.freeze();
        await lost.node.setListening(false);
      },
    });
    await lost.node.close();
    expect(code).toBe(255);
    expect(stderr).toContain('gpu: the connection to the machine was lost');
    expect(Date.now() - began).toBeLessThan(60_000);
  });
});
