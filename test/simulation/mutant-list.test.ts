import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { mutants } from './mutant-list.ts';

// A mutant that no longer fits the code breaks nothing, and shows nothing.
test.each(mutants.map((mutant) => [mutant.name, mutant] as const))('%s', (_, { file, find }) => {
  const text = readFileSync(new URL(`../../src/${file}`, import.meta.url), 'utf8');
  expect(text.split(find)).toHaveLength(2);
});
