import { lookup } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { systemClock, withDeadline } from '../clock.ts';
import { InterruptedError } from '../errors.ts';
import { describeTrouble, openDispatcher } from './http.ts';

/** Asks a server that the service named whether it is there. */
export type Probe = ReturnType<typeof openProbe>;

// A health check that takes longer is no sign of a server that is ready.
const maxGetMs = 5_000;

/**
 * Opens a way to servers. Addresses that are not public are refused, after the name was resolved
 * too, unless the API itself is on loopback. Behind a proxy, the names are for the proxy to resolve.
 */
export function openProbe(apiUrl: URL, resolve: LookupFunction = lookup) {
  const isAnyAllowed = isLoopbackHost(apiUrl.hostname);
  const dispatcher = openDispatcher({
    connect: { timeout: maxGetMs, ...(!isAnyAllowed && { lookup: lookupPublic(resolve) }) },
  });

  return {
    /**
     * Sends one GET and gives the status of the answer, whose body is not read; a redirect is an
     * answer like any other.
     * @param token password of the user `duser`, where the server wants one
     * @throws Error with what went wrong in words, the certificate's trouble included
     */
    get: async (url: URL, token: string | null, outer: AbortSignal): Promise<number> => {
      // A socket looks up names alone.
      const address = url.hostname.replaceAll(/^\[|\]$/g, '');
      if (!isAnyAllowed && isIP(address) !== 0 && !isPublicAddress(address))
        throw notPublic(address);
      const login = token === null ? null : Buffer.from(`duser:${token}`).toString('base64');
      const request = {
        origin: url.origin,
        path: `${url.pathname}${url.search}`,
        method: 'GET',
        headers: {
          'User-Agent': 'dispersed-cook',
          ...(login !== null && { Authorization: `Basic ${login}` }),
        },
      } as const;
      try {
        return await withDeadline(systemClock, maxGetMs, outer, async (signal) => {
          const { statusCode, body } = await dispatcher.request({ ...request, signal });
          // What the body says is of no interest, and it may have no end.
          body.on('error', () => {}).destroy();
          return statusCode;
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

function notPublic(address: string): Error {
  return new Error(`the address ${address} is not public, so the action does not connect to it`);
}

// Refuses a name with any address that is not public.
function lookupPublic(resolve: LookupFunction): LookupFunction {
  return (hostname, options, onAddresses) => {
    resolve(hostname, options, (error, found, family) => {
      const addresses = Array.isArray(found) ? found.map(({ address }) => address) : [found];
      const refused = addresses.find((address) => !isPublicAddress(address));
      if (error === null && refused !== undefined) onAddresses(notPublic(refused), []);
      else onAddresses(error, found, family);
    });
  };
}

// Of IPv6, only 2000::/3 is handed out for the public internet. Out are the special-purpose blocks of
// IANA's registries (RFC 6890 and later), and parts of IPv6 that hold an IPv4 address of any kind.
const globalV6 = blockList('2000::/3');
const specialBlocks = blockList(
  `0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24
   192.0.2.0/24 192.88.99.0/24 192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24
   224.0.0.0/3 2001::/23 2001:db8::/32 2002::/16 3fff::/20`,
);

function blockList(blocks: string): BlockList {
  const list = new BlockList();
  for (const block of blocks.split(/\s+/)) {
    const [net = '', prefix] = block.split('/');
    list.addSubnet(net, Number(prefix), isIP(net) === 4 ? 'ipv4' : 'ipv6');
  }
  return list;
}

/** Whether an IP address is one of the public internet. */
export function isPublicAddress(address: string): boolean {
  if (isIP(address) === 4) return !specialBlocks.check(address, 'ipv4');
  return globalV6.check(address, 'ipv6') && !specialBlocks.check(address, 'ipv6');
}

/** Whether a URL's host is this machine. */
export function isLoopbackHost(hostname: string): boolean {
  return /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/.test(hostname);
}
