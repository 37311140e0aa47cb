import { execFileSync } from 'node:child_process';
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, posix, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import * as z from 'zod';
import { projectFile } from './action-files.ts';
import { anchorsOf, fencedBlocks, isPieceOf, relativeLinks } from './markdown.ts';
import { exampleFiles } from './workflow-files.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const pages = globSync(['*.md', 'docs/*.md', '.github/*.md'], { cwd: root }).toSorted();
const readme = projectFile('README.md');

/** What is wrong with the links of a page. */
function brokenLinks(page: string, text: string): readonly string[] {
  return relativeLinks(text).flatMap(({ path, anchor }) => {
    const file = path === '' ? page : join(dirname(page), path);
    const target = resolve(root, file);
    if (path !== '' && !existsSync(target)) return [`${file} is not there`];
    if (anchor === '') return [];
    const anchors = anchorsOf(path === '' ? text : readFileSync(target, 'utf8'));
    return anchors.has(anchor) ? [] : [`${file} has no #${anchor}`];
  });
}

test('the pages that people look for are there', () => {
  expect(pages).toEqual(
    expect.arrayContaining([
      'README.md',
      'CHANGELOG.md',
      'CONTRIBUTING.md',
      'SECURITY.md',
      'AGENTS.md',
      join('docs', 'design.md'),
      join('docs', 'guide.md'),
      join('docs', 'inputs.md'),
      join('docs', 'outputs.md'),
      join('docs', 'actions.md'),
      join('docs', 'service.md'),
      join('docs', 'security.md'),
      join('docs', 'troubleshooting.md'),
    ]),
  );
});

test.each(pages)('every relative link of %s leads somewhere', (page) => {
  expect(brokenLinks(page, readFileSync(join(root, page), 'utf8'))).toEqual([]);
});

describe('a broken link', () => {
  test.each([
    ['[a](nowhere.md)', ['nowhere.md is not there']],
    ['[a](#nowhere)', ['README.md has no #nowhere']],
    ['[a](LICENSE)', []],
    ['[a](CHANGELOG.md#nowhere)', ['CHANGELOG.md has no #nowhere']],
    ['[a](https://example.com/nowhere)', []],
    ['`[a](nowhere.md)`', []],
    ['# What is *not* `here`!\n[a](#what-is-not-here)', []],
    ['# Twice\n# Twice\n[a](#twice-1)', []],
  ])('is found: %j', (text, found) => {
    expect(brokenLinks('README.md', text)).toEqual(found);
  });
});

/** As `wc -w` counts them. */
const countWords = (text: string) => text.trim().split(/\s+/).length;

test('the README is read in ten minutes, and the docs in an hour', () => {
  const docs = globSync('docs/*.md', { cwd: root }).map((file) => projectFile(file));
  expect(countWords(readme)).toBeLessThanOrEqual(3_000);
  expect(countWords(docs.join('\n'))).toBeLessThanOrEqual(12_000);
});

const guide = projectFile('docs/guide.md');

test('every example is linked from the README or the guide', () => {
  const ofGuide = relativeLinks(guide).map(({ path }) => posix.join('docs', path));
  const linked = new Set([...relativeLinks(readme).map(({ path }) => path), ...ofGuide]);
  expect(exampleFiles.filter((file) => !linked.has(file))).toEqual([]);
});

// What is tried is the examples; what the README shows must be the same, to the letter.
test('every workflow in README and guide is a piece of an example', () => {
  const blocks = [readme, guide].flatMap((page) => fencedBlocks(page, 'yaml'));
  const examples = exampleFiles.map(projectFile);
  expect(blocks.length).toBeGreaterThan(6);
  expect(blocks.filter((block) => !examples.some((text) => isPieceOf(block, text)))).toEqual([]);
});

test('what is no piece of an example is found', () => {
  expect(isPieceOf('a: 1\nb: 2\n', 'x:\n  a: 1\n  b: 2\n')).toBe(true);
  expect(isPieceOf('a: 1\nb: 2\n', 'x:\n  a: 1\n  c: 3\n  b: 2\n')).toBe(false);
});

/** The fixed parts of the titles of annotations, from the code that prints them. */
function annotationTitles(): readonly string[] {
  const files = globSync('src/{inputs,report}/**/*.ts', { cwd: root });
  const code = files.map((file) => readFileSync(join(root, file), 'utf8')).join('\n');
  const literals = code.matchAll(
    /(?:\btitle: |\bwarn(?:Once)?\(\s*|annotate\(\s*'\w+',\s*)(?:'([^'\n]+)'|`([^`\n]+)`)/g,
  );
  return [...literals].flatMap(([, plain, template = '']) =>
    (plain ?? template).split(/\$\{[^}]*\}/).map((part) => part.trim().replace(/^:\s+/, '')),
  );
}

