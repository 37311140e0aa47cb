import { Agent, EnvHttpProxyAgent, type Dispatcher } from 'undici';
import { InputError } from '../errors.ts';

const variables = ['HTTPS_PROXY', 'HTTP_PROXY', 'https_proxy', 'http_proxy'];

/**
 * Opens connections as the environment says: direct, or through the proxy of `HTTPS_PROXY` and
 * `HTTP_PROXY` but for the hosts of `NO_PROXY`.
 * @throws InputError where what it says is no proxy
 */
export function openDispatcher(options: EnvHttpProxyAgent.Options): Dispatcher {
  if (!isProxied()) return new Agent(options);
  try {
    return new EnvHttpProxyAgent({ ...options, noProxy: noProxy() });
  } catch {
    // What it was given may hold a password.
    const message =
      'is not the address of a proxy; it starts with http:// or https://, such as http://proxy.example.com:3128';
    throw new InputError([{ input: givenProxies().join(' or '), message }]);
  }
}

/** Whether requests go through a proxy, `NO_PROXY` apart. */
export function isProxied(): boolean {
  return givenProxies().length > 0;
}

function givenProxies(): readonly string[] {
  return variables.filter((name) => (process.env[name] ?? '') !== '');
}

// A host covers those below it, as curl and GitHub's toolkit have it; for undici 6 it needs a dot.
function noProxy(): string {
  const given = process.env['no_proxy'] ?? process.env['NO_PROXY'] ?? '';
  const hosts = given.split(/[,\s]+/).map((entry) => entry.replace(/^\*?\./, ''));
  return hosts.flatMap((host) => (host === '' ? [] : [host, `.${host}`])).join(',');
}
