import { execFile, spawn, spawnSync } from 'node:child_process';
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
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
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
  const folder = createSshFolder(path, 'duser', script);
  const node = await startSshNode({ authorizedKeys: () => [folder.publicKey] });
  folder.addHost('gpu', node.address);
  return { node, folder, work: join(node.home, 'work') };
}

let machine: Machine;
beforeAll(async () => {
  machine = await openMachine();
});
afterAll(async () => machine.node.close());

/** Has the machine find another program of this name. */
function addTool({ node }: Machine, name: string, text: string) {
  writeFileSync(join(node.home, '..', 'bin', name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
}

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
  test('has the exit code of a script that deletes its files', async () => {
    const ran = await gpuScript(
      'rm -f "$GITHUB_OUTPUT"; echo "# a" >> "$GITHUB_STEP_SUMMARY"; exit 4',
    );
    expect([ran.code, ran.output, ran.summary]).toEqual([4, '', '# a\n']);
  });

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

  test.each(['HF_TOKEN', 'A-B', 'HF_TOKEN, A-B'])(
    'GPU_ENV: %s, of which nothing is known, is an error that names all',
    async (names) => {
      const { code, stderr } = await gpuScript('true', { env: { GPU_ENV: names } });
      const message = `gpu: GPU_ENV lists variables that this step does not have: ${names}. Set them in env\n`;
      expect([code, stderr]).toEqual([2, message]);
    },
  );

  test('what the machine prints gives no commands', async () => {
    const { stdout } = await gpuScript('printf "::error::evil"', {
      env: { GITHUB_ACTIONS: 'true' },
    });
    const [, token = ''] = /^::stop-commands::([0-9a-f]{32})\n/.exec(stdout) ?? [];
    expect(stdout).toBe(`::stop-commands::${token}\n::error::evil\n::${token}::\n`);
  });

  // The runner reads the two streams apart: the end of one may come before the start of the other.
  test('what the machine prints as errors gives no commands either', async () => {
    const { stdout, stderr } = await gpuScript('echo ::error::evil >&2', {
      env: { GITHUB_ACTIONS: 'true' },
    });
    expect(stderr).toBe('');
    expect(stdout).toMatch(/^::stop-commands::(\w+)\n::error::evil\n\n::\1::\n$/);
  });

  test('GPU_ENV may name any variable, also one that the script has itself', async () => {
    const names = 'name,home,end,place,shell,readers,token';
    const env = Object.fromEntries(names.split(',').map((name) => [name, `my ${name}`]));
    const { stdout } = await gpuScript(
      'echo "$name, $home, $end, $place, $shell, $readers, $token"',
      {
        env: { GPU_ENV: names, ...env },
      },
    );
    expect(stdout).toBe(`${Object.values(env).join(', ')}\n`);
  });

  test('passes arguments on', async () => {
    const file = join(newWorkspace(), 'train.sh');
    writeFileSync(file, 'printf "%s." "$@"');
    expect((await gpu([file, '--epochs', "it's 3"])).stdout).toBe("--epochs.it's 3.");
  });

  test('outputs and summary of more than 1 MiB are an error that says so', async () => {
    const { code, stderr, summary } = await gpuScript(
      'head -c 5000000 /dev/zero | tr \'\\0\' x >> "$GITHUB_STEP_SUMMARY"',
    );
    expect([code, summary]).toEqual([2, '']);
    expect(stderr).toContain('more than 1 MiB');
  });

  test('begins a line of the outputs that are there', async () => {
    const output = join(newWorkspace(), 'output');
    writeFileSync(output, 'mine=1');
    await gpuScript('printf theirs=2 >> "$GITHUB_OUTPUT"', { env: { GITHUB_OUTPUT: output } });
    expect(readFileSync(output, 'utf8')).toBe('mine=1\ntheirs=2');
  });

  test('does not begin there when it is cancelled while it is sent', async () => {
    const own = await openMachine();
    const there = mkdtempSync(join(tmpdir(), 'machine-'));
    const slow = `case $* in -m*) touch ${there}/started; sleep 1;; esac\nexec /bin/mkdir "$@"`;
    addTool(own, 'mkdir', slow);
    const { code } = await gpuScript(`touch ${there}/ran`, {
      on: own,
      during: async (signal) => {
        await until(() => existsSync(join(there, 'started')));
        signal('SIGTERM');
      },
    });
    // Until that command has come to its end there as well.
    await gpu(['run', 'true'], { on: own });
    await own.node.close();
    expect([code, existsSync(join(there, 'ran'))]).toEqual([143, false]);
  });

  test('leaves nothing on the machine but ~/work', async () => {
    const before = readdirSync(tmpdir());
    await gpuScript('echo $0');
    const left = readdirSync(tmpdir()).filter((name) => name.startsWith('tmp.'));
    expect(left.filter((name) => !before.includes(name))).toEqual([]);
  });

  test.each([
    'sleep',
    // In groups and sessions of their own.
    'timeout 1h sleep',
    'setsid -w sleep',
    'bash -c \'trap "" TERM; sleep "$0"; :\'',
  ])('is ended there as well when the step is cancelled: %s', async (command) => {
    const mark = `300.${process.pid}`;
    const isRunning = () => spawnSync('pgrep', ['-f', `sleep ${mark}`]).status === 0;
    const { code } = await gpuScript(`echo started\n${command} ${mark}`, {
      during: async (signal, said) => {
        await until(() => said().includes('started') && isRunning());
        signal('SIGINT');
      },
    });
    expect(code).toBe(130);
    await until(() => !isRunning());
  });

  test('does not wait for a process that it leaves behind, which goes on though nobody reads it', async () => {
    const there = mkdtempSync(join(tmpdir(), 'server-'));
    const began = Date.now();
    const { code, stdout } = await gpuScript(
      `(until [ -f ${there}/asked ]; do sleep 0.1; done; echo one; echo two; echo three; touch ${there}/answered) &\necho started`,
    );
    expect([code, stdout]).toEqual([0, 'started\n']);
    // As long as GitHub's runner waits for what bash leaves behind.
    expect(Date.now() - began).toBeLessThan(15_000);
    writeFileSync(join(there, 'asked'), '');
    await until(() => existsSync(join(there, 'answered')));
  });

  test('comes to its end though it ends all processes of its group', async () => {
    const { code, stdout } = await gpuScript('trap "kill 0" EXIT\necho said');
    expect([code, stdout]).toEqual([143, 'said\n']);
  });

  test('two at once in one step: the last one to end lets the runner take commands again', async () => {
    const env = { PATH: `${machine.folder.bin}:${process.env['PATH']}`, GITHUB_ACTIONS: 'true' };
    await gpu(['run', 'true']);
    const line = 'gpu run "sleep 1; echo slow" & gpu run "echo fast"; wait';
    const { stdout } = await promisify(execFile)('bash', ['--norc', '-ec', line], { env });
    expect(stdout).toMatch(/^(?:::stop-commands::(\w+)\n){2}fast\nslow\n\n::\1::\n$/);
  });

  test('a file that is not there is an error', async () => {
    const { code, stderr } = await gpu(['pusch']);
    expect(code).toBe(2);
    expect(stderr).toBe(
      'gpu: pusch is neither a command nor a file; for a list of commands, run gpu --help\n',
    );
  });
});

