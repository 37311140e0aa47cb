import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import { cleanup } from '../../src/commands/post.ts';
import { cancel } from '../../src/commands/cancel.ts';
import { check } from '../../src/commands/check.ts';
import { cook } from '../../src/commands/cook.ts';
import { wait } from '../../src/commands/wait.ts';
import {
  newEntryFacts,
  newStepFacts,
  saveEntry,
  savePolicy,
  saveStep,
} from '../../src/custody/facts.ts';
import { rememberingRunner } from '../runner/in-process.ts';
import { fakeDeps, fastClock } from '../support/deps.ts';
import { speed } from './play.ts';

const recipes = '01a0114e-e7f8-4e76-a07a-f09fca41e2be\n0198ac1c-7063-4be8-bb94-57a5bd83548e';
const page = '<!doctype html><title>Welcome</title>';

const keys = { 'public-key': 'pk_test', 'secret-key': 'sk_test_0123456789' };

async function openHost(answer: RequestListener) {
  const server = createServer(answer);
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  return { url: `http://127.0.0.1:${port}`, close };
}

/** Plays cook and its post entry with a host that is no API. */
async function playOnHost(answer: RequestListener, inputs: Readonly<Record<string, string>> = {}) {
  const clock = fastClock(speed);
  const requests: { readonly method: string | undefined; readonly atMs: number }[] = [];
  const host = await openHost((request, response) => {
    requests.push({ method: request.method, atMs: clock.monotonicMs() });
    answer(request, response);
  });
  const given = { recipes, ...keys, 'api-url': host.url, ...inputs };
  const main = rememberingRunner(given);
  await cook(fakeDeps(main, clock));
  const inMain = requests.length;
  const post = rememberingRunner(given, new Map(main.kept));
  await cleanup(fakeDeps(post, clock));
  host.close();
  return { main, post, requests, inPost: requests.length - inMain };
}

const respond =
  (status: number, body: string, headers: Readonly<Record<string, string>>): RequestListener =>
  (_, response) => {
    response.writeHead(status, headers).end(body);
  };
const html = { 'content-type': 'text/html' };

describe('a host that is no API ends a cook at once, with api-url as the remedy', () => {
  test.each<[string, RequestListener]>([
    ['a web page', respond(200, page, html)],
    ['a web page that is not there', respond(404, page, html)],
    ['the JSON of another service', respond(200, '{"hello":"world"}', {})],
    ['a redirect', respond(302, '', { location: 'https://example.com/' })],
  ])('%s', async (_, answer) => {
    for (const inputs of [{}, { 'on-rerun': 'attach' }, { 'dry-run': 'true' }]) {
      const { main, post, requests, inPost } = await playOnHost(answer, inputs);
      expect(requests.map(({ method }) => method)).toEqual(['GET', 'GET']);
      const [first, last] = requests.map(({ atMs }) => atMs);
      expect((last ?? 0) - (first ?? 0)).toBeLessThan(15_000);
      expect(main.outputs.get('result')).toBe('error');
      const errors = main.annotations.filter(({ level }) => level === 'error');
      expect(errors).toHaveLength(1);
      expect(errors[0]?.title).toMatch(/the host is not the Dispersed API/);
      expect(errors[0]?.message).toContain('api-url');
      expect(main.annotations).toHaveLength(1);
      expect(post.annotations).toEqual([]);
      expect(inPost).toBe(0);
    }
  });
});

test('a service that is down from the start is told as that', async () => {
  const { main, post } = await playOnHost(respond(503, 'upstream', {}), {
    recipes: recipes.slice(0, 36),
    env: 'A=b',
  });
  const errors = main.annotations.filter(({ level }) => level === 'error');
  expect(errors.map(({ title }) => title)).toEqual([
    expect.stringMatching(/^Could not read recipe/),
  ]);
  expect(errors[0]?.message).toContain('503');
  expect(main.annotations).toHaveLength(1);
  expect(post.annotations).toEqual([]);
});

