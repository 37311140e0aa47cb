import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createLogPrinter, printTail } from '../../src/report/container-log.ts';
import { rememberingRunner } from '../runner/in-process.ts';
import { findCommands } from '../runner/commands.ts';

function print(texts: readonly string[], { prefix = '', jobCount = 1 } = {}) {
  const runner = rememberingRunner({});
  const printer = createLogPrinter(runner, prefix, '/temp/logs', jobCount);
  for (const text of texts) printer.line(text, 1);
  printer.end(texts.slice(-100));
  return runner.lines;
}

describe('a line of a log', () => {
  test.each([
    ['  indented\tand tabbed', ['  |   indented\tand tabbed']],
    ['', ['  |']],
    [
      '\u001b[1;31mred\u001b[0m \u001b]8;;http://a\u0007link\u001b]8;;\u0007 \u001b[2K!',
      ['  | red link !'],
    ],
    ['::error::a ##[error]b', ['  | ::error::a ## [error]b']],
    ['#\u200b#[group]', ['  | ## [group]']],
  ])('%p', (text, lines) => {
    expect(print([text])).toEqual(lines);
  });

  test('says prefix it is', () => {
    expect(print(['a'], { prefix: '[1/2 Render] ', jobCount: 2 })).toEqual(['  [1/2 Render] | a']);
  });

  test('that is long goes on in further rows, which are cut by characters', () => {
    const text = '😀日本語'.repeat(400);
    const lines = print([text]);
    expect(lines.map((line) => line.slice(0, 4))).toEqual(['  | ', '  ¦ ', '  ¦ ']);
    expect(lines.map((line) => line.slice(4)).join('')).toBe(text);
    expect(lines.every((line) => line.isWellFormed())).toBe(true);
  });

  test('that is very long is cut, and that is said', () => {
    for (const text of ['x '.repeat(50_000).trim(), 'x'.repeat(8 * 900 + 1)]) {
      const lines = print([text]);
      expect(lines).toHaveLength(9);
      expect(lines.at(-1)).toBe('  ¦ … more characters are in the full log');
    }
    expect(print(['x'.repeat(8 * 900)])).toHaveLength(8);
  });

  const pieces = fc.constantFrom(
    '::error::',
    '##[',
    '#',
    '[',
    'error]',
    '\r',
    '\n',
    '\u2028',
    '\u00a0',
    '\u001b',
    '\u001b[',
    '\u009b',
    'm',
    '\u0007',
    '\u200b',
    ' ',
    '😀',
    'x'.repeat(899),
  );
  const hostile = fc.oneof(
    fc.array(pieces).map((parts) => parts.join('')),
    fc.string({ unit: 'binary' }),
  );

  test('whatever it says, it is no command, and short enough to be seen', () => {
    fc.assert(
      fc.property(fc.array(hostile), hostile, (texts, title) => {
        const runner = rememberingRunner({});
        printTail(runner, title, texts);
        const lines = [...print(texts), ...runner.lines.slice(1, -1)];
        expect(findCommands(lines.join('\n'))).toEqual([]);
        for (const line of lines) {
          expect(line.length).toBeLessThanOrEqual(1_024);
          expect(line).toMatch(/^ {2}[|¦─]/);
          // eslint-disable-next-line no-control-regex
          expect(line).not.toMatch(/[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u2028]/);
        }
        expect(findCommands(runner.lines.join('\n')).map(({ name }) => name)).toEqual(
          texts.length === 0 ? [] : ['group', 'endgroup'],
        );
      }),
    );
  });
});

describe('the console holds so much', () => {
  const many = Array.from({ length: 30_000 }, (_, number) => `line ${number}`);

  test('of one job, 20,000 lines and the last', () => {
    const lines = print(many);
    expect(lines.slice(19_999, 20_003)).toEqual([
      '  | line 19999',
      '  ── the full log is in /temp/logs; its last lines follow at the end ──',
      '  ── some lines are not shown; the last 30: ──',
      '  | line 29970',
    ]);
    expect(lines.at(-1)).toBe('  | line 29999');
  });

  test('of many jobs, a share each', () => {
    expect(print(many, { jobCount: 10 })).toHaveLength(2_000 + 2 + 30);
    expect(print(many, { jobCount: 500 })).toHaveLength(1_000 + 2 + 30);
  });

  test('of long lines, fewer', () => {
    const lines = print(many.map((text) => text.padEnd(1_000, '.')));
    expect(lines).toHaveLength(20_000 + 2 + 60);
  });
});

describe('where the log begins anew, what was printed is not printed again', () => {
  const printed = (...texts: readonly (readonly string[])[]) => {
    const runner = rememberingRunner({});
    const printer = createLogPrinter(runner, '', '/temp/logs', 1);
    for (const [index, lines] of texts.entries()) {
      if (index > 0) printer.restart();
      for (const text of lines) printer.line(text, 1);
    }
    return runner.lines;
  };
  const note = '  ── the log begins anew; lines shown before are not repeated ──';

  test.each<[string, readonly (readonly string[])[], readonly string[]]>([
    [
      'a progress bar in place',
      [
        ['a', '1%'],
        ['a', '2%'],
        ['a', '3%', 'b'],
      ],
      ['a', '1%', note, '2%', '3%', 'b'],
    ],
    [
      'a line that comes more often',
      [
        ['a', 'a'],
        ['a', 'a', 'a'],
      ],
      ['a', 'a', note, 'a'],
    ],
    ['a line that is gone for once', [['a', 'b'], ['c'], ['a', 'b', 'c']], ['a', 'b', note, 'c']],
  ])('%s', (_, texts, expected) => {
    expect(printed(...texts)).toEqual(
      expected.map((line) => (line === note ? note : `  | ${line}`)),
    );
  });
});
