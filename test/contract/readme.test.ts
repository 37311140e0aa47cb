import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { fillTables, renderTable } from '../../scripts/readme-tables.ts';
import { actionFiles, projectFile } from './action-files.ts';

const action = `
inputs:
  zone:
    description: >-
      Either \`a|b\`
      or c | d.
    required: true
  age:
    description: Any.
  index:
    description: Not to be set.
    default: \${{ strategy.job-index }}
  code:
    description: |
      First.

      Second.
    default: 010
    required: false
outputs:
  second:
    description: Two.
  first:
    description: One.
`;

describe('a table', () => {
  test('has the inputs in the order of the file, pipes escaped and each on one line', () => {
    expect(renderTable(action, 'inputs').split('\n')).toEqual([
      '| Input | Default | Meaning |',
      '| --- | --- | --- |',
      '| `zone` | **required** | Either `a\\|b` or c \\| d. |',
      '| `age` |  | Any. |',
      '| `index` | `${{ strategy.job-index }}` | Not to be set. |',
      '| `code` | `010` | First. Second. |',
      '',
    ]);
  });

  test('has the outputs in the order of the file', () => {
    expect(renderTable(action, 'outputs').split('\n')).toEqual([
      '| Output | Value |',
      '| --- | --- |',
      '| `second` | Two. |',
      '| `first` | One. |',
      '',
    ]);
  });

  test('of an action without outputs has only its head', () => {
    expect(renderTable('name: N', 'outputs')).toBe('| Output | Value |\n| --- | --- |\n');
  });

  test('of some of them has these alone, in the order of the file', () => {
    expect(renderTable(action, 'outputs', ['first'])).toBe(
      '| Output | Value |\n| --- | --- |\n| `first` | One. |\n',
    );
    expect(() => renderTable(action, 'outputs', ['third'])).toThrow('no third among the outputs');
  });

  test('needs the descriptions', () => {
    expect(() => renderTable('inputs:\n  a:\n    default: b\n', 'inputs')).toThrow('description');
  });
});

describe('a README', () => {
  const files = new Map([
    ['action.yml', 'inputs:\n  one:\n    description: Root.\n'],
    ['wait/action.yml', 'outputs:\n  two:\n    description: Wait.\n'],
  ]);
  const read = (file: string): string => files.get(file) ?? '';

  test('gets each table from the file its marker names, and keeps the rest', () => {
    const readme = [
      'Above.',
      '<!-- inputs of action.yml -->',
      'stale',
      '<!-- end -->',
      'Between. <!-- end -->',
      '<!-- outputs of wait/action.yml -->',
      '<!-- end -->',
      'Below.',
    ].join('\n');
    expect(fillTables(readme, read)).toBe(
      [
        'Above.',
        '<!-- inputs of action.yml -->\n',
        '| Input | Default | Meaning |',
        '| --- | --- | --- |',
        '| `one` |  | Root. |\n',
        '<!-- end -->',
        'Between. <!-- end -->',
        '<!-- outputs of wait/action.yml -->\n',
        '| Output | Value |',
        '| --- | --- |',
        '| `two` | Wait. |\n',
        '<!-- end -->',
        'Below.',
      ].join('\n'),
    );
  });

  test('may have some of them', () => {
    const marker = '<!-- outputs of wait/action.yml: two -->';
    expect(fillTables(`${marker}\n<!-- end -->\n`, read)).toBe(
      `${marker}\n\n| Output | Value |\n| --- | --- |\n| \`two\` | Wait. |\n\n<!-- end -->\n`,
    );
  });

  test('without markers stays as it is', () => {
    expect(fillTables('# Title\n', read)).toBe('# Title\n');
  });

  test('whose table has no end is refused, so that no text is lost', () => {
    const start = '<!-- inputs of action.yml -->';
    expect(() => fillTables(`${start}\n${start}\n<!-- end -->\n`, read)).toThrow(
      `no "<!-- end -->" after "${start}"`,
    );
  });
});

