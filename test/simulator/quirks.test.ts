import { afterEach, expect, test } from '@jest/globals';
import { closeStages, createStage } from './fixture.ts';

afterEach(closeStages);

const secrets = { env: { TOKEN: 'hidden' }, secret: 'hidden' };
const recipe = {
  name: 'Render',
  payload: {
    parameters: { type: 'docker', parameters: { image: 'acme/x', ...secrets } },
  } as const,
  life: [{ status: 'RUNNING' }],
};

test('pages are small and do not tell their total', async () => {
  const quirks = { maxPage: 2, hidesTotal: true };
  const { call, cook } = await createStage({ recipes: [recipe], quirks });
  for (let made = 0; made < 3; made += 1) await cook();
  const { body } = await call('GET', '/v1/jobs?limit=50');
  expect(body).toMatchObject({ data: [{}, {}], limit: 2, page: 1 });
  expect(body).not.toHaveProperty('total');
});

test('a description is cut, and a list has none at all', async () => {
  const quirks = { maxDescription: 4, hidesDescriptions: true };
  const { call, cook } = await createStage({ recipes: [recipe], quirks });
  expect(await cook({ description: 'far too long' })).toMatchObject({ description: 'far ' });
  const { body } = await call('GET', '/v1/jobs');
  expect(body).not.toHaveProperty(['data', '0', 'description']);
});

test('UUIDs come in capitals, date-times without a zone', async () => {
  const quirks = { capitals: true, hidesZone: true };
  const { call, cook, simulator } = await createStage({ recipes: [recipe], quirks });
  const { uuid } = await cook();
  expect(await call('GET', `/v1/jobs/${uuid}`)).toMatchObject({
    body: {
      uuid: uuid.toUpperCase(),
      source_recipe_uuid: simulator.recipeUuids[0]?.toUpperCase(),
      created_at: '2026-03-01T12:00:00.000',
    },
  });
});

test.each([
  ['hides-payload', null],
  ['masks-secrets', { parameters: { parameters: { env: { TOKEN: '***' }, secret: '***' } } }],
] as const)('a recipe %s', async (way, payload) => {
  const { call, simulator } = await createStage({ recipes: [recipe], quirks: { recipe: way } });
  const { body } = await call('GET', `/v1/job-recipes/${simulator.recipeUuids[0]}`);
  expect(body).toMatchObject({ payload });
  expect(JSON.stringify(body)).not.toContain('hidden');
});

test('other people cook as well', async () => {
  const { call, simulator } = await createStage({ recipes: [recipe] });
  simulator.cookForOthers(simulator.recipeUuids[0] ?? '', 3);
  expect(await call('GET', '/v1/jobs')).toMatchObject({ body: { total: 3 } });
});
