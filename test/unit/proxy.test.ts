import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import { InputError } from '../../src/errors.ts';
import { connect } from '../../src/service/http.ts';
import { openProbe } from '../../src/service/probe.ts';
import { startProxy } from '../support/proxy.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

function setEnvironment(variables: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(variables)) {
    process.env[name] = value;
    closing.push(() => delete process.env[name]);
  }
}

async function startProxiedServer(noProxy: string) {
  const server = createServer((_, answer) => answer.end('through')).listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => server.close());
  const { port } = server.address() as AddressInfo;
  const proxy = await startProxy(new URL(`http://127.0.0.1:${port}`));
  closing.push(proxy.close);
  setEnvironment({ HTTP_PROXY: proxy.url, NO_PROXY: noProxy });
  return proxy;
}

// As curl and GitHub's toolkit have it. The name leads nowhere but through the proxy.
test.each([
  ['', true],
  ['dispersed.invalid', false],
  ['.dispersed.invalid', false],
  ['*.dispersed.invalid', false],
  ['api.dispersed.invalid', false],
  ['127.0.0.1, DISPERSED.invalid', false],
  ['dispersed.invalid:80', false],
  ['*', false],
  ['dispersed.invalid:8080', true],
  ['spersed.invalid', true],
  ['other.api.dispersed.invalid', true],
  ['api', true],
])('NO_PROXY=%s: api.dispersed.invalid goes through the proxy: %p', async (noProxy, isAsked) => {
  const proxy = await startProxiedServer(noProxy);
  const url = new URL('http://api.dispersed.invalid');
  const { exchange, close } = connect(url);
  const request = { method: 'GET', pathname: '/v1/jobs', query: '' } as const;
  const answer = await exchange(request, {}).catch((error: unknown) => error);
  await close();
  expect(answer).toMatchObject(isAsked ? { text: 'through' } : { trouble: 'unreachable' });
  expect(proxy.asked).toEqual(isAsked ? ['api.dispersed.invalid:80'] : []);
});

test.each([
  ['', 'the proxy is asked', 1],
  ['dispersed.invalid', 'it is not', 0],
])('a ready-check with NO_PROXY=%s: %s', async (noProxy, _, asked) => {
  const proxy = await startProxiedServer(noProxy);
  const probe = openProbe(new URL('https://api.dispersed.com'), (_name, _options, onAddresses) => {
    onAddresses(new Error('no such name'), []);
  });
  const url = new URL('http://job.dispersed.invalid/health');
  await probe.get(url, null, new AbortController().signal).catch(() => {});
  await probe.close();
  expect(proxy.asked).toHaveLength(asked);
});

test.each([
  'proxy.example.com:3128',
  'http://name:hunter2@',
  'socks5://name:hunter2@127.0.0.1:1080',
])('the proxy %s is a problem of the environment, told without its password', (proxy) => {
  setEnvironment({ HTTPS_PROXY: proxy });
  const opening = () => connect(new URL('https://api.dispersed.com'));
  expect(opening).toThrow(InputError);
  expect(opening).toThrow(/^HTTPS_PROXY or HTTP_PROXY: is not the URL of a proxy(?!.*hunter2)/);
});
