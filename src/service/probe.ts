import { lookup, type LookupAddress, type LookupOptions } from 'node:dns';
import { isIP } from 'node:net';
import type { Dispatcher } from 'undici';
import { systemClock, withDeadline } from '../clock.ts';
import { InterruptedError } from '../errors.ts';
import { describeTrouble } from './http.ts';
import { isProxied, openDispatcher } from './proxy.ts';
import { isLoopbackHost, isPublicAddress } from './public-address.ts';

/** Asks a server that the service named whether it is there. */
export type Probe = ReturnType<typeof openProbe>;

// A health check that takes longer is no sign of a server that is ready.
const maxGetMs = 5_000;

const user = 'duser';

/**
 * Opens a way to servers. Addresses that are not public are refused, after the name was resolved
 * too, unless the API itself is on loopback. Behind a proxy, the proxy resolves the names that this
 * machine cannot.
 */
export function openProbe(apiUrl: URL, resolve: Resolve = lookup) {
  const isAnyAllowed = isLoopbackHost(apiUrl.hostname);
  const resolvePublic = lookupPublic(resolve);
  const dispatcher = openDispatcher({
    connect: { timeout: maxGetMs, ...(!isAnyAllowed && { lookup: resolvePublic }) },
  });
  return {
    /**
     * Sends one GET and gives the status of the answer, whose body is not read; a redirect is an
     * answer like any other.
     * @param token password of the user `duser`, where the server wants one
     * @throws Error with what went wrong in words, the certificate's trouble included
     */
    get: async (url: URL, token: string | null, outer: AbortSignal): Promise<number> => {
      try {
        return await withDeadline(systemClock, maxGetMs, outer, async (signal) => {
          if (!isAnyAllowed) await refuseNotPublic(url.hostname, resolvePublic);
          return getOnce(dispatcher, url, token, signal);
        });
      } catch (error) {
        const isLate = error instanceof InterruptedError && !outer.aborted;
        throw new Error(isLate ? 'no response in 5 s' : describeTrouble(error), { cause: error });
      }
    },
    /** Drops every open socket, so that the process can end. */
    close: async () => dispatcher.destroy(),
  };
}

async function getOnce(
  dispatcher: Dispatcher,
  url: URL,
  token: string | null,
  signal: AbortSignal,
): Promise<number> {
  const answer = await dispatcher.request({
    origin: url.origin,
    path: `${url.pathname}${url.search}`,
    method: 'GET',
    headers: { 'User-Agent': 'dispersed-cook', ...authorization(token) },
    signal,
  });
  // What the body says is of no interest, and it may have no end.
  answer.body.on('error', () => {}).destroy();
  return answer.statusCode;
}

function authorization(token: string | null): Record<string, string> {
  if (token === null) return {};
  return { Authorization: `Basic ${Buffer.from(`${user}:${token}`).toString('base64')}` };
}

class NotPublic extends Error {
  constructor(address: string) {
    super(`the address ${address} is not public, and is not asked`);
  }
}

/** Refuses an address in figures, and a name that resolves to one, before anything is sent. */
async function refuseNotPublic(hostname: string, resolvePublic: LookUp): Promise<void> {
  const address = hostname.replaceAll(/^\[|\]$/g, '');
  if (isIP(address) !== 0) {
    if (!isPublicAddress(address)) throw new NotPublic(address);
    return;
  }
  // Direct connections look at what they resolve themselves: the name may point elsewhere by then.
  if (!isProxied()) return;
  await new Promise<void>((resolve, reject) => {
    resolvePublic(hostname, { all: true }, (error) => {
      if (error instanceof NotPublic) reject(error);
      else resolve();
    });
  });
}

type OnAddresses = (
  error: Error | null,
  addresses: string | LookupAddress[],
  family?: number,
) => void;

/** Resolves a name, for a socket. */
type LookUp = (hostname: string, options: LookupOptions, onAddresses: OnAddresses) => void;

/** Resolves a name to all its addresses, as `dns.lookup` does. */
export type Resolve = (
  hostname: string,
  options: LookupOptions & { readonly all: true },
  onAddresses: (error: Error | null, addresses: LookupAddress[]) => void,
) => void;

/** A look-up that refuses a name with any address that is not public. */
function lookupPublic(resolve: Resolve): LookUp {
  return (hostname, options, onAddresses) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) {
        onAddresses(error, []);
        return;
      }
      const refused = addresses.find(({ address }) => !isPublicAddress(address));
      const [first] = addresses;
      if (refused !== undefined) onAddresses(new NotPublic(refused.address), []);
      else if (options.all) onAddresses(null, addresses);
      else onAddresses(null, first?.address ?? '', first?.family);
    });
  };
}
