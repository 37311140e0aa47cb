import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { readCookInputs } from '../../src/inputs/cook.ts';
import { rememberingRunner } from '../runner/in-process.ts';

const uuid = '01a0114e-e7f8-4e76-a07a-f09fca41e2be';
const keys = { 'public-key': 'pk_1', 'secret-key': 'sk_1' };
const workspace = mkdtempSync(join(tmpdir(), 'workspace-'));
afterAll(() => {
  rmSync(workspace, { recursive: true });
});

function runnerWith(inputs: Readonly<Record<string, string>>) {
  return rememberingRunner({ ...keys, ...inputs }, new Map(), { GITHUB_WORKSPACE: workspace });
}

test.each([
  ['list.txt', uuid],
  ['list.yml', `  - uuid: ${uuid}\n`],
  [' sub/../list.json ', JSON.stringify([{ uuid }], null, 2)],
])('recipes come from the file %s of the workspace', (path, text) => {
  writeFileSync(join(workspace, path.trim().replace('sub/../', '')), text);
  const { recipes } = readCookInputs(runnerWith({ 'recipes-file': path }));
  expect(recipes).toEqual([{ uuid }]);
});

test.each(['RTX 4090\nH100', 'RTX 4090, H100', '- RTX 4090\n- H100', '["RTX 4090", "H100"]'])(
  'several models: %j',
  (given) => {
    const { fields } = readCookInputs(runnerWith({ recipes: uuid, 'gpu-name': given }));
    expect(fields.gpu_name).toEqual(['RTX 4090', 'H100']);
  },
);

test('one of the two says what to cook', () => {
  expect(() => readCookInputs(runnerWith({}))).toThrow(
    /^recipes: is missing: .*, or set recipes-file$/,
  );
});

test('the credentials in a file are masked', () => {
  const entry = {
    uuid,
    parameters: { secret: 'registry-login' },
    env: { HF_TOKEN: 'hf_12345678' },
  };
  writeFileSync(join(workspace, 'secrets.json'), JSON.stringify([entry]));
  const runner = runnerWith({ 'recipes-file': 'secrets.json' });
  readCookInputs(runner);
  expect(runner.masked).toEqual(expect.arrayContaining(['registry-login', 'hf_12345678']));
});

test.each<[Readonly<Record<string, string>>, readonly string[]]>([
  [{ 'max-cost': '5' }, []],
  [{ parameters: 'ports: [8080]' }, ['Port 22 is missing in ports']],
  [{ parameters: 'ports: [22, 8080]' }, []],
  [{ parameters: 'ports: []' }, []],
  [{ 'max-cost': '5', 'on-timeout': 'detach' }, ['max-cost applies only while this step runs']],
  [{ 'max-cost': '5', 'on-timeout': 'fail' }, ['max-cost applies only while this step runs']],
  [
    { 'max-cost': '5', 'on-workflow-cancel': 'detach' },
    ['max-cost applies only while this step runs'],
  ],
  [{ 'max-cost': '5', 'max-hourly-rate': '1', 'on-timeout': 'detach' }, []],
  [{ 'on-timeout': 'detach' }, []],
])('%j warns of %j', (inputs, titles) => {
  const runner = runnerWith({ recipes: uuid, ...inputs });
  readCookInputs(runner);
  expect(runner.annotations.map(({ title }) => title)).toEqual(titles);
});
