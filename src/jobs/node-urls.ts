import type { JobRun } from '../service/schemas.ts';
import type { Outcome } from './records.ts';
import { isFinal } from './status.ts';

/**
 * The address of a container's port, as the output `node-urls` has it: validated, so that it may be
 * printed and used in a command. `description` is `ssh`, or the port as text; `protocol` is as the
 * service gives it, `tcp` even for a web port.
 */
export type NodeUrl = ReturnType<typeof nodeUrlsOfRun>[number];

type RunAddress = NonNullable<JobRun['node_urls']>[number];

// A name that begins with a dash would be an option of a command.
const hostPattern = /^(?:[a-z0-9](?:[a-z0-9._-]{0,251}[a-z0-9])?|[0-9a-f]*:[0-9a-f:.]{1,44})$/i;
const textPattern = /^[\w.+][\w.+ /-]{0,60}$/;

/** The user in the vendor's images (its example client); root has no login there. */
export const vendorUser = 'duser';

/** The name of a job for ssh, and of the command for it: `gpu` for the first one, then `gpu-2`. */
export function hostName(index: number): string {
  return index === 0 ? 'gpu' : `gpu-${index + 1}`;
}

/** The valid addresses of a job that runs. */
export function nodeUrlsOf({ job, runs, sshUser }: Pick<Outcome, 'job' | 'runs' | 'sshUser'>) {
  if (job === null || isFinal(job.status)) return [];
  const alive = runs.filter(({ status }) => !isFinal(status));
  return alive.flatMap((run) => nodeUrlsOfRun(run, job.uuid, sshUser));
}

export function nodeUrlsOfRun(
  { node_urls: urls }: Pick<JobRun, 'node_urls'>,
  jobUuid: string,
  sshUser = vendorUser,
) {
  return (urls ?? []).flatMap(({ description, hostname, port, protocol, tls }) => {
    const isPort = Number.isInteger(port) && port >= 1 && port <= 65_535;
    if (!isPort || !hostPattern.test(hostname)) return [];
    const name = validText(description);
    const kind = validText(protocol);
    const hasTls = tls ?? kind?.toLowerCase() === 'https';
    const isLogin = isSsh({ description: name, protocol: kind });
    const host = hostname.includes(':') ? `[${hostname}]` : hostname;
    const scheme = hasTls ? 'https://' : 'http://';
    const url = `${isLogin ? `ssh://${sshUser}@` : scheme}${host}:${port}`;
    const place = { job_uuid: jobUuid, description: name, hostname, port };
    return [{ ...place, protocol: kind, tls: hasTls, url }];
  });
}

function validText(text: string | null): string | null {
  return text !== null && textPattern.test(text) ? text : null;
}

export function isSsh({ description, protocol }: Pick<RunAddress, 'description' | 'protocol'>) {
  return [description, protocol].some((each) => /^(?:ssh|22)$/i.test(each ?? ''));
}

/** The address for the output `url`: that of a port of the container if given, else of the first web port. */
export function mainUrlOf(urls: readonly NodeUrl[], port: number | null): NodeUrl | undefined {
  const web = urls.filter((url) => !isSsh(url));
  return port === null ? web[0] : web.find(({ description }) => description === String(port));
}

/** An address to copy; for ssh the command to log in. */
export function addressOf({ url, hostname, port }: NodeUrl): string {
  const user = /^ssh:\/\/(.+)@/.exec(url)?.[1];
  return user === undefined ? url : `ssh -p ${port} ${user}@${hostname}`;
}
