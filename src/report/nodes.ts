import type { JobRun } from '../dispersed/schemas.ts';
import type { Outcome } from '../records.ts';
import { isFinal } from '../verdict.ts';

/** Where a node of a job can be reached. Foreign text. */
export type NodeUrl = NonNullable<JobRun['node_urls']>[number];

/** Where a job can be reached: the newest run's addresses, while the job has not ended. */
export function nodesOf({ job, runs }: Outcome): readonly NodeUrl[] {
  if (job === null || isFinal(job.status)) return [];
  return runs.at(-1)?.node_urls ?? [];
}

/**
 * An address to copy: `ssh -p 30022 root@node.example`, `https://node.example:30080`.
 * @returns null where it is not plainly a host and a port: what people paste into a shell must not
 *   be more than it seems
 */
export function addressOf({ description, hostname, port, protocol }: NodeUrl): string | null {
  if (!isHost(hostname) || !isPort(port)) return null;
  if ([description, protocol].some((word) => word?.toLowerCase() === 'ssh'))
    return `ssh -p ${port} root@${hostname}`;
  const host = hostname.includes(':') ? `[${hostname}]` : hostname;
  const scheme = /^https?$/i.test(protocol ?? '') ? `${protocol?.toLowerCase()}://` : '';
  return `${scheme}${host}:${port}`;
}

// A name or an IPv4 address, or an IPv6 address. Never a dash in front: ssh would take it for an
// option.
function isHost(hostname: string): boolean {
  return (
    hostname.length <= 253 && /^(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|[0-9a-f:]+)$/i.test(hostname)
  );
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port > 0 && port < 65_536;
}
