import type { JobRun } from '../service/schemas.ts';
import type { Outcome } from './records.ts';
import { isFinal } from './status.ts';

/** The address of a container's port, validated: it may be printed and used in a command. */
export interface NodeUrl {
  readonly job_uuid: string;
  /** `ssh`, or the container's port as text. */
  readonly description: string | null;
  readonly hostname: string;
  readonly port: number;
  /** As the service gives it: `tcp` even for a web port. */
  readonly protocol: string | null;
  readonly tls: boolean;
  /** To be used as it is. */
  readonly url: string;
}

// What begins with a dash would be an option to the command that it is passed to.
const hostPattern = /^(?:[a-z0-9](?:[a-z0-9._-]{0,251}[a-z0-9])?|[0-9a-f]*:[0-9a-f:.]{1,44})$/i;
const textPattern = /^[\w.+][\w.+ /-]{0,60}$/;

// The user in the vendor's images (its example client); root has no login.
const sshUser = 'duser';

/** The addresses of a job that runs, without invalid ones. */
export function nodeUrlsOf({ job, runs }: Pick<Outcome, 'job' | 'runs'>): readonly NodeUrl[] {
  if (job === null || isFinal(job.status)) return [];
  return runs
    .filter(({ status }) => !isFinal(status))
    .flatMap((run) => nodeUrlsOfRun(run, job.uuid));
}

/** The addresses of one run, without invalid ones. */
export function nodeUrlsOfRun(
  { node_urls: urls }: Pick<JobRun, 'node_urls'>,
  jobUuid: string,
): readonly NodeUrl[] {
  return (urls ?? []).flatMap(({ description, hostname, port, protocol, tls }) => {
    const isPort = Number.isInteger(port) && port >= 1 && port <= 65_535;
    if (!isPort || !hostPattern.test(hostname)) return [];
    const address = {
      job_uuid: jobUuid,
      description: validText(description),
      hostname,
      port,
      protocol: validText(protocol),
    };
    // Without a word about TLS, a protocol that says it counts.
    const hasTls = tls ?? address.protocol?.toLowerCase() === 'https';
    return [{ ...address, tls: hasTls, url: urlOf(address, hasTls) }];
  });
}

function validText(text: string | null): string | null {
  return text !== null && textPattern.test(text) ? text : null;
}

function urlOf(address: Omit<NodeUrl, 'tls' | 'url'>, hasTls: boolean): string {
  const { hostname, port } = address;
  const host = hostname.includes(':') ? `[${hostname}]` : hostname;
  if (isSsh(address)) return `ssh://${sshUser}@${host}:${port}`;
  return `${hasTls ? 'https' : 'http'}://${host}:${port}`;
}

/** Whether it is where one logs in. */
export function isSsh({
  description,
  protocol,
}: Pick<NodeUrl, 'description' | 'protocol'>): boolean {
  return [description, protocol].some((each) => /^(?:ssh|22)$/i.test(each ?? ''));
}

/**
 * The address that a step hands out as its `url`: that of a port of the container where one is
 * asked for, else of the first web port.
 */
export function mainUrlOf(urls: readonly NodeUrl[], port: number | null): NodeUrl | undefined {
  const web = urls.filter((url) => !isSsh(url));
  return port === null ? web[0] : web.find(({ description }) => description === String(port));
}

/** One line: `ssh: ssh -p 30022 duser@node-1.example.net`, `8080: https://node-1.example.net:30080`. */
export function describeNodeUrl(url: NodeUrl): string {
  return `${url.description ?? 'port'}: ${addressOf(url)}`;
}

/** An address to copy; for ssh the command to log in. */
export function addressOf(url: NodeUrl): string {
  const { hostname, port } = url;
  return isSsh(url) ? `ssh -p ${port} ${sshUser}@${hostname}` : url.url;
}