describe('gpu run', () => {
  test('takes a command and its arguments, or one command line', async () => {
    expect((await gpu(['run', 'printf', '%s.', 'a b', "c'd"])).stdout).toBe("a b.c'd.");
    expect((await gpu(['run', 'echo one && exit 3'])).code).toBe(3);
  });

  test.each([
    ['x=$(gpu run "echo 0.93; echo ::error::evil >&2"); echo "[$x]"', '[0.93]\n'],
    ['gpu run "seq 5" | head -n 2', '1\n2\n'],
    ['x=$(cd / && timeout 20 gpu run "echo 0.93"); echo "[$x]"', '[0.93]\n'],
    [
      `python3 -c "import subprocess; print(subprocess.check_output(['gpu', 'run', 'echo 0.93']))"`,
      "b'0.93\\n'\n",
    ],
  ])('%s has what was printed, and no more', async (line, wanted) => {
    const env = {
      PATH: `${machine.folder.bin}:${process.env['PATH']}`,
      GITHUB_ACTIONS: 'true',
    };
    const { stdout, stderr } = await promisify(execFile)('bash', ['--norc', '-ec', line], { env });
    expect(stdout).toBe(wanted);
    expect(stderr).toMatch(/^::stop-commands::(\w+)\n(?:::error::evil\n)?\n::\1::\n$/);
  });

  test('gpu ssh gives no commands', async () => {
    const { stdout } = await gpu(['ssh', 'echo ::error::evil'], {
      env: { GITHUB_ACTIONS: 'true' },
    });
    expect(stdout).toMatch(/^::stop-commands::(\w+)\n::error::evil\n\n::\1::\n$/);
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

  test('takes any name there and back', async () => {
    const names = [
      '-dash',
      'line\nend',
      ' blank ',
      '*star',
      'back\\slash',
      'q"uote\'s',
      '$HOME',
      'ü',
    ];
    const [cwd, back] = [newWorkspace(), newWorkspace()];
    for (const name of names) {
      mkdirSync(join(cwd, name));
      writeFileSync(join(cwd, name, name), name);
    }
    expect(await gpu(['push', ...names], { cwd })).toMatchObject({ code: 0, stderr: '' });
    expect(await gpu(['pull', ...names], { cwd: back })).toMatchObject({ code: 0, stderr: '' });
    expect(readdirSync(back).toSorted()).toEqual(names.toSorted());
    for (const name of names) expect(readFileSync(join(back, name, name), 'utf8')).toBe(name);
  });

  test('an empty folder is nothing to send, and no error', async () => {
    expect(await gpu(['push'])).toMatchObject({ code: 0, stderr: '' });
  });

  test('takes names as they are, and patterns of folders as .gitignore has them', async () => {
    const cwd = newWorkspace();
    mkdirSync(join(cwd, 'cache'));
    writeFileSync(join(cwd, 'cache', 'x'), 'x');
    writeFileSync(join(cwd, '@model'), 'x');
    mkdirSync(join(cwd, 'own', 'top'), { recursive: true });
    mkdirSync(join(cwd, 'top'));
    writeFileSync(join(cwd, '.gpuignore'), '# What is large\ncache/\r\n\n/top');
    const { code } = await gpu(['push', '@model', 'cache', '.gpuignore', 'own', 'top'], { cwd });
    expect(readdirSync(machine.work)).not.toContain('top');
    expect(readdirSync(join(machine.work, 'own'))).toEqual(['top']);
    expect([code, readdirSync(machine.work).includes('@model')]).toEqual([0, true]);
    expect(readdirSync(machine.work)).not.toContain('cache');
  });

  test.each(['SIGINT', 'SIGTERM'] as const)(
    'ends with %s, and what it started as well',
    async (name) => {
      const own = await openMachine();
      const mark = `200.${process.pid}`;
      const isRunning = () => spawnSync('pgrep', ['-f', `sleep ${mark}`]).status === 0;
      addTool(own, 'tar', `exec sleep ${mark}`);
      const cwd = newWorkspace();
      writeFileSync(join(cwd, 'data'), 'x');
      const { code } = await gpu(['push', 'data'], {
        cwd,
        on: own,
        during: async (signal) => {
          await until(isRunning);
          signal(name);
        },
      });
      expect(code).toBe(name === 'SIGINT' ? 130 : 143);
      await own.node.close();
      spawnSync('pkill', ['-f', `sleep ${mark}`]);
    },
  );

  test.each([
    [
      '.git',
      'gpu: push: .git is not accepted: use a relative path, without .. and outside of .git\n',
    ],
    ['nowhere', 'gpu: push: nowhere does not exist\n'],
    [
      '../x',
      'gpu: push: ../x is not accepted: use a relative path, without .. and outside of .git\n',
    ],
    [
      '/etc',
      'gpu: push: /etc is not accepted: use a relative path, without .. and outside of .git\n',
    ],
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
    expect(stderr).toBe('nowhere is not in ~/work on the machine\ngpu: pull: nothing was copied\n');
  });

  test('leaves .git out', async () => {
    const cwd = newWorkspace();
    onMachine('repository/.git/hooks/post-checkout', 'evil');
    onMachine('repository/README', 'text');
    expect((await gpu(['pull', 'repository'], { cwd })).code).toBe(0);
    expect(readdirSync(join(cwd, 'repository'))).toEqual(['README']);
  });

  test('brings back what can be read, and fails where something cannot', async () => {
    const own = await openMachine();
    // As tar does for a file that it cannot read.
    addTool(own, 'tar', '/bin/tar "$@"; echo tar: ./out/x: Cannot open >&2; exit 2');
    mkdirSync(join(own.work, 'out'), { recursive: true });
    writeFileSync(join(own.work, 'out', 'model'), 'weights');
    const cwd = newWorkspace();
    const { code, stderr } = await gpu(['pull', 'out'], { cwd, on: own });
    await own.node.close();
    expect([code, readdirSync(join(cwd, 'out'))]).toEqual([2, ['model']]);
    expect(stderr).toBe('tar: ./out/x: Cannot open\ngpu: pull: not everything was copied to .\n');
  });

  test('brings back a file that grows meanwhile, such as a log', async () => {
    const own = await openMachine();
    const said = 'tar: ./out/log: file changed as we read it';
    const changed = `/bin/tar "$@"; code=$?; echo ${said} >&2; exit $((code + 1))`;
    addTool(own, 'tar', `[ "$1" != --version ] || exec /bin/tar "$@"; ${changed}`);
    mkdirSync(join(own.work, 'out'), { recursive: true });
    writeFileSync(join(own.work, 'out', 'log'), 'epoch 1');
    const cwd = newWorkspace();
    const { code, stderr } = await gpu(['pull', 'out'], { cwd, on: own });
    await own.node.close();
    expect([code, stderr]).toEqual([0, `${said}\n`]);
    expect(readFileSync(join(cwd, 'out', 'log'), 'utf8')).toBe('epoch 1');
  });

  test.each(['echo', 'printf'])('a file such as ~/.bashrc may %s something first', async (say) => {
    const own = await openMachine();
    addTool(own, 'mkdir', `${say} Welcome; exec /bin/mkdir "$@"`);
    mkdirSync(own.work);
    writeFileSync(join(own.work, 'model'), 'weights');
    const cwd = newWorkspace();
    const { code } = await gpu(['pull', 'model'], { cwd, on: own });
    const ran = await gpuScript('echo a=1 >> "$GITHUB_OUTPUT"', { on: own });
    await own.node.close();
    expect([code, readdirSync(cwd), ran.code, ran.output]).toEqual([0, ['model'], 0, 'a=1\n']);
  });

  test.each(['SIGINT', 'SIGTERM'] as const)('leaves nothing half with %s', async (name) => {
    const own = await openMachine();
    addTool(own, 'tar', '/bin/tar "$@"; sleep 300');
    mkdirSync(own.work);
    writeFileSync(join(own.work, 'model'), 'weights');
    const cwd = newWorkspace();
    const { code } = await gpu(['pull', 'model'], {
      cwd,
      on: own,
      during: async (signal) => {
        await until(() => readdirSync(cwd).length > 0);
        signal(name);
      },
    });
    await own.node.close();
    expect([code, readdirSync(cwd)]).toEqual([name === 'SIGINT' ? 130 : 143, []]);
  });

  test('leaves nothing where it is stopped while it makes its folder', async () => {
    const own = await openMachine();
    const [cwd, tools] = [newWorkspace(), newWorkspace()];
    for (const tool of ['mkdir', 'mktemp']) {
      // `mkdir -p .` comes before.
      const text = `[ "$1" = -p ] && exit; made=$(/bin/${tool} "$@"); sleep 300; echo "$made"`;
      writeFileSync(join(tools, tool), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
    }
    const { code } = await gpu(['pull', 'model'], {
      cwd,
      on: own,
      env: { PATH: `${own.folder.bin}:${tools}:${process.env['PATH']}` },
      during: async (signal) => {
        await until(() => readdirSync(cwd).length > 0);
        signal('SIGTERM');
      },
    });
    await own.node.close();
    expect([code, readdirSync(cwd)]).toEqual([143, []]);
  });

  test('goes through no link', async () => {
    const cwd = newWorkspace();
    mkdirSync(join(machine.work, 'deep', 'a', 'b'), { recursive: true });
    symlinkSync('../..', join(machine.work, 'deep', 'a', 'b', 'up'));
    expect((await gpu(['pull', 'deep'], { cwd })).code).toBe(0);
    onMachine('deep/top.txt', 'x');
    expect(await gpu(['pull', 'deep/a/b/up/top.txt'], { cwd })).toMatchObject({ code: 0 });
    expect(readdirSync(cwd)).toEqual(['deep']);
    expect(readdirSync(join(cwd, 'deep', 'a', 'b', 'up'))).toEqual(['top.txt']);
  });

  test('brings nothing that was not asked for, whatever the machine sends', async () => {
    const own = await openMachine();
    const evil = mkdtempSync(join(tmpdir(), 'evil-'));
    mkdirSync(join(evil, 'out'));
    mkdirSync(join(evil, '.github'));
    for (const name of ['Makefile', '.github/action.yml', 'out/w', 'out/x'])
      writeFileSync(join(evil, name), 'evil');
    symlinkSync('out', join(evil, 'own'));
    mkdirSync(join(evil, 'file', 'empty'), { recursive: true });
    addTool(own, 'tar', `cd '${evil}' && /bin/tar -cf - .`);
    mkdirSync(join(own.work, 'out'), { recursive: true });
    writeFileSync(join(own.work, 'out', 'w'), '');
    const cwd = newWorkspace();
    for (const name of ['Makefile', 'own', 'file']) writeFileSync(join(cwd, name), 'mine');
    const { code, stderr } = await gpu(['pull', 'out/w'], { cwd, on: own });
    await own.node.close();
    expect([code, readdirSync(cwd).toSorted()]).toEqual([2, ['Makefile', 'file', 'out', 'own']]);
    expect(readdirSync(join(cwd, 'out'))).toEqual(['w']);
    for (const name of ['Makefile', 'own', 'file'])
      expect(readFileSync(join(cwd, name), 'utf8')).toBe('mine');
    expect(stderr).toMatch(
      /left out, because it was not requested or is not a regular file: (?:.*\n)*\.\/Makefile\n/,
    );
  });

  // Or a step that uploads what was pulled would upload other files of the runner.
  test('takes links to what was asked for, and no others', async () => {
    const cwd = newWorkspace();
    for (const name of ['links/a*/x', 'links/b/x']) onMachine(name, 'x');
    symlinkSync('.', join(machine.work, 'links', 'a*', 'self'));
    symlinkSync('../b/./x', join(machine.work, 'links', 'a*', 'other'));
    symlinkSync('../..', join(machine.work, 'links', 'a*', 'top'));
    const both = await gpu(['pull', 'links//a*/', './links/b', '--to', 'both'], { cwd });
    const one = await gpu(['pull', 'links/a*', '--to', 'one'], { cwd });
    const all = await gpu(['pull', 'links/.', '--to', 'all'], { cwd });
    const list = (name: string) => readdirSync(join(cwd, name, 'links', 'a*')).toSorted();
    expect([both.code, list('both')]).toEqual([2, ['other', 'self', 'x']]);
    expect([one.code, list('one')]).toEqual([2, ['self', 'x']]);
    expect([all.code, list('all')]).toEqual([2, ['other', 'self', 'x']]);
    expect(one.stderr).toContain(
      'links/a*/top was left out, because it links to a file that was not requested',
    );
  });

  test('takes folders that overlap', async () => {
    const cwd = newWorkspace();
    onMachine('both/inner/x', 'x');
    const { code, stderr } = await gpu(['pull', 'both/.', 'both/inner'], { cwd });
    expect([code, stderr, existsSync(join(cwd, 'both', 'inner', 'x'))]).toEqual([0, '', true]);
  });

  test.each(['/etc', '../../x', 'a/../../../x', 'a/b/../../../../x', 'a/../x', '../.git/config'])(
    'a link to %s is left out, and named',
    async (target) => {
      const cwd = newWorkspace();
      onMachine('evil/weights', 'x');
      spawnSync('ln', ['-sfn', target, join(machine.work, 'evil', 'link')]);
      const { code, stderr } = await gpu(['pull', 'evil'], { cwd });
      expect([code, readdirSync(join(cwd, 'evil'))]).toEqual([2, ['weights']]);
      expect(stderr).toContain(
        'evil/link was left out, because it links to a file that was not requested',
      );
    },
  );
});

describe('a machine that is lost', () => {
  const loseIt = async (then: (signal: (name: NodeJS.Signals) => void) => void) => {
    const lost = await openMachine();
    const began = { ms: 0 };
    const { code, stderr } = await gpuScript('echo started\nsleep 100', {
      on: lost,
      during: async (signal, said) => {
        await until(() => said().includes('started'));
        lost.node.freeze();
        await lost.node.setListening(false);
        began.ms = Date.now();
        then(signal);
      },
    });
    await lost.node.close();
    return { code, stderr, tookMs: Date.now() - began.ms };
  };

  test('ends the step within a minute, and says so', async () => {
    const { code, stderr, tookMs } = await loseIt(() => {});
    expect(code).toBe(255);
    expect(stderr).toContain('gpu: the connection to the machine was lost');
    expect(tookMs).toBeLessThan(60_000);
  });

  test('does not hold up a step that is cancelled: it ends before the runner kills it', async () => {
    const { code, tookMs } = await loseIt((signal) => {
      signal('SIGINT');
    });
    expect(code).toBe(130);
    expect(tookMs).toBeLessThan(7_500);
  });
});
