import { execFile, execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, join } from 'node:path';
import { InputError } from '../errors.ts';
import type { NodeUrl } from '../jobs/node-urls.ts';

/** @throws InputError where the runner lacks what steps on the GPU need */
export function checkTools(env: Readonly<Record<string, string | undefined>>): void {
  const folders = (env['PATH'] ?? '').split(delimiter);
  const missing = ['ssh', 'ssh-keygen', 'tar', 'bash'].filter(
    (tool) => !folders.some((folder) => existsSync(join(folder, tool))),
  );
  if (missing.length === 0) return;
  const message =
    env['RUNNER_OS'] === 'Windows'
      ? 'needs a Linux or macOS runner: set runs-on to ubuntu-latest, for example'
      : `needs ${missing.join(', ')} on the runner: install what is missing in an earlier step`;
  throw new InputError([{ input: 'ssh', message }]);
}

export type SshFolder = ReturnType<typeof createSshFolder>;

// Longer than ssh takes to give up a connection by itself.
const maxLoginMs = 20_000;

/**
 * Fills the folder of a step that logs in to its jobs: a key pair, the file for `ssh -F`, and the
 * command `gpu`, a copy of the script. The key never leaves it.
 * @param path a new folder, for this user alone (mode 0700)
 */
export function createSshFolder(path: string, user: string, script: string) {
  const key = join(path, 'id_ed25519');
  const options = ['-q', '-t', 'ed25519', '-N', '', '-C', 'dispersed-cook'];
  execFileSync('ssh-keygen', [...options, '-f', key], { stdio: 'pipe' });
  const config = join(path, 'config');
  const bin = join(path, 'bin');
  const hosts = new Map<string, string>();
  mkdirSync(bin);
  // With which `gpu` keeps what the machine prints from giving commands to the runner.
  writeFileSync(join(path, 'token'), randomBytes(16).toString('hex'), { mode: 0o600 });
  return {
    user,
    config,
    bin,
    /** One line, for `sshkey`. */
    publicKey: readFileSync(`${key}.pub`, 'utf8').trim(),
    /** Lets `gpu`, `gpu-2`, … reach a job at its address. */
    addHost: (name: string, { hostname, port }: Pick<NodeUrl, 'hostname' | 'port'>) => {
      const host = `Host ${name}\n  HostName ${hostname}\n  Port ${port}\n`;
      if (hosts.get(name) === host) return;
      hosts.set(name, host);
      const text = [...hosts.values(), formatDefaults(user, path)].join('');
      writeFileSync(config, text, { mode: 0o600 });
      const command = join(bin, name);
      copyFileSync(script, command);
      chmodSync(command, 0o700);
    },
    /** Logs in once; returns why that did not work, foreign text, or null. */
    login: async (name: string, signal: AbortSignal) =>
      new Promise<string | null>((resolve) => {
        const limits = { timeout: maxLoginMs, signal };
        execFile('ssh', ['-F', config, name, 'true'], limits, (error, _, stderr) => {
          resolve(error === null ? null : describeRefusal(stderr));
        });
      }),
  };
}

/** The last line of ssh, in plain words where they are known. */
function describeRefusal(stderr: string): string {
  const last = /[^\r\n]*$/.exec(stderr.trim())?.[0] ?? '';
  if (/permission denied/i.test(last))
    return 'permission denied: does the image pass SSH_PUBKEY on?';
  const known =
    /connection (?:refused|timed out|closed|reset)|no route to host|could not resolve hostname/i;
  return known.exec(last)?.[0].toLowerCase() ?? (last || 'no response');
}

// A socket has at most 104 characters on macOS, and ssh adds some of its own.
const maxSocketPath = 80;

/**
 * The part of the file for `ssh -F` that holds for all hosts. A host key is accepted once and then
 * required; a machine that does not answer for 15 s is lost; a connection is shared if its socket fits.
 */
function formatDefaults(user: string, folder: string): string {
  const socket = join(folder, '%n');
  const shared = `  ControlMaster auto\n  ControlPath "${socket}"\n  ControlPersist 60\n`;
  return `Host *
  User ${user}
  IdentityFile "${join(folder, 'id_ed25519')}"
  IdentitiesOnly yes
  BatchMode yes
  StrictHostKeyChecking accept-new
  UserKnownHostsFile "${join(folder, 'known_hosts')}"
  ConnectTimeout 10
  ServerAliveInterval 5
  ServerAliveCountMax 3
  LogLevel ERROR
${socket.length <= maxSocketPath ? shared : ''}`;
}
