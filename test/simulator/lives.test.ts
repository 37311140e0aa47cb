import { afterEach, expect, test } from '@jest/globals';
import type { Phase, RecipeScript } from './server.ts';
import { closeStages, createStage } from './fixture.ts';
import type { Stage } from './fixture.ts';

const ssh = { description: 'ssh', hostname: 'node.example.net', port: 30_022, protocol: 'ssh' };

const life: readonly Phase[] = [
  { status: 'PENDING', forMs: 1000 },
  { status: 'ASSIGNED', forMs: 1000 },
  {
    status: 'RUNNING',
    forMs: 2000,
    nodeUrls: [ssh],
    log: [
      { atMs: 0, text: 'one\n' },
      { atMs: 1000, text: 'two\n' },
    ],
  },
  { status: 'COMPLETED', log: [{ atMs: 500, text: 'late\n' }] },
];

afterEach(closeStages);

async function cooked(script: Partial<RecipeScript> = {}): Promise<Stage> {
  const stage = await createStage({ recipes: [{ name: 'Render', life, ...script }] });
  await stage.cook();
  return stage;
}

async function cancel({ call, job }: Stage, reason = 'Enough') {
  return call('PUT', `/v1/jobs/${job()?.uuid}/cancel`, { body: { reason } });
}

test('a job goes through its life', async () => {
  const { job, advance } = await cooked();
  const start = '2026-03-01T12:00:00.000Z';
  expect(job()).toMatchObject({ status: 'PENDING', created_at: start, updated_at: start });
  expect(job()).toMatchObject({ started_at: null, completed_at: null });
  expect(job()?.timeout_assign_at_ms).toBe(Date.parse(start) + 300_000);
  advance(1000);
  expect(job()).toMatchObject({ status: 'ASSIGNED', started_at: null, timeout_assign_at_ms: null });
  advance(1500);
  expect(job()).toMatchObject({
    status: 'RUNNING',
    started_at: '2026-03-01T12:00:02.000Z',
    updated_at: '2026-03-01T12:00:02.000Z',
  });
  advance(60_000);
  expect(job()).toMatchObject({
    status: 'COMPLETED',
    started_at: '2026-03-01T12:00:02.000Z',
    completed_at: '2026-03-01T12:00:04.000Z',
  });
});

test('its run begins on a node and ends with the job', async () => {
  const { simulator, advance } = await cooked({ hourlyRateUsd: 0.5 });
  expect(simulator.runs()).toEqual([]);
  advance(1000);
  expect(simulator.runs()).toMatchObject([
    { object: 'job_run', status: 'ASSIGNED', started_at_ms: null, node_urls: [], logs: '' },
  ]);
  advance(1000);
  expect(simulator.runs()).toMatchObject([
    { status: 'RUNNING', ended_at_ms: null, duration_ms: 0, node_urls: [ssh], logs: 'one\n' },
  ]);
  advance(3000);
  expect(simulator.runs()).toMatchObject([
    { status: 'COMPLETED', duration_ms: 2000, node_urls: [ssh], hourly_rate_usd: 0.5 },
  ]);
});

test('logs grow, come late, and only on the single read', async () => {
  const { call, simulator, advance } = await cooked();
  advance(2999);
  const [run] = simulator.runs();
  expect(run?.logs).toBe('one\n');
  advance(1);
  expect(await call('GET', `/v1/job-runs/${run?.uuid}`)).toMatchObject({
    status: 200,
    body: { uuid: run?.uuid, logs: 'one\ntwo\n' },
  });
  advance(1500);
  expect(simulator.runs()[0]?.logs).toBe('one\ntwo\nlate\n');
  const { body } = await call('GET', '/v1/job-runs');
  expect(JSON.stringify(body)).toContain(run?.uuid);
  expect(JSON.stringify(body)).not.toContain('logs');
});

test('a log may be a window, and rewritten in place', async () => {
  const log = ['Loading\n', ' 1%\n', ' 2%\n', 'done\n'].map((text, index) => ({
    atMs: index * 1000,
    text,
    isInPlace: text === ' 2%\n',
  }));
  const running = [{ status: 'RUNNING', log }];
  const whole = await cooked({ life: running });
  whole.advance(5000);
  expect(whole.simulator.runs()[0]?.logs).toBe('Loading\n 2%\ndone\n');
  const window = await cooked({ life: running, logWindow: 8 });
  window.advance(5000);
  expect(window.simulator.runs()[0]?.logs).toBe('2%\ndone\n');
});

test('logs may be an array of lines', async () => {
  const { simulator, advance } = await cooked({ logsAsArray: true });
  advance(1000);
  expect(simulator.runs()[0]?.logs).toEqual([]);
  advance(2000);
  expect(simulator.runs()[0]?.logs).toEqual(['one', 'two']);
});

