import { afterEach, expect, test } from '@jest/globals';
import { regionCodes } from './regions.ts';
import type { RecipeScript } from './server.ts';
import { closeStages, createStage } from './fixture.ts';

const GPU_UUID = '0198ac1c-7063-4be8-bb94-57a5bd83548e';

const batch: RecipeScript = {
  name: 'Render',
  payload: {
    gpu_name: 'H100',
    max_timeout_run_ms: 60_000,
    parameters: { type: 'docker', parameters: { image: 'acme/x', env: { TOKEN: 'secret' } } },
  },
  life: [{ status: 'PENDING' }],
};

afterEach(closeStages);

/** A cook body that has only these container parameters besides its image. */
function container(parameters: object): object {
  return { parameters: { type: 'docker', parameters: { image: 'acme/x', ...parameters } } };
}

const bad: [field: string, body: unknown][] = [
  ['titel', { titel: 'x' }],
  ['title', { title: null }],
  ['title', { title: 7 }],
  ['description', { description: 7 }],
  ['task', { task: 'batch' }],
  ['cpu_count', { cpu_count: -1 }],
  ['cpu_count', { cpu_count: '4' }],
  ['cpu_count', { cpu_count: null }],
  ['gpu_count', { gpu_count: -1 }],
  ['min_vram_gb', { min_vram_gb: -0.5 }],
  ['min_ram_gb', { min_ram_gb: true }],
  ['min_storage_gb', { min_storage_gb: [] }],
  ['gpu_name', { gpu_name: 4090 }],
  ['gpu_name', { gpu_registry_uuid: GPU_UUID }],
  ['gpu_registry_uuid', { gpu_registry_uuid: 'H100' }],
  ['max_node_count', { max_node_count: '1' }],
  ['max_retry_count', { max_retry_count: -1 }],
  ['max_timeout_assign_ms', { max_timeout_assign_ms: 299_999 }],
  ['max_timeout_assign_ms', { max_timeout_assign_ms: null }],
  ['max_timeout_start_ms', { max_timeout_start_ms: 119_999 }],
  ['max_timeout_run_ms', { max_timeout_run_ms: 59_999 }],
  ['max_timeout_run_ms', { max_timeout_run_ms: null }],
  ['max_timeout_run_ms', { task: 'PERSISTENT' }],
  ['parameters', { parameters: 'acme/x' }],
  ['parameters.type', { parameters: { parameters: { image: 'acme/x' } } }],
  ['parameters.type', { parameters: { type: 'vm', parameters: { image: 'acme/x' } } }],
  ['parameters.parameters', { parameters: { type: 'docker' } }],
  ['parameters.parameters.image', { parameters: { type: 'docker', parameters: { tag: 'v1' } } }],
  ['parameters.parameters.image', container({ image: 7 })],
  ['parameters.parameters.command', container({ command: 'ls' })],
  ['parameters.parameters.env', container({ env: ['A=1'] })],
  ['parameters.parameters.env.A', container({ env: { A: 1 } })],
  ['parameters.parameters.ports', container({ ports: '8080' })],
  ['parameters.parameters.ports[1]', container({ ports: [22, 0] })],
  ['parameters.parameters.ports[0]', container({ ports: [65_536] })],
  ['parameters.parameters.ports[0]', container({ ports: ['8080'] })],
  ['parameters.parameters.volumes[0].size', container({ volumes: [{ size: 1 }] })],
  ['allowed_region_codes', { allowed_region_codes: 'us-east-1' }],
  ['allowed_region_codes[0]', { allowed_region_codes: ['us-east-9'] }],
  ['allowed_region_codes', { allowed_region_codes: [...regionCodes, 'us-east-1'] }],
  ['body', ['title']],
];

test.each(bad)('%s is refused in %j', async (field, body) => {
  const { call, simulator } = await createStage({ recipes: [batch] });
  const reply = await call('POST', `/v1/job-recipes/${simulator.recipeUuids[0]}/cook`, { body });
  const message = expect.stringContaining(`${field}: `);
  expect(reply).toMatchObject({ status: 422, body: { error: { message } } });
  expect(simulator.jobs()).toEqual([]);
});

const good: unknown[] = [
  {},
  undefined,
  { title: '', description: null, cpu_count: 0, gpu_count: 0.5, max_node_count: 2 },
  { min_vram_gb: 0, min_ram_gb: 1.5, min_storage_gb: 10, max_retry_count: 0 },
  { gpu_name: null, gpu_registry_uuid: GPU_UUID },
  { task: 'PERSISTENT', max_timeout_run_ms: null },
  { max_timeout_assign_ms: 300_000, max_timeout_start_ms: 120_000, max_timeout_run_ms: 60_000 },
  { allowed_region_codes: [...regionCodes] },
  container({ tag: 'v1', env: { A: '1' }, ports: [1, 65_535], allowed_ips: ['10.0.0.1'] }),
  container({ volumes: [{ image: 'acme/data', mount: '/data', registry: 'r', secret: 's' }] }),
];

