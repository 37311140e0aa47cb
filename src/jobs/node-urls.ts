import type { JobRun } from '../api/schemas.ts';
import type { Outcome } from './records.ts';
import { isFinal } from './status.ts';

/** The address of a container's port, validated: it may be printed and used in a command. */
export interface NodeUrl {
  readonly description: string | null;
  readonly hostname: string;
  readonly port: number;
  readonly protocol: string | null;
}

// An address that begins with a dash would be an option to ssh.
const hostPattern = /^(?:[a-z0-9](?:[a-z0-9._-]{0,251}[a-z0-9])?|[0-9a-f]*:[0-9a-f:.]{1,44})$/i;
const textPattern = /^[\w.+-][\w.+ /-]{0,60}$/;

/** The addresses of a job that runs, without invalid ones. */
export function nodeUrlsOf({ job, runs }: Pick<Outcome, 'job' | 'runs'>): readonly NodeUrl[] {
  if (job === null || isFinal(job.status)) return [];
  return runs.filter(({ status }) => !isFinal(status)).flatMap(urlsOf);
}

function urlsOf({ node_urls: urls }: JobRun): readonly NodeUrl[] {
  return (urls ?? []).flatMap(({ description, hostname, port, protocol }) => {
    const isPort = Number.isInteger(port) && port >= 1 && port <= 65_535;
    if (!isPort || !hostPattern.test(hostname)) return [];
    return [{ description: validText(description), hostname, port, protocol: validText(protocol) }];
  });
}

function validText(text: string | null): string | null {
  return text !== null && textPattern.test(text) ? text : null;
}

/** One line: `ssh: ssh -p 30022 root@node-1.example.net`, `8080: https://node-1.example.net:30080`. */
export function describeNodeUrl(url: NodeUrl): string {
  return `${url.description ?? 'port'}: ${addressOf(url)}`;
}

/** An address to copy; for ssh the command to log in, as root. */
export function addressOf({ description, hostname, port, protocol }: NodeUrl): string {
  const isSsh = [description, protocol].some((each) => each?.toLowerCase() === 'ssh');
  if (isSsh) return `ssh -p ${port} root@${hostname}`;
  const host = hostname.includes(':') ? `[${hostname}]` : hostname;
  const isWeb = protocol === 'http' || protocol === 'https';
  return `${isWeb ? `${protocol}://` : ''}${host}:${port}`;
}
