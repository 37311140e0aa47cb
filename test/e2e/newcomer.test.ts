import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { projectFile } from '../contract/action-files.ts';
import { fencedBlocks } from '../contract/markdown.ts';
import { errorsIn } from '../runner/model.ts';
import { startSimulator } from '../simulator/server.ts';
import type { Simulator } from '../simulator/types.ts';
import { measuring, recipesOf } from './example.ts';
import { openGpuStage } from './gpu-steps.ts';
import type { PlayedScript } from './script.ts';
import { playWorkflow, type PlayedStep, type Scene, type SentFiles } from './workflow.ts';

// The path of a newcomer who has nothing but the README: pastes the first example and sees the model,
// pastes the second, cooks three recipes, adds a gate, and fixes what fails by what the annotation
// says. `@v1` is the checkout, and the service is the simulator; all else is as pasted.

const blocks = fencedBlocks(projectFile('README.md'), 'yaml');
const [gpuSteps = '', quickStart = ''] = blocks.filter((block) => block.startsWith('name:'));
const blockWith = (part: string) => blocks.find((block) => block.includes(part)) ?? '';

/** Pastes a block where a line of the workflow begins, in that line's place or after it. */
function paste(workflow: string, line: RegExp, block: string): string {
  const [found = '', indent = ''] = line.exec(workflow) ?? [];
  const pasted = block.trimEnd().replaceAll(/^(?=.)/gm, indent);
  return workflow.replace(found, () => pasted);
}

let simulator: Simulator;
beforeEach(async () => {
  simulator = await startSimulator({ recipes: recipesOf({ life: measuring }) });
});
afterEach(async () => simulator.close());

interface Played {
  readonly steps: readonly PlayedStep[];
  readonly scripts: readonly PlayedScript[];
  readonly sent: readonly SentFiles[];
}

async function run(
  workflow: string,
  secrets: Readonly<Record<string, string>> = {},
  scene: Partial<Scene> = {},
): Promise<Played> {
  const scripts: PlayedScript[] = [];
  const sent: SentFiles[] = [];
  const steps = await playWorkflow(workflow, {
    expressions: {
      'secrets.DISPERSED_PUBLIC_KEY': simulator.publicKey,
      'secrets.DISPERSED_SECRET_KEY': simulator.secretKey,
      ...secrets,
    },
    with: { 'api-url': simulator.url },
    onScript: (script) => scripts.push(script),
    onFiles: (files) => sent.push(files),
    ...scene,
  });
  return { steps, scripts, sent };
}

const resultsOf = ({ steps }: Played) => steps.map(({ outputs }) => outputs['result']);
const errorsOf = ({ steps }: Played) => steps.flatMap(({ log }) => errorsIn(log));

test('the first example can be pasted: it trains the commit, and brings the model back', async () => {
  const stage = await openGpuStage();
  await simulator.close();
  simulator = stage.simulator;
  const secrets = { 'secrets.HF_TOKEN': 'hf_secret' };
  const played = await run(gpuSteps, secrets, { tools: stage.commitFiles });
  expect(resultsOf(played)).toEqual(['running']);
  expect(played.scripts.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0, 0]);
  expect(played.scripts[1]?.log).toContain('on the GPU: train.py --out out');
  expect(played.sent.map(({ files }) => Object.keys(files).toSorted())).toEqual([
    ['accuracy', 'model.bin'],
  ]);
  expect(played.steps[0]?.summary).toContain(simulator.jobs()[0]?.uuid.slice(0, 8));
  expect(simulator.jobs().map(({ status }) => status)).toEqual(['CANCELLED']);
  await stage.close();
}, 60_000);

test('the second example can be pasted, and its output read', async () => {
  const played = await run(quickStart);
  expect(resultsOf(played)).toEqual(['succeeded']);
  expect(played.scripts.map(({ log }) => log)).toEqual(['The job ended with succeeded\n']);
  expect(played.steps[0]?.summary).toContain('Render');
}, 60_000);

test('three recipes are a paste away', async () => {
  const three = blockWith('0198b2c4-5d1f-7a3e-9c60-2f4e8d7b1a90');
  const played = await run(paste(quickStart, /^( +)recipes: .+$/m, three));
  expect(resultsOf(played)).toEqual(['succeeded']);
  expect(simulator.jobs().map(({ title }) => title)).toEqual(['Render', 'Encode', 'Grade']);
}, 60_000);

test('a gate is a paste away', async () => {
  const gated = `${quickStart}${blockWith('.accuracy | numbers').replaceAll(/^(?=.)/gm, ' '.repeat(6))}`;
  const { scripts } = await run(gated);
  expect(scripts.map(({ exitCode, log }) => [exitCode, log.split('\n')[0]])).toEqual([
    [0, 'The job ended with succeeded'],
    [0, 'Accuracy: 0.93'],
  ]);
  const strict = await run(gated.replace('>= 0.9', '>= 0.95'));
  expect(strict.scripts.at(-1)?.exitCode).toBe(1);
}, 60_000);

test('a secret that was forgotten is named, and where to store it', async () => {
  const played = await run(quickStart, { 'secrets.DISPERSED_SECRET_KEY': '' });
  const [error] = errorsOf(played);
  expect(error?.title).toBe('An input is invalid; nothing was sent');
  expect(error?.message).toMatch(/secret-key: .*DISPERSED_SECRET_KEY.*Settings/);
  expect(simulator.jobs()).toEqual([]);
}, 60_000);

test('a wrong key is named, and the right one is all it takes', async () => {
  for (const workflow of [gpuSteps, quickStart]) {
    const played = await run(workflow, { 'secrets.DISPERSED_SECRET_KEY': 'sk_of_another_pair' });
    const [error] = errorsOf(played);
    expect(error?.title).toMatch(/the API key was not accepted$/);
    expect(error?.message).toMatch(/keys? .*belong to the same API key pair/);
    expect(simulator.jobs()).toEqual([]);
  }
  const fixed = await run(quickStart);
  expect(resultsOf(fixed)).toEqual(['succeeded']);
}, 60_000);

test('a wrong value is fixed by what the annotation says', async () => {
  const wrong = quickStart.replace('max-timeout-run: 2h', 'max-timeout-run: 7200');
  const [error] = errorsOf(await run(wrong));
  expect(error?.message).toContain('max-timeout-run');
  const [, advised = ''] = /such as .*\b(2h)\b/.exec(error?.message ?? '') ?? [];
  const fixed = await run(wrong.replace('7200', advised));
  expect(resultsOf(fixed)).toEqual(['succeeded']);
}, 60_000);

test('a misspelled input of a recipe is fixed by what the annotation says', async () => {
  const entry = '[{ uuid: 01a0114e-e7f8-4e76-a07a-f09fca41e2be, gpu_names: RTX 4090 }]';
  const wrong = quickStart.replace(/(?<=recipes: ).+/, () => `'${entry}'`);
  const [error] = errorsOf(await run(wrong));
  const [, advised = ''] = /did you mean (\w+)\?/.exec(error?.message ?? '') ?? [];
  const fixed = await run(wrong.replace('gpu_names', advised));
  expect(resultsOf(fixed)).toEqual(['succeeded']);
  expect(simulator.jobs()).toMatchObject([{ gpu_name: 'RTX 4090' }]);
}, 60_000);