test.each(good)('%j is accepted', async (body) => {
  const { call, simulator } = await createStage({ recipes: [batch] });
  const reply = await call('POST', `/v1/job-recipes/${simulator.recipeUuids[0]}/cook`, { body });
  expect(reply).toMatchObject({ status: 200, body: body ?? {} });
});

test("what a cook does not say is the recipe's, and then the default", async () => {
  const { cook, simulator } = await createStage({ recipes: [batch] });
  expect(await cook({ cpu_count: 4 })).toMatchObject({
    object: 'job',
    source_recipe_uuid: simulator.recipeUuids[0],
    title: 'Render',
    task: 'BATCH',
    cpu_count: 4,
    gpu_count: null,
    gpu_name: 'H100',
    max_retry_count: 0,
    max_timeout_assign_ms: 300_000,
    max_timeout_run_ms: 60_000,
    parameters: batch.payload?.parameters,
  });
});

test('parameters replace those of the recipe as a whole', async () => {
  const { cook } = await createStage({ recipes: [batch] });
  const job = await cook(container({ tag: 'v2' }));
  expect(job.parameters).toEqual({ type: 'docker', parameters: { image: 'acme/x', tag: 'v2' } });
});

test('the old generation knows no regions', async () => {
  const { call, cook, simulator } = await createStage({ generation: 'old', recipes: [batch] });
  const path = `/v1/job-recipes/${simulator.recipeUuids[0]}/cook`;
  const message = 'allowed_region_codes: unknown field';
  expect(await call('POST', path, { body: { allowed_region_codes: ['us-east-1'] } })).toMatchObject(
    { status: 422, body: { error: { message } } },
  );
  expect(await cook()).not.toHaveProperty('allowed_region_codes');
});

test('a recipe can be read, with what it sets', async () => {
  const { call, simulator } = await createStage({ recipes: [{ ...batch, inputSchema: [{}] }] });
  const path = `/v1/job-recipes/${simulator.recipeUuids[0]}`;
  const recipe = { object: 'job_recipe', uuid: simulator.recipeUuids[0], name: 'Render' };
  expect(await call('GET', path)).toMatchObject({
    status: 200,
    body: { ...recipe, payload: batch.payload, input_schema: [{}] },
  });
  expect(await call('GET', '/v1/job-recipes')).toMatchObject({
    body: { data: [recipe], total: 1 },
  });
});

test('a job can be created without a recipe', async () => {
  const { call, job } = await createStage();
  const body = { title: 'Direct', max_timeout_run_ms: 60_000, ...container({}) };
  expect(await call('POST', '/v1/jobs', { body })).toMatchObject({ status: 200, body });
  expect(job()?.source_recipe_uuid).toBeNull();
  const { title: _title, ...untitled } = body;
  expect(await call('POST', '/v1/jobs', { body: untitled })).toMatchObject({ status: 422 });
});

const unanswerable: [method: string, path: string, status: number][] = [
  ['GET', '/', 404],
  ['GET', '/v2/jobs', 404],
  ['DELETE', '/v1/jobs', 405],
  ['POST', `/v1/jobs/${GPU_UUID}/cancel`, 405],
  ['GET', `/v1/jobs/${GPU_UUID}`, 404],
  ['GET', `/v1/job-runs/${GPU_UUID}`, 404],
  ['GET', `/v1/job-recipes/${GPU_UUID}`, 404],
  ['POST', `/v1/job-recipes/${GPU_UUID}/cook`, 404],
  ['GET', '/v1/jobs/7', 422],
];

test.each(unanswerable)('%s %s is answered %i', async (method, path, status) => {
  const { call } = await createStage();
  const error = { code: expect.any(String), message: expect.any(String) };
  expect(await call(method, path)).toMatchObject({ status, body: { error } });
});

test('a body must be JSON, say so, and be no bigger than 1 MiB', async () => {
  const { call } = await createStage();
  const statusOf = async (rawBody: string, headers = {}) =>
    (await call('POST', '/v1/jobs', { rawBody, headers })).status;
  expect(await statusOf('{"title":')).toBe(400);
  expect(await statusOf('{}', { 'content-type': 'text/plain' })).toBe(415);
  expect(await statusOf(`"${'x'.repeat(1_048_576)}"`)).toBe(413);
});

test('single resources may come wrapped, lists do not', async () => {
  const { call, cook } = await createStage({ wrapData: true });
  const { uuid } = await cook();
  expect(await call('GET', `/v1/jobs/${uuid}`)).toMatchObject({ body: { data: { uuid } } });
  expect(await call('GET', '/v1/jobs')).toMatchObject({ body: { data: [{ uuid }] } });
});