describe('the command', () => {
  const program = fileURLToPath(new URL('../../scripts/update-readme.ts', import.meta.url));
  let folder = '';
  const run = (...args: readonly string[]) =>
    spawnSync(process.execPath, [program, ...args], { cwd: folder, encoding: 'utf8' });

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'readme-'));
    writeFileSync(join(folder, 'README.md'), '<!-- inputs of action.yml -->\n<!-- end -->\n');
    writeFileSync(join(folder, 'action.yml'), action);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test('reports stale tables in one line until it has rewritten them', () => {
    const stale = { status: 1, stderr: expect.stringMatching(/^The tables .* are stale.*\n$/) };
    expect(run('--check')).toMatchObject(stale);
    expect(run()).toMatchObject({ status: 0, stderr: '' });
    expect(run('--check')).toMatchObject({ status: 0, stderr: '' });
    expect(readFileSync(join(folder, 'README.md'), 'utf8')).toContain('| `code`  | `010` ');

    writeFileSync(join(folder, 'action.yml'), action.replace('010', '011'));
    expect(run('--check')).toMatchObject(stale);
  });
});

const readme = projectFile('README.md');
const actionsPage = projectFile('docs/actions.md');

/** The names in the first column of the tables of a kind. */
function namesShown(kind: string, file: string): readonly string[] {
  const tables = `${readme}\n${actionsPage}`.matchAll(
    /^<!-- (\w+) of ([\w/.]+)(?::.+)? -->$([^]*?)^<!-- end -->$/gm,
  );
  return [...tables]
    .filter(([, kindOfTable, fileOfTable]) => kindOfTable === kind && fileOfTable === file)
    .flatMap(([, , , table = '']) => [...table.matchAll(/^\| `([\w-]+)`/gm)])
    .map(([, name = '']) => name);
}

const namesIn = (kind: string, file: string): readonly string[] =>
  Object.keys((parse(projectFile(file)) as Readonly<Record<string, object>>)[kind] ?? {});

/** The names that a line of the page on the other actions lists after some words. */
function namesListed(folder: string, words: string): readonly string[] {
  const section = actionsPage.split(/^## /m).find((text) => text.toLowerCase().startsWith(folder));
  const line = section?.split('\n').find((text) => text.includes(words)) ?? '';
  return [...line.slice(line.indexOf(words)).matchAll(/`([\w-]+)`/g)].map(([, name = '']) => name);
}

// In groups, each once, and within a group in the order of the file. What another action has in
// common with the cook action, the page only lists.
test.each(actionFiles)('the pages have each input of %s', (file) => {
  const folder = file.split(/[\\/]/).at(-2);
  const listed = folder === undefined ? [] : namesListed(folder, 'As in the cook action: ');
  expect([...namesShown('inputs', file), ...listed].toSorted()).toEqual(
    namesIn('inputs', file).toSorted(),
  );
});

test.each(['wait', 'check', 'cancel'])('%s has what it lists as the cook action has it', (name) => {
  const read = (file: string) => parse(projectFile(file)) as { inputs: Record<string, object> };
  const [cook, other] = [read('action.yml').inputs, read(`${name}/action.yml`).inputs];
  for (const input of namesListed(name, 'As in the cook action: ')) {
    expect(other[input]).toEqual(cook[input]);
  }
});

test.each(['action.yml', 'check/action.yml'])('a table has each output of %s', (file) => {
  expect(namesShown('outputs', file).toSorted()).toEqual(namesIn('outputs', file).toSorted());
});

// The outputs of these are those of the cook action, but for some that the page names.
test.each(['wait', 'cancel'])('the page names the outputs that %s lacks', (folder) => {
  const lacks = namesListed(folder, ', without ');
  const expected = namesIn('outputs', 'action.yml').filter((name) => !lacks.includes(name));
  expect(namesIn('outputs', `${folder}/action.yml`).toSorted()).toEqual(expected.toSorted());
});

test('the page on outputs has a heading for each output of a cook', () => {
  const headings =
    projectFile('docs/outputs.md')
      .match(/^### .+$/gm)
      ?.join(' ') ?? '';
  const named = [...headings.matchAll(/`([\w-]+)`/g)].map(([, name = '']) => name);
  expect(named.toSorted()).toEqual(namesIn('outputs', 'action.yml').toSorted());
});
