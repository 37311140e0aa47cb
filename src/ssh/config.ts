import { join } from 'node:path';

/** Where a job can be logged in to. Host and port are validated. */
export interface SshHost {
  /** `gpu`, `gpu-2`, … */
  readonly name: string;
  readonly hostname: string;
  readonly port: number;
}

/** The name of the host of a job: `gpu` for the first one, then `gpu-2`. */
export function hostName(index: number): string {
  return index === 0 ? 'gpu' : `gpu-${index + 1}`;
}

// A socket has at most 104 characters on macOS, and ssh adds some of its own.
const maxSocketPath = 80;

/**
 * The text of a file for `ssh -F`. A host key is accepted once and then held to; a machine that does
 * not answer for 15 s is lost; one connection is used again, where its socket may be in the folder.
 * @param folder where the key, the known hosts and the socket are
 */
export function formatConfig(hosts: readonly SshHost[], user: string, folder: string): string {
  const socket = join(folder, '%n');
  const shared = `  ControlMaster auto\n  ControlPath ${quote(socket)}\n  ControlPersist 60\n`;
  const places = hosts.map(
    ({ name, hostname, port }) => `Host ${name}\n  HostName ${hostname}\n  Port ${port}\n`,
  );
  return `${places.join('')}Host *
  User ${user}
  IdentityFile ${quote(join(folder, 'id_ed25519'))}
  IdentitiesOnly yes
  BatchMode yes
  StrictHostKeyChecking accept-new
  UserKnownHostsFile ${quote(join(folder, 'known_hosts'))}
  ConnectTimeout 10
  ServerAliveInterval 5
  ServerAliveCountMax 3
  LogLevel ERROR
${socket.length <= maxSocketPath ? shared : ''}`;
}

// Of a path, only what ssh would expand is changed; `%n` is the name of the host.
function quote(path: string): string {
  return `"${path.replaceAll(/%(?!n$)/g, '%%')}"`;
}
