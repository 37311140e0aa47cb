import { afterEach, expect, test } from '@jest/globals';
import type { Reply } from './client.ts';
import type { RecipeScript } from './server.ts';
import { closeStages, createStage } from './fixture.ts';
import type { Stage } from './fixture.ts';

const recipe: RecipeScript = {
  name: 'Render',
  life: [
    { status: 'PENDING', forMs: 1500 },
    { status: 'RUNNING', forMs: 1000 },
    { status: 'COMPLETED' },
  ],
};

afterEach(closeStages);

/** Jobs a, b and c, a second apart, now COMPLETED, RUNNING and PENDING. */
async function threeJobs(generation: 'new' | 'old' = 'new'): Promise<Stage> {
  const stage = await createStage({ generation, recipes: [recipe] });
  await stage.cook({ title: 'a', cpu_count: 1, min_ram_gb: 8 });
  stage.advance(1000);
  await stage.cook({ title: 'b', cpu_count: 2, task: 'PERSISTENT', max_timeout_run_ms: null });
  stage.advance(1000);
  await stage.cook({ title: 'c', cpu_count: 4, min_vram_gb: 24, min_storage_gb: 10 });
  stage.advance(1000);
  return stage;
}

async function jobs({ call }: Stage, query: string): Promise<Reply> {
  return call('GET', `/v1/jobs?${query}`);
}

/** A page with jobs of these one-letter titles. */
function page(titles: string): object {
  const data = Array.from(titles, (title) => ({ title }));
  return { status: 200, body: { data } };
}

const queries: [query: string, found: string][] = [
  ['', 'cba'],
  ['sort=created_at', 'abc'],
  ['sort=-created_at', 'cba'],
  ['limit=2', 'cb'],
  ['limit=2&page=2', 'a'],
  ['limit=2&page=3', ''],
  ['filter[status]=RUNNING', 'b'],
  ['filter[status]=RUNNING,COMPLETED', 'ba'],
  ['filter[status]=ODD', ''],
  ['filter[task]=BATCH', 'ca'],
  ['filter[cpu_count]=1,4', 'ca'],
  ['filter[min_ram_gb]=8', 'a'],
  ['filter[min_vram_gb]=24', 'c'],
  ['filter[min_storage_gb]=10&filter[status]=RUNNING', ''],
  ['filter[created_at]=2026-03-01T12:00:00Z,2026-03-01T12:00:01Z', 'ba'],
  ['filter[created_at]=2026-03-01,2026-03-02', 'cba'],
  ['filter[created_at]=2026-02-01,2026-03-01', ''],
];

test.each(queries)('jobs with %j are %j', async (query, found) => {
  expect(await jobs(await threeJobs(), query)).toMatchObject(page(found));
});

test('the old generation knows days only', async () => {
  const stage = await threeJobs('old');
  expect(stage.job()).toMatchObject({ created_at: '2026-03-01', started_at: '2026-03-01' });
  expect(await jobs(stage, 'filter[created_at]=2026-02-01,2026-03-01')).toMatchObject(page('cba'));
  expect(await jobs(stage, 'filter[created_at]=2026-02-01,2026-02-28')).toMatchObject(page(''));
});

test('a page says how many there are in all', async () => {
  const { call } = await threeJobs();
  expect(await call('GET', '/v1/jobs?limit=2&page=2')).toMatchObject({
    body: { limit: 2, page: 2, total: 3 },
  });
});

test('jobs are found by one UUID, or by several where the service takes them', async () => {
  const stage = await threeJobs();
  const [a, b] = stage.simulator.jobs();
  expect(await jobs(stage, `filter[uuid]=${a?.uuid}`)).toMatchObject(page('a'));
  expect(await jobs(stage, `filter[uuid]=${a?.uuid},${b?.uuid}`)).toMatchObject(page('ba'));
  const { call } = await createStage({ singleUuidFilter: true });
  const query = `filter[uuid]=${a?.uuid},${b?.uuid}`;
  expect(await call('GET', `/v1/jobs?${query}`)).toMatchObject({ status: 422 });
});

const bad: [name: string, target: string][] = [
  ['limit', '/v1/jobs?limit=0'],
  ['limit', '/v1/jobs?limit=51'],
  ['limit', '/v1/jobs?limit=ten'],
  ['limit', '/v1/jobs?limit=1&limit=2'],
  ['page', '/v1/jobs?page=0'],
  ['sort', '/v1/jobs?sort=title'],
  ['status', '/v1/jobs?status=RUNNING'],
  ['filter[title]', '/v1/jobs?filter[title]=a'],
  ['filter[status]', '/v1/jobs?filter[status]='],
  ['filter[uuid]', '/v1/jobs?filter[uuid]=7'],
  ['filter[cpu_count]', '/v1/jobs?filter[cpu_count]=many'],
  ['filter[created_at]', '/v1/jobs?filter[created_at]=2026-03-01'],
  ['filter[created_at]', '/v1/jobs?filter[created_at]=yesterday,today'],
  ['filter[task]', '/v1/job-runs?filter[task]=BATCH'],
  ['filter[min_vram_gb]', '/v1/compute/offers?filter[min_vram_gb]=8,24'],
];

test.each(bad)('%s is refused in %s', async (name, target) => {
  const { call } = await createStage();
  const message = expect.stringContaining(`${name}: `);
  expect(await call('GET', target)).toMatchObject({ status: 422, body: { error: { message } } });
});

test('runs are found by their job and status', async () => {
  const { call, simulator } = await threeJobs();
  const [a, b] = simulator.jobs();
  expect(await call('GET', '/v1/job-runs')).toMatchObject({ body: { total: 2 } });
  expect(await call('GET', `/v1/job-runs?filter[job_uuid]=${a?.uuid}`)).toMatchObject({
    body: { data: [{ job_uuid: a?.uuid, status: 'COMPLETED' }], total: 1 },
  });
  expect(await call('GET', '/v1/job-runs?filter[status]=RUNNING')).toMatchObject({
    body: { data: [{ job_uuid: b?.uuid }], total: 1 },
  });
});

test('offers are found by what they have', async () => {
  const { call } = await createStage();
  expect(await call('GET', '/v1/compute/offers?filter[min_vram_gb]=80')).toMatchObject({
    body: { data: [{ region_code: 'us-west-2', pricing: { hourly_rate_usd: 4.14 } }], total: 1 },
  });
});

test('a listing may lag behind a cook, and so may a read', async () => {
  const stage = await createStage({ listingLagMs: 1000, readLagMs: 500 });
  const { uuid } = await stage.cook({ title: 'a' });
  expect(await jobs(stage, '')).toMatchObject(page(''));
  expect(await stage.call('GET', `/v1/jobs/${uuid}`)).toMatchObject({ status: 404 });
  stage.advance(500);
  expect(await stage.call('GET', `/v1/jobs/${uuid}`)).toMatchObject({ status: 200 });
  expect(await jobs(stage, '')).toMatchObject(page(''));
  stage.advance(500);
  expect(await jobs(stage, '')).toMatchObject(page('a'));
});
