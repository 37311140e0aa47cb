import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import * as z from 'zod';
import { readCookInputs } from '../../src/inputs/cook.ts';
import { rememberingRunner } from '../runner/in-process.ts';
import { actionFiles, projectFile } from './action-files.ts';
import { fencedBlocks } from './markdown.ts';

// docs/inputs.md tells of each input once, for all actions: under a heading that is its name.

const page = projectFile('docs/inputs.md');
const action = z.object({ inputs: z.record(z.string(), z.object({})) });
const inputsOf = (file: string) => Object.keys(action.parse(parse(projectFile(file))).inputs);
const sections = new Map(
  page
    .split(/^### /m)
    .slice(1)
    .map((section) => [/^`([\w-]+)`\n/.exec(section)?.[1] ?? section, section]),
);
const given = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]));
const examplesOf = (name: string) =>
  fencedBlocks(sections.get(name) ?? '', 'yaml').map((block) => given.parse(parse(block)));

test.each(actionFiles)('the page has a heading for each input of %s', (file) => {
  expect(inputsOf(file).filter((name) => !sections.has(name))).toEqual([]);
});

test('the page has no heading for what is no input', () => {
  const inputs = new Set(actionFiles.flatMap(inputsOf));
  expect([...sections.keys()].filter((name) => !inputs.has(name))).toEqual([]);
});

test.each([...sections.keys()])('the page has an example of %s', (name) => {
  const examples = examplesOf(name);
  expect(examples.length).toBeGreaterThan(0);
  for (const example of examples) expect(Object.keys(example)).toContain(name);
});

// With what each cook needs, and a value for each expression.
const needed = {
  recipes: '01a0114e-e7f8-4e76-a07a-f09fca41e2be',
  'public-key': 'pk_page',
  'secret-key': 'sk_page_secret',
  'api-url': 'https://api.dispersed.com',
};
const expressions: Readonly<Record<string, string>> = {
  'secrets.DISPERSED_PUBLIC_KEY': needed['public-key'],
  'secrets.DISPERSED_SECRET_KEY': needed['secret-key'],
  'toJSON(secrets.REGISTRY_TOKEN)': '"token of the registry"',
  'secrets.STATUS_TOKEN': 'ghs_of_the_page',
  'inputs.sha': 'c0ffee'.padEnd(40, '0'),
};
const fill = (text: string) =>
  text.replaceAll(/\$\{\{ (.+?) \}\}/g, (_, name: string) => expressions[name] ?? `no ${name}`);

// Where the file of `recipes-file` is.
const workspace = mkdtempSync(join(tmpdir(), 'page-'));
writeFileSync(join(workspace, 'recipes.json'), JSON.stringify([needed.recipes]));
afterAll(() => {
  rmSync(workspace, { recursive: true });
});

describe('the cook action accepts the example', () => {
  const examples = inputsOf('action.yml').flatMap((name) =>
    examplesOf(name).map((example, index) => ({ name, index, example })),
  );
  test.each(examples)('$name, $index', ({ example }) => {
    const inputs: Record<string, string> = { ...needed };
    if ('recipes-file' in example) inputs['recipes'] = '';
    for (const [name, value] of Object.entries(example)) inputs[name] = fill(String(value));
    const runner = rememberingRunner(inputs, new Map(), { GITHUB_WORKSPACE: workspace });
    expect(() => readCookInputs(runner)).not.toThrow();
    expect(runner.annotations).toEqual([]);
  });
});