test('every annotation is in the page on troubleshooting', () => {
  const page = projectFile('docs/troubleshooting.md');
  const titles = annotationTitles().filter((title) => /[a-z]{3}/.test(title));
  expect(titles.length).toBeGreaterThan(20);
  expect(titles.filter((title) => !page.includes(title))).toEqual([]);
});

/** Commands of a page: the lines of its shell blocks, without comments. */
const commandsOf = (text: string) =>
  ['sh', 'shell', 'bash']
    .flatMap((language) => fencedBlocks(text, language))
    .flatMap((block) => block.split('\n'))
    .map((line) => line.replace(/(?:^|\s)#.*$/, '').trim())
    .filter((line) => /^(?!\w+[-_A-Z]*=)/.test(line) && line !== '');

/** Whether a file is there whose path begins so. */
const isThere = (path: string) => globSync(`${path}*`, { cwd: root }).length > 0;

// What starts a program of ours, or names a file, leads somewhere; a path of jest is the start of one.
test.each(pages)('every file that a command of %s names is there', (page) => {
  const commands = commandsOf(readFileSync(join(root, page), 'utf8'));
  const paths = commands.flatMap(
    (line) => line.match(/\b(?:test|scripts|src|docs)\/[\w./-]+/g) ?? [],
  );
  expect(paths.filter((path) => !isThere(path))).toEqual([]);
});

// In code within a sentence: `src/service/retry.ts`, `test/e2e`, `test/unit/retry`.
test.each(pages)('every file that a sentence of %s names is there', (page) => {
  const text = readFileSync(join(root, page), 'utf8').replaceAll(/^```[^]*?^```$/gm, '');
  const paths = [...text.matchAll(/`((?:src|test|scripts|bench|demo|examples)\/[\w./-]*)`/g)];
  const missing = paths.map(([, path = '']) => path).filter((path) => !isThere(path));
  expect(missing).toEqual([]);
});

test('the command that prints the commit of a release prints it', () => {
  const command = commandsOf(readme).find((line) => line.startsWith('git ls-remote')) ?? '';
  const repository = mkdtempSync(join(tmpdir(), 'release-'));
  const run = (line: string) => execFileSync('bash', ['-c', line], { cwd: repository }).toString();
  const user = '-c user.name=a -c user.email=a@example.com';
  run(`git init -q && git ${user} commit -q --allow-empty -m a && git ${user} tag -am a v1.0.0`);
  const lines = run(command.replace(/https:\S+/, '.'))
    .trim()
    .split('\n');
  const commit = run('git rev-parse HEAD').trim();
  expect(lines.filter((line) => line.endsWith('^{}'))).toEqual([`${commit}\trefs/tags/v1.0.0^{}`]);
  rmSync(repository, { recursive: true });
});

// No test may open them; that their hosts are those we know of, it can see.
const knownHosts = new Set([
  'api.compute.x.io',
  'api.dispersed.com',
  'console.dispersed.com',
  'dispersed.com',
  'docs.github.com',
  'github.com',
  'keepachangelog.com',
  'semver.org',
]);

test.each(pages)('every link of %s to a site leads to one that we know', (page) => {
  const text = readFileSync(join(root, page), 'utf8');
  const links = [...text.matchAll(/\]\((https?:[^)\s]+)\)/g)].map(([, url = '']) => new URL(url));
  expect(links.filter(({ protocol }) => protocol !== 'https:')).toEqual([]);
  expect(links.filter(({ host }) => !knownHosts.has(host)).map(String)).toEqual([]);
  const onGitHub = links
    .filter(({ host }) => host === 'github.com')
    .map(({ pathname }) => pathname);
  expect(onGitHub.filter((path) => !path.startsWith('/dispersed-cook/dispersed-cook'))).toEqual([]);
});

// `npm run bench`, `npm start`, …: what a page names, package.json has.
test.each(pages)('every npm script that %s names is there', (page) => {
  const { scripts } = z
    .object({ scripts: z.record(z.string(), z.string()) })
    .parse(JSON.parse(projectFile('package.json')));
  const text = readFileSync(join(root, page), 'utf8');
  const named = [
    ...[...text.matchAll(/npm run (?:-s |--silent )?([a-z][\w:-]*)/g)].map(([, name = '']) => name),
    ...[...text.matchAll(/\bnpm (start|test)\b/g)].map(([, name = '']) => name),
  ];
  expect(named.filter((name) => !(name in scripts))).toEqual([]);
});
