import { expect, test } from '@jest/globals';
import type { JobLog } from '../../src/logs/collector.ts';
import { listJobRuns } from '../../src/service/endpoints.ts';
import { createEntry, givenJob } from '../../src/step/entry.ts';
import { getWaitUntil, watchServer } from '../../src/step/server.ts';
import type { Step } from '../../src/step/step.ts';
import { rememberingRunner } from '../runner/in-process.ts';
import { fakeClient } from '../support/client.ts';
import { createMadeUpClock } from '../support/clock.ts';
import { fakeJob, fakeRef, fakeRun, uuidNumber } from '../support/outcomes.ts';

const readyCheck = { port: 8080, path: '/' };

test.each([
  [undefined, null, 'BATCH', 'completed'],
  [undefined, readyCheck, 'BATCH', 'completed'],
  [undefined, null, 'PERSISTENT', 'running'],
  [undefined, readyCheck, 'PERSISTENT', 'ready'],
  ['running', null, 'BATCH', 'running'],
  ['ready', readyCheck, 'BATCH', 'ready'],
  ['completed', null, 'PERSISTENT', 'completed'],
  ['running', readyCheck, 'PERSISTENT', 'running'],
] as const)(
  'wait-until %s, ready-check %j, of a %s job: %s',
  (waitUntil, check, task, expected) => {
    expect(getWaitUntil({ waitUntil, readyCheck: check, ssh: null }, { task })).toBe(expected);
  },
);

test('the addresses are read at each look until they are there, then once a minute; the token once', async () => {
  const clock = createMadeUpClock();
  const address = { description: '8080', protocol: null, tls: null };
  const url = { ...address, hostname: 'a.example.com', port: 1 };
  const client = fakeClient(clock, () => ({
    data: [
      {
        ...fakeRun({ status: 'RUNNING', node_urls: clock.monotonicMs() < 8_000 ? null : [url] }),
        object: 'job_run',
        container_access_tokens: [{ token: 'cat_sim_0123456789' }],
      },
    ],
  }));
  const step = {
    client,
    deps: { runner: rememberingRunner({}), clock },
    end: new AbortController(),
    plan: { waitUntil: undefined, readyCheck, ssh: null },
    log: { noAddressYet: () => {}, notReady: () => {} },
    probe: { get: async () => Promise.resolve(502) },
  };
  const job = fakeJob({ status: 'RUNNING', task: 'PERSISTENT' });
  const entry = createEntry(givenJob(job.uuid, 0), 0);
  const submitted = { ...fakeRef(), uuid: job.uuid, job };
  const log = { listRuns: async () => listJobRuns(client, uuidNumber(1)) };
  const server = watchServer(
    step as unknown as Step,
    entry,
    submitted as unknown as Parameters<typeof watchServer>[2],
    log as unknown as JobLog,
  );
  for (let looks = 0; looks < 33; looks += 1) {
    server.onRunning(job);
    await clock.sleep(4_000);
  }
  await server.stop();
  expect(entry.accessToken).toBe('cat_sim_0123456789');
  // With the first, the token of the run.
  expect(client.calls.map(({ atMs }) => atMs)).toEqual([0, 0, 4_000, 8_000, 68_000, 128_000]);
});
