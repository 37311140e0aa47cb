import type { Access } from '../service/open.ts';
import { isLoopbackHost } from '../service/public-address.ts';
import { fromText } from './parsers.ts';
import { input, type Values } from './read.ts';
import { invalid, quote } from './tree.ts';

// Parsers of what gives access to the service and to GitHub. Their values are never shown.

/** Half of the API key: it goes into a header, or signs requests. */
function apiKey(half: 'public' | 'secret', otherStart: string, other: string) {
  const secret = `DISPERSED_${half.toUpperCase()}_KEY`;
  return fromText((given) => {
    if (given === '') {
      throw invalid(
        `is empty. Store the ${half} key of the API key pair as a secret, such as ${secret}, under Settings → Secrets and variables → Actions of the repository, and pass it here by that name`,
      );
    }
    if (!isPrintable(given)) {
      throw invalid(
        'contains white space or characters that a key cannot have. Copy it again, in one line',
      );
    }
    if (!given.startsWith(otherStart)) return given;
    throw invalid(
      `contains the ${other} key (${otherStart}…) instead of the ${half} key; are the two swapped?`,
    );
  });
}

const publicKey = apiKey('public', 'sk_', 'secret');
const secretKey = apiKey('secret', 'pk_', 'public');

/** A GitHub token: it goes into a header. */
export const token = fromText((given) => {
  if (given === '') throw invalid('is empty: give a token, such as ${{ github.token }}');
  if (isPrintable(given)) return given;
  throw invalid('contains white space or characters that a token cannot have');
});

function isPrintable(given: string): boolean {
  return /^[\u0021-\u007e]+$/.test(given);
}

const apiUrl = fromText((given) => {
  const url = URL.parse(given);
  if (url === null) throw invalid('is not a URL; the service is at https://api.dispersed.com');
  if (url.username !== '' || url.password !== '') {
    throw invalid('contains a user name or password; use the inputs public-key and secret-key');
  }
  const isLoopback = isLoopbackHost(url.hostname);
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback)) {
    // Not the whole: what follows the host may hold a key.
    const shown = quote(`${url.protocol}//${url.host}`);
    throw invalid(`${shown} is not https; http is accepted for loopback addresses only`);
  }
  if (url.pathname === '/' && url.search === '' && url.hash === '') return url;
  throw invalid('must be a host only, without path, query or fragment');
});

/** The inputs of every action that give access to the service. */
export const accessInputs = {
  'public-key': input(publicKey),
  'secret-key': input(secretKey),
  'api-url': input(apiUrl, 'https://api.dispersed.com'),
};

/** What they give to reach the service. */
export function toAccess(inputs: Values<typeof accessInputs>): Access {
  const keys = { publicKey: inputs['public-key'], secretKey: inputs['secret-key'] };
  return { apiUrl: inputs['api-url'], keys };
}
