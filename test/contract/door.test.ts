import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';

// The runner takes commands from what is printed, so there is one door, which makes it harmless.
// Lint says the same while one writes; this holds the rules of lint, too.

const src = fileURLToPath(new URL('../../src/', import.meta.url));
const files = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => ({ name, text: readFileSync(src + name, 'utf8') }));
const filesWith = (pattern: RegExp) =>
  files.filter(({ text }) => pattern.test(text)).map(({ name }) => name);

test('only the door reaches the standard streams', () => {
  expect(filesWith(/from '@actions\/core'/)).toEqual(['runner.ts']);
  expect(filesWith(/process\??\.(?:stdout|stderr|emitWarning)|node:(?:process|console)/)).toEqual(
    [],
  );
  expect(filesWith(/globalThis|(?<![\w.])console\.(?:log|info|warn|error|debug)\b/)).toEqual([]);
});

test('the door prints nothing raw', () => {
  const door = readFileSync(`${src}runner.ts`, 'utf8');
  const calls = [...door.matchAll(/core\.(?:info|startGroup)\((.*)\)[,;]/g)].map(
    ([, given]) => given,
  );
  expect(calls).toEqual(['printable(line)', 'printable(title)']);
});