const jobUuid = '7b2f64a1-0c55-4f0f-9a35-5d5b3c0d1e2f';

const canceled = { uuid: jobUuid, status: 'CANCELLED', completed_at: '2026-06-01' };
const unanswered = { ...newEntryFacts('cook-mark'), sends: 1 };
const watched = { ...newEntryFacts(null), jobs: [{ uuid: jobUuid, hasEnded: false }] };

test.each([
  ['a wait that was killed', watched, newStepFacts, canceled],
  [
    'a cook without an answer',
    unanswered,
    { ends: ['interrupt' as const], hasVerdict: true },
    { data: [], total: 0 },
  ],
])('post of %s goes on where a page answers for a moment', async (_, facts, step, last) => {
  let requests = 0;
  const host = await openHost((request, response) => {
    requests += 1;
    const isPage = requests <= 4;
    const answer = isPage ? respond(200, page, html) : respond(200, JSON.stringify(last), {});
    answer(request, response);
  });
  const main = rememberingRunner({}, new Map());
  savePolicy(main, { onTimeout: 'detach', onWorkflowCancel: 'cancel', onJobEnd: 'keep' });
  saveEntry(main, 0, facts);
  saveStep(main, step);
  const runner = rememberingRunner({ ...keys, 'api-url': host.url }, new Map(main.kept));
  await cleanup(fakeDeps(runner, fastClock(speed)));
  host.close();
  expect(runner.annotations).toEqual([]);
  expect(requests).toBeGreaterThan(4);
});

const others = { wait, cancel, check } as const;

/** Plays another action with a host, and its post entry, which only wait has. */
async function playOther(action: keyof typeof others, answer: RequestListener, clockSpeed = speed) {
  const clock = fastClock(clockSpeed);
  const host = await openHost(answer);
  const given = {
    'job-uuids': jobUuid,
    ...keys,
    'api-url': host.url,
    'github-token': 'ghs_test_0123456789',
    'commit-status': 'false',
  };
  const runner = rememberingRunner(given, new Map(), { GITHUB_API_URL: given['api-url'] });
  const startedMs = clock.monotonicMs();
  await others[action](fakeDeps(runner, clock));
  const tookMs = clock.monotonicMs() - startedMs;
  if (action === 'wait')
    await cleanup(fakeDeps(rememberingRunner(given, new Map(runner.kept)), clock));
  const postMs = clock.monotonicMs() - startedMs - tookMs;
  host.close();
  return { runner, tookMs, postMs };
}

describe.each(['wait', 'cancel', 'check'] as const)('%s', (action) => {
  test.each<[string, RequestListener]>([
    ['a web page', respond(200, page, html)],
    ['a web page that is not there', respond(404, page, html)],
    ['the JSON of another service', respond(200, '{"hello":"world"}', {})],
    ['a redirect', respond(302, '', { location: 'https://example.com/' })],
  ])('ends within 15 s where the host is %s, with api-url as the remedy', async (_, answer) => {
    // Slow enough for seconds to be measured on a busy machine.
    const { runner, tookMs, postMs } = await playOther(action, answer, 10);
    expect(tookMs).toBeLessThan(15_000);
    expect(postMs).toBeLessThan(15_000);
    expect(runner.failed()).toBe(true);
    const errors = runner.annotations.filter(({ level }) => level === 'error');
    expect(errors.map(({ title }) => title)).toEqual([
      expect.stringMatching(/the host is not the Dispersed API/),
    ]);
    expect(errors[0]?.message).toContain('Check the input api-url');
  });

  test('ends within two minutes or so where the service is down, with that cause', async () => {
    const { runner, tookMs } = await playOther(action, respond(503, page, html));
    expect(tookMs).toBeLessThan(150_000);
    expect(runner.failed()).toBe(true);
    const errors = runner.annotations.filter(({ level }) => level === 'error');
    expect(errors).toHaveLength(1);
    expect(`${errors[0]?.title} ${errors[0]?.message}`).toContain('HTTP 503');
  });
});
