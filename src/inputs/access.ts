import type { Access } from '../service/open.ts';
import { isLoopbackHost } from '../service/public-address.ts';
import { fromText, InvalidValue, quote } from './parsers.ts';

// Parsers of what gives access to the service and to GitHub. Their values are never shown.

/** Half of the API key: it goes into a header, or signs requests. */
function apiKey(half: 'public' | 'secret', otherStart: string, other: string) {
  const secret = `DISPERSED_${half.toUpperCase()}_KEY`;
  return fromText((given) => {
    if (given === '') {
      return new InvalidValue(
        `is empty. Store the ${half} key of the API key pair as a secret, such as ${secret}, under Settings → Secrets and variables → Actions of the repository, and pass it here by that name`,
      );
    }
    if (!/^[\u0021-\u007e]+$/.test(given)) {
      return new InvalidValue(
        'contains white space or characters that a key cannot have. Copy it again, in one line',
      );
    }
    if (!given.startsWith(otherStart)) return given;
    return new InvalidValue(
      `contains the ${other} key (${otherStart}…) instead of the ${half} key; are the two swapped?`,
    );
  });
}

export const publicKey = apiKey('public', 'sk_', 'secret');
export const secretKey = apiKey('secret', 'pk_', 'public');

/** A GitHub token: it goes into a header. */
export const token = fromText((given) =>
  /^[\u0021-\u007e]+$/.test(given)
    ? given
    : new InvalidValue('contains white space or characters that a token cannot have'),
);

export const apiUrl = fromText((given) => {
  const url = URL.parse(given);
  if (url === null) {
    return new InvalidValue('is not a URL; the service is at https://api.dispersed.com');
  }
  if (url.username !== '' || url.password !== '') {
    return new InvalidValue(
      'contains a user name or password; use the inputs public-key and secret-key',
    );
  }
  const isLoopback = isLoopbackHost(url.hostname);
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback)) {
    // Not the whole: what follows the host may hold a key.
    const shown = quote(`${url.protocol}//${url.host}`);
    return new InvalidValue(`${shown} is not https; http is accepted for loopback addresses only`);
  }
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '') {
    return new InvalidValue('must be a host only, without path, query or fragment');
  }
  return url;
});

/** What the inputs of any action give to reach the service. */
export function toAccess(inputs: {
  readonly 'api-url': URL;
  readonly 'public-key': string;
  readonly 'secret-key': string;
}): Access {
  const keys = { publicKey: inputs['public-key'], secretKey: inputs['secret-key'] };
  return { apiUrl: inputs['api-url'], keys };
}
