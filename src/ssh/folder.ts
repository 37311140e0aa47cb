import {
  accessSync,
  constants,
  chmodSync,
  copyFileSync,
  mkdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, join } from 'node:path';
import { InputError } from '../errors.ts';
import { formatConfig, type SshHost } from './config.ts';
import type { Execute } from './execute.ts';

const tools = ['ssh', 'ssh-keygen', 'tar', 'bash'];

/**
 * Checks that the runner has what steps on the GPU need.
 * @throws InputError with each tool that is missing
 */
export function checkTools({
  PATH = '',
  RUNNER_OS,
}: Readonly<Record<string, string | undefined>>): void {
  if (RUNNER_OS === 'Windows') {
    const message = 'needs a Linux or macOS runner: set runs-on to ubuntu-latest, for example';
    throw new InputError([{ input: 'ssh', message }]);
  }
  const problems = tools
    .filter((tool) => !PATH.split(delimiter).some((folder) => isExecutable(join(folder, tool))))
    .map((tool) => ({
      input: 'ssh',
      message: `needs ${tool} on the runner, which is not installed`,
    }));
  if (problems.length > 0) throw new InputError(problems);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

export type SshFolder = Awaited<ReturnType<typeof createSshFolder>>;
export type CreateSshFolder = (path: string, user: string) => Promise<SshFolder>;

/**
 * Fills the folder of a step that is to log in to its jobs: a key pair, the file for `ssh -F`, and
 * the command `gpu`. The key never leaves it.
 * @param path a new folder, for this user alone (mode 0700)
 * @param script the file of the command
 */
export async function createSshFolder(
  path: string,
  user: string,
  script: string,
  execute: Execute,
) {
  const key = join(path, 'id_ed25519');
  const options = ['-q', '-t', 'ed25519', '-N', '', '-C', 'dispersed-cook'];
  const made = await execute('ssh-keygen', [...options, '-f', key]);
  if (made.code !== 0) throw new Error(`ssh-keygen could not create a key: ${made.stderr}`);
  const config = join(path, 'config');
  const bin = join(path, 'bin');
  const hosts = new Map<string, SshHost>();
  const write = () => {
    writeFileSync(config, formatConfig([...hosts.values()], user, path), { mode: 0o600 });
  };
  mkdirSync(bin);
  write();
  return {
    path,
    config,
    bin,
    /** One line, for `sshkey`. */
    publicKey: readFileSync(`${key}.pub`, 'utf8').trim(),
    /** Lets `gpu`, `gpu-2`, … reach a job at its address. */
    addHost: (host: SshHost) => {
      const known = hosts.get(host.name);
      if (known?.hostname === host.hostname && known.port === host.port) return;
      hosts.set(host.name, host);
      write();
      const command = join(bin, host.name);
      copyFileSync(script, command);
      chmodSync(command, 0o700);
    },
    /**
     * Logs in once and does nothing.
     * @returns why that did not work, foreign text; null where it did
     */
    login: async (name: string, signal: AbortSignal): Promise<string | null> => {
      const { code, stderr } = await execute('ssh', ['-F', config, name, 'true'], signal);
      return code === 0 ? null : describeRefusal(stderr);
    },
  };
}

/** What ssh says last, in plain words where they are known. */
function describeRefusal(stderr: string): string {
  const last = /[^\r\n]*$/.exec(stderr.trim())?.[0] ?? '';
  if (/permission denied/i.test(last))
    return 'permission denied: does the image pass SSH_PUBKEY on?';
  const known =
    /connection (?:refused|timed out|closed|reset)|no route to host|could not resolve hostname/i.exec(
      last,
    );
  return known?.[0].toLowerCase() ?? (last || 'no response');
}
