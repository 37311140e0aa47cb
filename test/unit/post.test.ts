import { expect, test } from '@jest/globals';
import { ServiceError } from '../../src/errors.ts';
import { cleanup } from '../../src/commands/post.ts';
import { newEntryFacts, saveEntry, savePolicy } from '../../src/custody/facts.ts';
import { createMadeUpClock } from '../support/clock.ts';
import { uuidNumber } from '../support/outcomes.ts';
import { noProbe } from '../support/probe.ts';
import { noGitHub } from '../github/in-process.ts';
import { rememberingRunner } from '../runner/in-process.ts';
import { fakeDeps, noSsh } from '../support/deps.ts';

// After a cancel of the workflow all posts together have some 4 minutes and 45 seconds.
test.each([
  ['answers nothing', undefined],
  ['answers 503 and asks for an hour', '3600'],
])('post ends within 4 minutes though the service %s', async (_, retryAfter) => {
  const clock = createMadeUpClock();
  const inputs = { 'public-key': 'pk_1', 'secret-key': 'sk_1', 'api-url': 'http://127.0.0.1:9' };
  const main = rememberingRunner(inputs);
  savePolicy(main, { onTimeout: 'cancel', onWorkflowCancel: 'cancel', onJobEnd: 'cancel' });
  const facts = { ...newEntryFacts('cook-1-a'), sends: 1 };
  saveEntry(main, 0, { ...facts, jobs: [{ uuid: uuidNumber(1), hasEnded: false }] });
  saveEntry(main, 1, facts);
  const post = rememberingRunner(inputs, main.kept);
  await cleanup({
    runner: post,
    clock,
    random: () => 1,
    openProbe: noProbe,
    openGitHub: noGitHub,
    createSshFolder: noSsh,
    interrupt: new AbortController().signal,
    connect: () => ({
      exchange: async (request, _headers, signal) => {
        if (retryAfter !== undefined)
          return { status: 503, text: '', dateMs: undefined, retryAfter };
        await clock.sleep(30_000, signal);
        const what = `${request.method} ${request.pathname}`;
        throw new ServiceError({ trouble: 'no-answer', request: what, detail: '' });
      },
      close: async () => {},
    }),
  });
  expect(clock.monotonicMs()).toBeGreaterThanOrEqual(225_000);
  expect(clock.monotonicMs()).toBeLessThan(230_000);
  // Of jobs that were never seen it has nothing to say in the end.
  expect(post.lines.filter((line) => line.includes('cooked'))).toEqual([]);
  expect(post.annotations.map(({ title }) => title).toSorted()).toEqual([
    'A job could not be canceled',
    'A job that the action could not find may be running',
  ]);
});

test('post works where the folder of the SSH files is gone', async () => {
  const kept = new Map([['ssh-folder', '/nonexistent/gpu']]);
  const post = rememberingRunner({}, kept);
  await expect(cleanup(fakeDeps(post, createMadeUpClock()))).resolves.toBeUndefined();
});

test('of several jobs that a re-run replaces, none is told to be a duplicate', async () => {
  const clock = createMadeUpClock();
  const inputs = { 'public-key': 'pk_1', 'secret-key': 'sk_1', 'api-url': 'http://127.0.0.1:9' };
  const main = rememberingRunner(inputs);
  const policy = { onTimeout: 'cancel', onWorkflowCancel: 'cancel', onJobEnd: 'keep' } as const;
  savePolicy(main, policy);
  const jobs = [1, 2].map((number) => ({ uuid: uuidNumber(number), hasEnded: false }));
  saveEntry(main, 0, { ...newEntryFacts(null), jobs, stop: 'replaced' });
  const post = rememberingRunner(inputs, main.kept);
  await cleanup({
    runner: post,
    clock,
    random: () => 1,
    openProbe: noProbe,
    openGitHub: noGitHub,
    createSshFolder: noSsh,
    interrupt: new AbortController().signal,
    connect: () => ({
      exchange: async ({ pathname }) => {
        const [, uuid] = /jobs\/([^/]+)/.exec(pathname) ?? [];
        const text = JSON.stringify({ uuid, status: 'CANCELLED' });
        return { status: 200, text, dateMs: undefined, retryAfter: undefined };
      },
      close: async () => {},
    }),
  });
  expect(post.lines).toEqual(
    [1, 2].map(
      (number) => `00:00  canceling  the workflow's job has ended (job ${uuidNumber(number)})`,
    ),
  );
});
