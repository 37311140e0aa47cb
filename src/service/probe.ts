import { lookup } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { systemClock, withDeadline } from '../clock.ts';
import { InterruptedError } from '../errors.ts';
import { describeTrouble, openDispatcher } from './http.ts';
import { isLoopbackHost, isPublicAddress } from './public-address.ts';

/** Asks a server that the service named whether it is there. */
export type Probe = ReturnType<typeof openProbe>;

// A health check that takes longer is no sign of a server that is ready.
const maxGetMs = 5_000;

const user = 'duser';

/**
 * Opens a way to servers. Addresses that are not public are refused, after the name was resolved
 * too, unless the API itself is on loopback. Behind a proxy, the names are for the proxy to resolve.
 */
export function openProbe(apiUrl: URL, resolve: LookupFunction = lookup) {
  const isAnyAllowed = isLoopbackHost(apiUrl.hostname);
  const dispatcher = openDispatcher({
    connect: { timeout: maxGetMs, ...(!isAnyAllowed && { lookup: lookupPublic(resolve) }) },
  });

  const getOnce = async (url: URL, token: string | null, signal: AbortSignal) => {
    // A socket looks up names alone.
    const address = url.hostname.replaceAll(/^\[|\]$/g, '');
    if (!isAnyAllowed && isIP(address) !== 0 && !isPublicAddress(address)) throw notPublic(address);
    const login = token === null ? null : Buffer.from(`${user}:${token}`).toString('base64');
    const answer = await dispatcher.request({
      origin: url.origin,
      path: `${url.pathname}${url.search}`,
      method: 'GET',
      headers: {
        'User-Agent': 'dispersed-cook',
        ...(login !== null && { Authorization: `Basic ${login}` }),
      },
      signal,
    });
    // What the body says is of no interest, and it may have no end.
    answer.body.on('error', () => {}).destroy();
    return answer.statusCode;
  };
  return {
    /**
     * Sends one GET and gives the status of the answer, whose body is not read; a redirect is an
     * answer like any other.
     * @param token password of the user `duser`, where the server wants one
     * @throws Error with what went wrong in words, the certificate's trouble included
     */
    get: async (url: URL, token: string | null, outer: AbortSignal): Promise<number> => {
      try {
        return await withDeadline(systemClock, maxGetMs, outer, async (signal) =>
          getOnce(url, token, signal),
        );
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
  return new Error(`the address ${address} is not public, and is not asked`);
}

// Refuses a name with any address that is not public.
function lookupPublic(resolve: LookupFunction): LookupFunction {
  return (hostname, options, onAddresses) => {
    resolve(hostname, { ...options, all: true }, (error, found) => {
      const addresses = Array.isArray(found) ? found : [];
      const refused = addresses.find(({ address }) => !isPublicAddress(address));
      const [first] = addresses;
      if (error !== null) onAddresses(error, []);
      else if (refused !== undefined) onAddresses(notPublic(refused.address), []);
      else if (options.all) onAddresses(null, addresses);
      else onAddresses(null, first?.address ?? '', first?.family);
    });
  };
}
