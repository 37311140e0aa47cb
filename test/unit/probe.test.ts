import { afterEach, expect, test } from '@jest/globals';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { isPublicAddress, openProbe, type Probe } from '../../src/service/probe.ts';
import { startApp, type AppOptions } from '../simulator/app.ts';

const realApi = new URL('https://api.dispersed.com');
const localApi = new URL('http://127.0.0.1:9');
const never = new AbortController().signal;
const closing: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

function probeFor(apiUrl: URL): Probe {
  const probe = openProbe(apiUrl);
  closing.push(probe.close);
  return probe;
}

async function appUrl(options: AppOptions = {}) {
  const app = await startApp(options);
  closing.push(app.close);
  return { app, url: new URL(`http://127.0.0.1:${app.nodeUrl.port}/health?a=1`) };
}

test('gives the status, asks with the token, and follows no redirect', async () => {
  const { app, url } = await appUrl({ status: 307, location: '/x', token: () => 'open' });
  const probe = probeFor(localApi);
  expect(await probe.get(url, 'open', never)).toBe(307);
  expect(await probe.get(url, null, never)).toBe(401);
  expect(app.answers).toEqual(['GET /health?a=1 307', 'GET /health?a=1 401']);
});

test('does not read a body to its end', async () => {
  const { url } = await appUrl({ isEndless: true });
  expect(await probeFor(localApi).get(url, null, never)).toBe(200);
});

test('gives up after 5 s', async () => {
  const { url } = await appUrl({ isSilent: true });
  const startedMs = performance.now();
  await expect(probeFor(localApi).get(url, null, never)).rejects.toThrow('no response in 5 s');
  expect(performance.now() - startedMs).toBeGreaterThan(4_900);
  expect(performance.now() - startedMs).toBeLessThan(6_000);
}, 10_000);

test('ends when told to', async () => {
  const { url } = await appUrl({ isSilent: true });
  const stop = new AbortController();
  const asking = probeFor(localApi).get(url, null, stop.signal);
  stop.abort();
  await expect(asking).rejects.toThrow('no response in time');
});

test('tells of trouble with TLS', async () => {
  const { app, url } = await appUrl();
  const secure = new URL(url.href.replace('http:', 'https:'));
  await expect(probeFor(localApi).get(secure, null, never)).rejects.toThrow(/SSL|TLS|EPROTO/i);
  expect(app.answers).toEqual([]);
});

test('tells that nobody is there', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  const url = new URL(`http://127.0.0.1:${port}/`);
  await expect(probeFor(localApi).get(url, null, never)).rejects.toThrow('ECONNREFUSED');
});

test.each([
  (port: number) => `http://127.0.0.1:${port}/`,
  (port: number) => `http://localhost:${port}/`,
  (port: number) => `http://0x7f.1:${port}/`,
  (port: number) => `http://2130706433:${port}/`,
  (port: number) => `http://[::ffff:127.0.0.1]:${port}/`,
  (port: number) => `http://[::1]:${port}/`,
  () => 'http://169.254.169.254/latest/meta-data/',
  () => 'http://10.0.0.1/',
])('with the real service, the runner’s own network is not asked: %s', async (urlOf) => {
  const { app } = await appUrl();
  const url = new URL(urlOf(app.nodeUrl.port));
  await expect(probeFor(realApi).get(url, null, never)).rejects.toThrow(/is not public/);
  expect(app.answers).toEqual([]);
});

test('with the real service, a name that resolves to the runner’s own network is not asked', async () => {
  const { app } = await appUrl();
  const probe = openProbe(realApi, (_name, _options, done) => {
    done(null, [
      { address: '8.8.8.8', family: 4 },
      { address: '127.0.0.1', family: 4 },
    ]);
  });
  closing.push(probe.close);
  const url = new URL(`http://node-1.example.net:${app.nodeUrl.port}/`);
  await expect(probe.get(url, null, never)).rejects.toThrow('127.0.0.1 is not public');
  expect(app.answers).toEqual([]);
});

test.each([
  '8.8.8.8',
  '1.1.1.1',
  '100.63.255.255',
  '100.128.0.0',
  '172.15.255.255',
  '172.32.0.0',
  '192.167.255.255',
  '223.255.255.255',
  '2606:4700::1111',
  '2a00:1450:4001::1',
])('%s is public', (address) => {
  expect(isPublicAddress(address)).toBe(true);
});

test.each([
  ['this machine', '127.0.0.1'],
  ['this machine', '127.255.255.254'],
  ['this machine', '0.0.0.0'],
  ['this machine', '::1'],
  ['this machine', '::'],
  ['a private network', '10.0.0.1'],
  ['a private network', '172.16.0.1'],
  ['a private network', '172.31.255.255'],
  ['a private network', '192.168.1.1'],
  ['a private network', 'fc00::1'],
  ['a private network', 'fd12:3456::1'],
  ['the metadata of a cloud', '169.254.169.254'],
  ['the metadata of a cloud', 'fd00:ec2::254'],
  ['a link', 'fe80::1'],
  ['a carrier', '100.64.0.1'],
  ['a carrier', '100.127.255.255'],
  ['a group', '224.0.0.1'],
  ['a group', 'ff02::1'],
  ['everyone', '255.255.255.255'],
  ['IPv4 in IPv6', '::ffff:127.0.0.1'],
  ['IPv4 in IPv6', '::ffff:8.8.8.8'],
  ['IPv4 in IPv6', '64:ff9b::7f00:1'],
  ['IPv4 in IPv6', '2002:7f00:1::'],
  ['IPv4 in IPv6', '2001:0:7f00:1::'],
  ['documentation', '192.0.2.1'],
  ['documentation', '2001:db8::1'],
  ['a name', 'localhost'],
  ['nothing', ''],
])('%s is not: %s', (_, address) => {
  expect(isPublicAddress(address)).toBe(false);
});

test('no IPv4 address is public in the guise of an IPv6 one', () => {
  fc.assert(
    fc.property(fc.ipV4(), (address) => {
      expect(isPublicAddress(`::ffff:${address}`)).toBe(false);
    }),
  );
});