test('a retry is another run, and FAILED between two runs is not the end', async () => {
  const { job, simulator, advance } = await cooked({
    life: [
      { status: 'RUNNING', forMs: 1000, log: [{ atMs: 0, text: 'first\n' }] },
      { status: 'FAILED', forMs: 1000, statusReason: 'Node lost' },
      { status: 'RUNNING', forMs: 1000, retry: true, log: [{ atMs: 0, text: 'second\n' }] },
      { status: 'RUNNING', retry: true },
    ],
  });
  advance(1000);
  expect(job()).toMatchObject({ status: 'FAILED', status_reason: 'Node lost' });
  advance(1000);
  expect(job()).toMatchObject({ status: 'RUNNING', status_reason: null, completed_at: null });
  advance(1000);
  expect(simulator.runs()).toMatchObject([
    { status: 'FAILED', duration_ms: 1000, logs: 'first\n' },
    { status: 'FAILED', duration_ms: 1000, logs: 'second\n' },
    { status: 'RUNNING', ended_at_ms: null, logs: '' },
  ]);
  expect(new Set(simulator.runs().map((run) => run.uuid)).size).toBe(3);
});

test('a job that fails in the queue has no run', async () => {
  const failed = { status: 'FAILED', statusReason: 'No node' };
  const { job, simulator } = await cooked({ life: [failed] });
  expect(job()).toMatchObject({ status: 'FAILED', status_reason: 'No node', started_at: null });
  expect(simulator.runs()).toEqual([]);
});

test('a cancel ends the job, its run and its log, the first reason counts', async () => {
  const stage = await cooked();
  stage.advance(2500);
  expect(await cancel(stage)).toMatchObject({
    status: 200,
    body: {
      status: 'CANCELLED',
      status_reason: 'Enough',
      completed_at: '2026-03-01T12:00:02.500Z',
    },
  });
  stage.advance(10_000);
  expect(await cancel(stage, 'Again')).toMatchObject({ body: { status_reason: 'Enough' } });
  expect(stage.simulator.runs()).toMatchObject([
    { status: 'CANCELLED', duration_ms: 500, logs: 'one\n' },
  ]);
});

test('a cancel may take its time', async () => {
  const stage = await cooked({ cancelTakesMs: 3000 });
  expect(await cancel(stage)).toMatchObject({ body: { status: 'CANCELLING', completed_at: null } });
  stage.advance(2999);
  expect(stage.job()?.status).toBe('CANCELLING');
  stage.advance(1);
  expect(stage.job()?.status).toBe('CANCELLED');
});

test('a cancel may be ignored, but not one from the console', async () => {
  const stage = await cooked({ cancelIgnored: true });
  expect(await cancel(stage)).toMatchObject({ status: 200, body: { status: 'PENDING' } });
  stage.simulator.cancelJob(String(stage.job()?.uuid), 'Stopped in the console');
  expect(stage.job()).toMatchObject({
    status: 'CANCELLED',
    status_reason: 'Stopped in the console',
  });
});

test('a cancel of a job that has ended changes nothing', async () => {
  const stage = await cooked();
  stage.advance(4000);
  const ended = stage.job();
  expect(await cancel(stage)).toMatchObject({ status: 200, body: { status: 'COMPLETED' } });
  expect(stage.job()).toEqual(ended);
});

test('a cancel needs a reason', async () => {
  const { call, job } = await cooked();
  const path = `/v1/jobs/${job()?.uuid}/cancel`;
  expect(await call('PUT', path, { body: {} })).toMatchObject({ status: 422 });
  expect(await call('PUT', path, { body: { reason: 7 } })).toMatchObject({ status: 422 });
});

test('a job that is removed is gone, with its runs', async () => {
  const { call, job, simulator, advance } = await cooked();
  advance(2000);
  const path = `/v1/jobs/${job()?.uuid}`;
  simulator.removeJob(String(job()?.uuid));
  expect(await call('GET', path)).toMatchObject({ status: 404 });
  expect(await call('GET', '/v1/job-runs')).toMatchObject({ body: { total: 0 } });
});

test('a job and its run bear secrets', async () => {
  const env = { TOKEN: 'hush' };
  const { cook, simulator, advance } = await cooked();
  const parameters = { image: 'acme/x', env, secret: 'login' };
  expect((await cook({ parameters: { type: 'docker', parameters } })).parameters).toEqual({
    type: 'docker',
    parameters,
  });
  advance(2000);
  const token = expect.stringMatching(/^cat_sim_[0-9a-f]{64}$/);
  expect(simulator.jobs()[0]).toMatchObject({ container_access_tokens: [{ token }] });
  expect(simulator.runs()[0]).toMatchObject({ container_access_tokens: [{ token }] });
});
