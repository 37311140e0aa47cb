import { existsSync, globSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import * as z from 'zod';
import type { InputTable } from '../../src/inputs/read.ts';
import { cookFields, inputName } from '../../src/inputs/recipes.ts';
import { cancelInputs, checkInputs, cookInputs, waitInputs } from '../../src/inputs/tables.ts';
import { results } from '../../src/jobs/results.ts';
import { actionFiles, projectFile } from './action-files.ts';

const actionSchema = z.object({
  inputs: z.record(
    z.string(),
    z.object({ description: z.string(), default: z.string().optional() }),
  ),
  outputs: z.record(z.string(), z.object({ description: z.string() })),
  runs: z.object({ using: z.string(), main: z.string(), post: z.string().optional() }),
});

const fieldInputs = Object.fromEntries(
  Object.entries(cookFields).map(([field, of]) => [inputName(field), of]),
);

const actions: readonly (readonly [string, InputTable])[] = [
  ['.', { ...cookInputs, ...fieldInputs }],
  ['wait', waitInputs],
  ['cancel', cancelInputs],
  ['check', checkInputs],
];

function read(folder: string): z.infer<typeof actionSchema> {
  const file = new URL(`../../${folder}/action.yml`, import.meta.url);
  return actionSchema.parse(parse(readFileSync(file, 'utf8')));
}

describe.each(actions)('%s/action.yml', (folder, table) => {
  const action = read(folder);

  test('agrees with the code on the inputs and their defaults', () => {
    const declared = Object.entries(action.inputs).map(([name, each]) => [
      name,
      each.default ?? '',
    ]);
    const known = Object.entries(table).map(([name, each]) => [
      name,
      typeof each === 'function' ? '' : each.default,
    ]);
    expect(Object.fromEntries(declared.map(withoutExpression))).toEqual(
      Object.fromEntries(known.map(withoutExpression)),
    );
  });

  test('declares the outputs that the code sets, and no other', () => {
    expect(Object.keys(action.outputs).toSorted()).toEqual(outputsOf(folder));
  });

  test('runs the committed bundle on Node 24', () => {
    expect(action.runs.using).toBe('node24');
    for (const entry of [action.runs.main, action.runs.post]) {
      if (entry === undefined) continue;
      expect(existsSync(new URL(`../../${folder}/${entry}`, import.meta.url))).toBe(true);
    }
  });
});

// A cancel reads no logs, and asks no server; only a cook has a key.
const notOf: Readonly<Record<string, readonly string[]>> = {
  cancel: ['access-token', 'logs-path', 'url', 'ssh-config'],
  wait: ['ssh-config'],
};

/** The folders that set outputs of jobs: two that need no words are set where they come to be. */
const beyondCheck = '{report,step,commands}';

/** The outputs that an action sets, sorted. */
function outputsOf(folder: string): readonly string[] {
  if (folder === 'check') return outputsIn('check').toSorted();
  const ofJobs = outputsIn(beyondCheck);
  return ofJobs.filter((name) => !notOf[folder]?.includes(name)).toSorted();
}

/** The names of the outputs that the code of a folder sets, each once. */
function outputsIn(folder: string): readonly string[] {
  const src = new URL('../../src/', import.meta.url);
  const code = globSync(`${folder}/**/*.ts`, { cwd: src })
    .map((file) => readFileSync(new URL(file, src), 'utf8'))
    .join('\n');
  const calls = /(?:\.output\(|write(?:OutputFile|JobList)\(runner,)\s*'([^']+)'/g;
  const names = [...code.matchAll(calls)].map(([, name = '']) => name);
  return [...new Set(names)];
}

test('outputs are set in few folders', () => {
  const all = outputsIn('**');
  expect(new Set([...outputsIn(beyondCheck), ...outputsIn('check')])).toEqual(new Set(all));
});

// The defaults of these are expressions, which the code never sees.
function withoutExpression([name = '', text]: string[]): [string, string | undefined] {
  return [name, name === 'matrix-index' || name === 'github-token' ? '' : text];
}

// At length, each is told in docs/inputs.md and docs/outputs.md.
test.each(actions.map(([folder]) => folder))(
  '%s describes each input in one sentence',
  (folder) => {
    const { inputs, outputs } = read(folder);
    const texts = [...Object.values(inputs), ...Object.values(outputs)];
    for (const { description } of texts) {
      expect(description).toMatch(/^[A-Z`](?:[^.]|\.(?! ))+\.$/);
      expect(description.split(/\s+/).length).toBeLessThanOrEqual(26);
    }
  },
);

test('every result is named where the output is described, and in the table of the README', () => {
  const table = /^\| What happened [^]*?\n\n/m.exec(projectFile('README.md'))?.[0] ?? '';
  for (const [name, { state }] of Object.entries(results)) {
    const passes = state === 'pending' || state === 'success';
    expect(read('.').outputs['result']?.description).toContain(`\`${name}\``);
    expect(table).toMatch(new RegExp(`\\| \`${name}\` +\\| ${passes ? 'passes' : 'fails'} `));
  }
});

test('every action is compared here, and packed for a release', () => {
  const files = actions.map(([folder]) => (folder === '.' ? '' : `${folder}/`) + 'action.yml');
  expect(files.toSorted()).toEqual(actionFiles);
  const packed = /^ +(action\.yml .* dist .*)$/m.exec(projectFile('.github/workflows/release.yml'));
  const folders = actions.map(([folder]) => (folder === '.' ? 'action.yml' : folder));
  expect(packed?.[1]?.split(' ')).toEqual(expect.arrayContaining(folders));
});
