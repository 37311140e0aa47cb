import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { parse } from 'yaml';
import * as z from 'zod';
import { cookInputs } from '../../src/intake/inputs.ts';

const action = z
  .object({
    inputs: z.record(
      z.string(),
      z.object({ description: z.string(), default: z.string().optional() }),
    ),
    outputs: z.record(z.string(), z.object({ description: z.string() })),
    runs: z.object({ using: z.string(), main: z.string() }),
  })
  .parse(parse(readFileSync(new URL('../../action.yml', import.meta.url), 'utf8')));

test('action.yml and the code agree on the inputs, their order and defaults', () => {
  const declared = Object.entries(action.inputs).map(([name, input]) => [
    name,
    input.default ?? '',
  ]);
  const known = Object.entries(cookInputs).map(([name, input]) => [name, input.default]);
  const ofTheRunner = (entries: string[][]) =>
    entries.map(([name, text]) => [name, name === 'matrix-index' ? '' : text]);
  expect(ofTheRunner(declared)).toEqual(ofTheRunner(known));
});

test('the action runs the committed bundle on Node 24', () => {
  expect(action.runs).toMatchObject({ using: 'node24', main: 'dist/index.js' });
});

test.each(Object.entries(action.inputs))(
  'the description of %s is of a length to read, and shows a value',
  (_, { description }) => {
    const words = description.split(/\s+/).length;
    expect(words).toBeGreaterThanOrEqual(15);
    expect(words).toBeLessThanOrEqual(36);
    expect(description).toMatch(/`[^`]+`/);
  },
);
