import { globSync } from 'node:fs';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { projectFile } from './action-files.ts';

// How the files of `src` may import each other, type imports included. Lint holds the length of
// files and functions.

/** Folders of `src`, each of which imports only from further down, and not from its own line. */
const layers: readonly (readonly string[])[] = [
  ['commands'],
  ['step', 'check'],
  ['ssh'],
  ['github'],
  ['report'],
  ['cooking'],
  ['logs', 'custody'],
  ['inputs'],
  ['money'],
  ['jobs'],
  ['service'],
];

/** Files beside the folders: what imports nothing of ours but such files, for all. */
const leaves = new Set(['clock.ts', 'errors.ts', 'text.ts', 'version.ts']);
/** Files beside the folders that give all others types, and nothing else. */
const typeGivers = new Set(['deps.ts', 'runner.ts']);

interface Import {
  readonly from: string;
  readonly to: string;
  readonly isType: boolean;
}

const src = fileURLToPath(new URL('../../src/', import.meta.url));
const files = globSync('**/*.ts', { cwd: src }).map((name) => name.replaceAll('\\', '/'));
const imports = files.flatMap((file) => importsIn(file, projectFile(`src/${file}`)));

/** What a file of `src` imports of `src`. */
function importsIn(from: string, text: string): readonly Import[] {
  const statements = text.matchAll(
    /\b(?:(import|export)\s(type\s)?[^'"`;]*?from\s*|import\s*\(?\s*)['"](\.[^'"]+)['"]/g,
  );
  return [...statements].map(([, , type, path = '']) => ({
    from,
    to: posix.join(posix.dirname(from), path),
    isType: type !== undefined,
  }));
}

function folderOf(file: string): string | null {
  return file.includes('/') ? file.slice(0, file.indexOf('/')) : null;
}

function isAllowed({ from, to, isType }: Import): boolean {
  const [here, there] = [folderOf(from), folderOf(to)];
  if (there === null) {
    if (leaves.has(to)) return true;
    return !leaves.has(from) && (here === null || (isType && typeGivers.has(to)));
  }
  if (here === null) return !leaves.has(from);
  return here === there || layerOf(here) < layerOf(there);
}

function layerOf(folder: string): number {
  const layer = layers.findIndex((each) => each.includes(folder));
  if (layer < 0) throw new Error(`src/${folder} is in no layer`);
  return layer;
}

/** Files that lead back to themselves, each with those on the way. */
function circlesIn(edges: readonly Pick<Import, 'from' | 'to'>[]): readonly string[] {
  const targets = Map.groupBy(edges, ({ from }) => from);
  const reachable = (start: string): ReadonlySet<string> => {
    const seen = new Set<string>();
    const pending = [start];
    for (let file = pending.pop(); file !== undefined; file = pending.pop()) {
      for (const { to } of targets.get(file) ?? []) {
        if (!seen.has(to)) pending.push(to);
        seen.add(to);
      }
    }
    return seen;
  };
  const reached = new Map([...targets.keys()].map((file) => [file, reachable(file)]));
  return [...reached].flatMap(([file, others]) => {
    if (!others.has(file)) return [];
    const onTheWay = [...others].filter((other) => reached.get(other)?.has(file));
    return [onTheWay.toSorted().join(' ')];
  });
}

const show = ({ from, to }: Import) => `${from} -> ${to}`;

test('every import is found', () => {
  const count = files
    .flatMap((file) => projectFile(`src/${file}`).split('\n'))
    .filter((line) => /(?:\bfrom |\bimport\(|^import )'\.{1,2}\//.test(line)).length;
  expect(imports.length).toBe(count);
  expect(count).toBeGreaterThan(200);
  expect(imports.filter(({ to }) => !files.includes(to))).toEqual([]);
});

test('folders import downwards only', () => {
  expect(imports.filter((each) => !isAllowed(each)).map(show)).toEqual([]);
});

test('no circle of files', () => {
  expect([...new Set(circlesIn(imports))]).toEqual([]);
});

test('the table of folders in docs/design.md has each folder of src, in the order of the layers', () => {
  const rows = projectFile('docs/design.md').matchAll(/^\| `src\/(\w+)\/` \| (.*) \|$/gm);
  const told = [...rows].map(([, folder = '']) => folder);
  expect(told).toEqual(layers.flat().filter((folder) => told.includes(folder)));
  expect(told.toSorted()).toEqual(
    [...new Set(files.flatMap((file) => folderOf(file) ?? []))].toSorted(),
  );
});

describe('these tests notice', () => {
  test.each([
    ['service/a.ts', `import { b } from '../jobs/b.ts';`],
    ['service/a.ts', `import type { B } from '../jobs/b.ts';`],
    ['service/a.ts', `import {\n  b,\n  c,\n} from '../jobs/b.ts';`],
    ['service/a.ts', `export * from '../jobs/b.ts';`],
    ['service/a.ts', `const b = await import('../jobs/b.ts');`],
    ['service/a.ts', `let b: import('../jobs/b.ts').B;`],
    ['service/a/b.ts', `import '../../jobs/b.ts';`],
    ['step/a.ts', `import { b } from '../check/b.ts';`],
    ['jobs/a.ts', `import { run } from '../run.ts';`],
    ['jobs/a.ts', `import { actionsRunner } from '../runner.ts';`],
    ['text.ts', `import { b } from './jobs/b.ts';`],
    ['text.ts', `import type { Runner } from './runner.ts';`],
  ])('in %s %j', (file, text) => {
    expect(importsIn(file, text).map(isAllowed)).toEqual([false]);
  });

  test.each([
    ['jobs/a.ts', `import { b } from '../service/b.ts';`],
    ['jobs/a.ts', `import { b } from './b.ts';`],
    ['jobs/a.ts', `import { b } from '../text.ts';`],
    ['jobs/a.ts', `import type { Runner } from '../runner.ts';`],
    ['run.ts', `import { b } from './commands/b.ts';`],
    ['errors.ts', `import { b } from './text.ts';`],
  ])('nothing in %s %j', (file, text) => {
    expect(importsIn(file, text).map(isAllowed)).toEqual([true]);
  });

  test('a circle', () => {
    const edges = ['a b', 'b c', 'c b', 'd a', 'c e'].map((edge) => {
      const [from = '', to = ''] = edge.split(' ');
      return { from, to };
    });
    expect(circlesIn(edges)).toEqual(['b c', 'b c']);
    expect(circlesIn(edges.filter(({ from }) => from !== 'c'))).toEqual([]);
  });

  test('a folder without a layer', () => {
    const [each] = importsIn('utils/a.ts', `import { b } from '../jobs/b.ts';`);
    expect(() => each && isAllowed(each)).toThrow('src/utils is in no layer');
  });
});
