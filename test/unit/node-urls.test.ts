import { expect, test } from '@jest/globals';
import type { Job, JobRun } from '../../src/api/schemas.ts';
import { describeNodeUrl, nodeUrlsOf } from '../../src/jobs/node-urls.ts';

const url = { description: 'ssh', hostname: 'node-1.example.net', port: 30_022, protocol: 'ssh' };

function urlsOf(change: Partial<typeof url>, jobStatus = 'RUNNING', runStatus = 'RUNNING') {
  const run = { status: runStatus, node_urls: [{ ...url, ...change }] } as unknown as JobRun;
  return nodeUrlsOf({ job: { status: jobStatus } as Job, runs: [run] });
}

test.each([
  [{}, 'ssh: ssh -p 30022 root@node-1.example.net'],
  [{ hostname: '203.0.113.7' }, 'ssh: ssh -p 30022 root@203.0.113.7'],
  [{ hostname: '2001:db8::1' }, 'ssh: ssh -p 30022 root@2001:db8::1'],
  [{ description: '8080', protocol: 'https' }, '8080: https://node-1.example.net:30022'],
  [
    { description: '80', protocol: 'http', hostname: '2001:db8::1' },
    '80: http://[2001:db8::1]:30022',
  ],
  [{ description: '5432', protocol: 'tcp' }, '5432: node-1.example.net:30022'],
  [{ description: '::error::x', protocol: '\n' }, 'port: node-1.example.net:30022'],
])('%j is shown', (change, line) => {
  expect(urlsOf(change).map(describeNodeUrl)).toEqual([line]);
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
