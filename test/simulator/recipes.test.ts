import { afterEach, expect, test } from '@jest/globals';
import { exampleRecipes } from './recipes.ts';
import { closeStages, createStage } from './fixture.ts';

afterEach(closeStages);

const outcomes: [name: string, status: string, lastLine: RegExp][] = [
  ['Render three frames', 'COMPLETED', /frames": 3\}\n$/],
  ['Wait for a node', 'COMPLETED', /frames": 3\}\n$/],
  ['Train on too small a GPU', 'FAILED', /CUDA out of memory.*\n$/],
  ['Inference server', 'RUNNING', /port 8080\n$/],
];

test('there is an outcome for every example', () => {
  expect(outcomes.map(([name]) => name)).toEqual(exampleRecipes.map(({ name }) => name));
});

test.each(outcomes)('the job of "%s" becomes %s', async (name, status, lastLine) => {
  const recipes = exampleRecipes.filter((recipe) => recipe.name === name);
  const { cook, job, simulator, advance } = await createStage({ generation: 'old', recipes });
  expect(await cook()).toMatchObject({ status: 'PENDING', title: name });
  advance(60_000);
  expect(job()?.status).toBe(status);
  expect(simulator.runs()).toMatchObject([{ status, logs: expect.stringMatching(lastLine) }]);
});
