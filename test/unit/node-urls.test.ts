import { expect, test } from '@jest/globals';
import type { Job, JobRun } from '../../src/service/schemas.ts';
import { addressOf, mainUrlOf, nodeUrlsOf } from '../../src/jobs/node-urls.ts';
import { uuidNumber } from '../support/outcomes.ts';

const url = {
  description: 'ssh',
  hostname: 'node-1.example.net',
  port: 30_022,
  protocol: 'ssh',
  tls: null as boolean | null,
};

function urlsOf(change: Partial<typeof url>, jobStatus = 'RUNNING', runStatus = 'RUNNING') {
  const run = { status: runStatus, node_urls: [{ ...url, ...change }] } as unknown as JobRun;
  const job = { uuid: uuidNumber(1), status: jobStatus } as Job;
  return nodeUrlsOf({ job, runs: [run], sshUser: 'duser' });
}

const node = 'node-1.example.net:30022';

test.each([
  [{}, 'ssh: ssh -p 30022 duser@node-1.example.net', `ssh://duser@${node}`],
  [
    { hostname: '2001:db8::1' },
    'ssh: ssh -p 30022 duser@2001:db8::1',
    'ssh://duser@[2001:db8::1]:30022',
  ],
  [
    { description: '22', protocol: 'tcp' },
    '22: ssh -p 30022 duser@node-1.example.net',
    `ssh://duser@${node}`,
  ],
  [{ description: '8080', protocol: 'tcp', tls: true }, `8080: https://${node}`, `https://${node}`],
  [{ description: '8080', protocol: 'tcp', tls: false }, `8080: http://${node}`, `http://${node}`],
  [{ description: '8080', protocol: 'tcp' }, `8080: http://${node}`, `http://${node}`],
  [{ description: '8080', protocol: 'https' }, `8080: https://${node}`, `https://${node}`],
  [
    { description: '8080', protocol: 'https', tls: false },
    `8080: http://${node}`,
    `http://${node}`,
  ],
  [
    { description: '80', protocol: 'http', hostname: '2001:db8::1' },
    '80: http://[2001:db8::1]:30022',
    'http://[2001:db8::1]:30022',
  ],
  [{ description: '::error::x', protocol: '\n' }, `port: http://${node}`, `http://${node}`],
  [{ description: '-rf', protocol: '-x' }, `port: http://${node}`, `http://${node}`],
])('%j is shown and handed out', (change, line, address) => {
  const urls = urlsOf(change);
  expect(urls.map((each) => `${each.description ?? 'port'}: ${addressOf(each)}`)).toEqual([line]);
  expect(urls.map((each) => each.url)).toEqual([address]);
  expect(urls[0]?.job_uuid).toBe(uuidNumber(1));
});

test.each([
  { hostname: '-oProxyCommand=evil' },
  { hostname: 'a b' },
  { hostname: 'a;rm -rf /' },
  { hostname: '$(evil)' },
  { hostname: 'a\n::error::x' },
  { hostname: '##[error]' },
  { hostname: '' },
  { port: 0 },
  { port: 65_536 },
  { port: 1.5 },
])('%j is no address', (change) => {
  expect(urlsOf(change)).toEqual([]);
});

test('what has ended cannot be reached', () => {
  expect(urlsOf({}, 'COMPLETED')).toEqual([]);
  expect(urlsOf({}, 'RUNNING', 'FAILED')).toEqual([]);
});

test('the url of a step is that of the port asked for, else of the first web port', () => {
  const urls = [
    ...urlsOf({}),
    ...urlsOf({ description: '80', protocol: 'tcp' }),
    ...urlsOf({ description: '8080', protocol: 'tcp' }),
  ];
  expect(mainUrlOf(urls, null)?.description).toBe('80');
  expect(mainUrlOf(urls, 8080)?.description).toBe('8080');
  expect(mainUrlOf(urls, 9000)).toBeUndefined();
  expect(mainUrlOf(urls, 22)).toBeUndefined();
  expect(mainUrlOf(urlsOf({}), null)).toBeUndefined();
});
