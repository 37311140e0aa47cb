import { expect, test } from '@jest/globals';
import { parse } from 'yaml';
import * as z from 'zod';
import { projectFile } from './action-files.ts';
import { complaintsAbout } from './language-service.ts';
import { exampleFiles, ownWorkflowFiles } from './workflow-files.ts';

const files = [...ownWorkflowFiles, ...exampleFiles];

const step = z.looseObject({
  uses: z.string().optional(),
  run: z.string().optional(),
  with: z.record(z.string(), z.unknown()).optional(),
});
const job = z.looseObject({
  permissions: z.record(z.string(), z.string()).optional(),
  'timeout-minutes': z.number().optional(),
  steps: z.array(step),
});
const workflow = z.looseObject({
  permissions: z.strictObject({}),
  jobs: z.record(z.string(), job),
});

const sound = `on: push
permissions: {}
jobs:
  a:
    runs-on: ubuntu-latest
    steps:
      - uses: dispersed-cook/dispersed-cook/cancel@v1
        with:
          job-uuids: a
          public-key: b
          secret-key: c
`;
const broken: [fault: string, text: string, complaint: string][] = [
  ['a misspelt key', sound.replace('runs-on', 'run-on'), "Unexpected value 'run-on'"],
  ['a misspelt input', sound.replace('job-uuids', 'job-uuid'), "Invalid action input 'job-uuid'"],
  ['an input left out', sound.replace('secret-key: c', ''), 'Missing required input'],
  ['an unknown context', sound.replace('uuids: a', 'uuids: ${{ secret.A }}'), "'secret'"],
  ['a broken expression', sound.replace('uuids: a', 'uuids: ${{ secrets. }}'), 'Unexpected'],
];

const texts = [...files.map(projectFile), sound, ...broken.map(([, text]) => text)];
const file = '.github/workflows/workflow.yml';
const complaints = complaintsAbout(texts.map((text) => ({ file, text })));

test('there are workflows and examples', () => {
  expect(ownWorkflowFiles.length).toBeGreaterThanOrEqual(5);
  expect(exampleFiles.length).toBeGreaterThanOrEqual(10);
});

test.each(files)("GitHub's parser has nothing to say against %s", (each) => {
  expect(complaints.get(projectFile(each))).toEqual([]);
});

test('nor against a small sound workflow', () => {
  expect(complaints.get(sound)).toEqual([]);
});

test.each(broken)('%s is found', (_fault, text, complaint) => {
  expect(complaints.get(text)).toContainEqual(expect.stringContaining(complaint));
});

/** Why an action is not pinned as it should be; undefined where it is. */
function pinFault(line: string): string | undefined {
  const [, action = '', comment = ''] = /\buses:\s+(\S+)(.*)$/.exec(line) ?? [];
  // Ours is shown by the tag that can be pasted; how to pin it, the README says below.
  if (action.startsWith('./') || /^dispersed-cook\/.+@v1$/.test(action)) return undefined;
  if (!/@[0-9a-f]{40}$/.test(action)) return 'not pinned by a full SHA';
  return /^ # v\d+\.\d+\.\d+$/.test(comment) ? undefined : 'the version is not told';
}

const usesIn = (text: string) => text.split('\n').filter((line) => /^\s*(?:- )?uses:/.test(line));

test.each(files)('%s pins every action by SHA, and says which version that is', (each) => {
  const uses = usesIn(projectFile(each));
  expect(uses.filter((line) => pinFault(line) !== undefined)).toEqual([]);
});

test.each([
  ['uses: actions/checkout@v7', 'not pinned by a full SHA'],
  ['uses: actions/checkout@3d3c42e', 'not pinned by a full SHA'],
  ['uses: docker://alpine:3', 'not pinned by a full SHA'],
  [`uses: actions/checkout@${'a'.repeat(40)}`, 'the version is not told'],
  [`uses: actions/checkout@${'a'.repeat(40)} # v7`, 'the version is not told'],
])('%s is found', (line, fault) => {
  expect(pinFault(line)).toBe(fault);
});

test('an action is pinned to the same commit and version everywhere', () => {
  const pins = new Map<string, Set<string>>();
  for (const line of files.flatMap((each) => usesIn(projectFile(each)))) {
    const [, owner = '', name = '', pin = ''] =
      /uses: ([\w.-]+)\/([\w.-]+)\S*@(.+)$/.exec(line) ?? [];
    const action = `${owner}/${name}`;
    pins.set(action, (pins.get(action) ?? new Set()).add(pin));
  }
  expect([...pins].filter(([, used]) => used.size > 1)).toEqual([]);
});

test.each(files)('%s starts without permissions', (each) => {
  expect(() => workflow.parse(parse(projectFile(each)))).not.toThrow();
});

test.each([
  ['without permissions', sound.replace('permissions: {}\n', '')],
  ['with permissions for all jobs', sound.replace('{}', '{contents: write}')],
  ['with all permissions', sound.replace('{}', 'write-all')],
])('a workflow %s is found', (_fault, text) => {
  expect(() => workflow.parse(parse(text))).toThrow('permissions');
});

test.each(files)('%s leaves no credentials in a checkout', (each) => {
  const { jobs } = workflow.parse(parse(projectFile(each)));
  const checkouts = Object.values(jobs)
    .flatMap(({ steps }) => steps)
    .filter(({ uses }) => uses?.startsWith('actions/checkout@'));
  for (const { with: inputs } of checkouts) expect(inputs?.['persist-credentials']).toBe(false);
});

// What an expression gives becomes part of the script before the shell sees it.
test.each(files)('%s puts no expression into a script', (each) => {
  const { jobs } = workflow.parse(parse(projectFile(each)));
  const scripts = Object.values(jobs).flatMap(({ steps }) => steps.map(({ run }) => run ?? ''));
  expect(scripts.filter((script) => script.includes('${{'))).toEqual([]);
});

test.each(ownWorkflowFiles)('%s bounds the time of each job', (each) => {
  const { jobs } = workflow.parse(parse(projectFile(each)));
  for (const { 'timeout-minutes': minutes } of Object.values(jobs)) expect(minutes).toBeDefined();
});

// The job that runs the code of libraries may not write, and the job that may write runs none of it.
test.each(ownWorkflowFiles)('%s lets no job write that runs code of the project', (each) => {
  const { jobs } = workflow.parse(parse(projectFile(each)));
  for (const { permissions = {}, steps } of Object.values(jobs)) {
    if (permissions['contents'] !== 'write') continue;
    const scripts = steps.map(({ run }) => run ?? '').join('\n');
    expect(scripts).not.toMatch(/\b(?:npm|npx|node|\.\/)/);
  }
});
