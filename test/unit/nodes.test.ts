import { expect, test } from '@jest/globals';
import { addressOf, nodesOf, type NodeUrl } from '../../src/report/nodes.ts';
import { fakeOutcome, fakeRun } from '../fakes/outcomes.ts';

const node = (changes: Partial<NodeUrl>): NodeUrl => ({
  description: '8080',
  hostname: 'node-1.example.net',
  port: 30_080,
  protocol: 'https',
  ...changes,
});

test.each<[Partial<NodeUrl>, string | null]>([
  [{ description: 'ssh' }, 'ssh -p 30080 root@node-1.example.net'],
  [{ protocol: 'SSH' }, 'ssh -p 30080 root@node-1.example.net'],
  [{}, 'https://node-1.example.net:30080'],
  [{ protocol: 'tcp' }, 'node-1.example.net:30080'],
  [{ protocol: null, hostname: '10.0.0.1' }, '10.0.0.1:30080'],
  [{ hostname: '2001:db8::1' }, 'https://[2001:db8::1]:30080'],
  [{ hostname: '-oProxyCommand=x' }, null],
  [{ hostname: 'x; rm -rf ~' }, null],
  [{ hostname: 'x$(id)' }, null],
  [{ hostname: 'x`id`' }, null],
  [{ hostname: 'x\nid' }, null],
  [{ hostname: '' }, null],
  [{ port: 0 }, null],
  [{ port: 1.5 }, null],
  [{ port: 70_000 }, null],
])('%j is reached at %p', (changes, address) => {
  expect(addressOf(node(changes))).toBe(address);
});

test('a job has nodes while it has not ended, those of its newest run', () => {
  const runs = [fakeRun({ node_urls: [node({ port: 1 })] }), fakeRun({ node_urls: [node({})] })];
  expect(nodesOf(fakeOutcome({ runs }, { status: 'RUNNING' }))).toEqual([node({})]);
  expect(nodesOf(fakeOutcome({ runs }, { status: 'CANCELLED' }))).toEqual([]);
  expect(nodesOf(fakeOutcome({ runs: [] }, { status: 'RUNNING' }))).toEqual([]);
});
