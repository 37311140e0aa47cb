import { expect, test } from '@jest/globals';
import { parse } from 'yaml';
import * as z from 'zod';
import { actionFiles, projectFile } from './action-files.ts';
import { complaintsAbout } from './language-service.ts';

const start = 'name: N\ndescription: D\n';
const runs = 'runs:\n  using: node24\n  main: m.js\n';
const sound = start + runs;

const broken: [fault: string, text: string, complaint: string][] = [
  ['no runs', start, 'Required property is missing: runs'],
  ['no name', `description: D\n${runs}`, 'Required property is missing: name'],
  ['an unknown key', `${sound}icon: zap\n`, "Unexpected value 'icon'"],
  ['a node action without main', `${start}runs:\n  using: node24\n`, "'main' is required"],
  ['an unknown key under runs', `${sound}  image: x\n`, "Unexpected value 'image'"],
  ['an input that is text', `${sound}inputs:\n  a: text\n`, "Unexpected value 'text'"],
  ['an odd required', `${sound}inputs:\n  a:\n    required: maybe\n`, "Unexpected value 'maybe'"],
  ['a secret as default', `${sound}inputs:\n  a:\n    default: \${{ secrets.A }}\n`, "'secrets'"],
  ['an unknown key of an output', `${sound}outputs:\n  a:\n    default: b\n`, "value 'default'"],
  ['an unknown icon', `${sound}branding:\n  icon: coffee\n`, "Unexpected value 'coffee'"],
  ['an unknown colour', `${sound}branding:\n  color: pink\n`, "Unexpected value 'pink'"],
  ['text that is not YAML', 'name: [', 'Flow sequence in block collection'],
];

const texts = [...actionFiles.map(projectFile), sound, ...broken.map(([, text]) => text)];
const complaints = complaintsAbout(texts.map((text) => ({ file: 'action.yml', text })));

test('the main action is among the files', () => {
  expect(actionFiles).toContain('action.yml');
});

test.each(actionFiles)("%s passes GitHub's schema", (file) => {
  expect(complaints.get(projectFile(file))).toEqual([]);
});

test('a small sound file passes', () => {
  expect(complaints.get(sound)).toEqual([]);
});

test.each(broken)('%s is found', (_fault, text, complaint) => {
  expect(complaints.get(text)).toEqual([expect.stringContaining(complaint)]);
});

// The schema lets any further key of an input pass, a misspelt `default` included.
const input = z.strictObject({
  description: z.string().min(1),
  required: z.boolean().optional(),
  default: z.string().optional(),
  deprecationMessage: z.string().optional(),
});
const documented = z.object({
  inputs: z.record(z.string().regex(/^[a-z_][a-z0-9_-]*$/), input).default({}),
});

test.each(actionFiles)('%s gives its inputs only keys that GitHub documents', (file) => {
  expect(() => documented.parse(parse(projectFile(file)))).not.toThrow();
});

test('a misspelt key of an input is found', () => {
  const text = `${sound}inputs:\n  a:\n    description: D\n    defualt: b\n`;
  expect(() => documented.parse(parse(text))).toThrow('defualt');
});

// What the Marketplace asks for beyond the schema; the schema knows its icons and colours.
const listing = z.object({
  name: z.string().min(1),
  description: z.string().min(1).max(125),
  author: z.string().min(1),
  branding: z.strictObject({ icon: z.string(), color: z.string() }),
});

test('the Marketplace can list the main action', () => {
  expect(() => listing.parse(parse(projectFile('action.yml')))).not.toThrow();
});

test.each([
  ['without branding', `${sound}author: A\n`, 'branding'],
  ['with a long description', `name: N\ndescription: ${'D'.repeat(126)}\n${runs}`, 'description'],
])('the Marketplace cannot list an action %s', (_fault, text, complaint) => {
  expect(() => listing.parse(parse(text))).toThrow(complaint);
});
