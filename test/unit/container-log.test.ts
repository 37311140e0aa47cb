import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { LogMode } from '../../src/logs/collector.ts';
import { createLogPrinter, openLogPrinter } from '../../src/report/container-log.ts';
import { createLog } from '../../src/report/log.ts';
import { rememberingRunner } from '../runner/in-process.ts';
import { createMadeUpClock } from '../support/clock.ts';
import { withoutTime } from '../support/log-lines.ts';
import { fakeJob, fakeOutcome } from '../support/outcomes.ts';
import { findCommands } from '../runner/commands.ts';

function print(texts: readonly string[], jobCount = 1) {
  const runner = rememberingRunner({});
  const printer = createLogPrinter(runner.print, '/temp/logs', jobCount);
  for (const text of texts) printer.line(text, 1);
  printer.end(texts.slice(-100));
  return runner.lines;
}

/** Prints the log of one of so many jobs, which fails. */
function printJob(mode: LogMode, texts: readonly string[], title = 'Train', jobCount = 1) {
  const runner = rememberingRunner({});
  const log = createLog(runner, createMadeUpClock(), jobCount);
  const { printJob: open } = openLogPrinter(runner, log, mode, jobCount);
  const { ref } = fakeOutcome();
  const job = fakeJob({ title });
  const events = open({ ref, origin: 'cooked', job, submittedAtMs: 0 });
  for (const text of texts) events.line(text, 1);
  log.print('between');
  events.end('failed', texts);
  log.print('after');
  const commands = findCommands(runner.lines.join('\n')).map(({ name }) => name);
  const lines = runner.lines.map(withoutTime);
  return { lines: lines.filter((line) => !/^(?:between|after)$/.test(line)), all: lines, commands };
}

describe('a group', () => {
  test('is the log of a single job, from its first line to its end', () => {
    expect(printJob('stream', ['a', 'b']).all).toEqual([
      '::group::Log of Train',
      '| a',
      '| b',
      'between',
      '::endgroup::',
      'after',
    ]);
    expect(printJob('stream', []).all).toEqual(['between', 'after']);
  });

  test('has the end of the log of a failed job, where only that is asked for', () => {
    expect(printJob('on-failure', ['a', 'b'], 'Train', 2).all).toEqual([
      'between',
      '::group::Last lines of the log of #1 Train',
      '#1  | a',
      '#1  | b',
      '::endgroup::',
      'after',
    ]);
  });

  test('is not made of what several jobs print', () => {
    expect(printJob('stream', ['a'], 'Train', 12).all).toEqual(['#1   | a', 'between', 'after']);
  });
});

describe('a line of a log', () => {
  test.each([
    ['  indented\tand tabbed', ['|   indented\tand tabbed']],
    ['', ['|']],
    [
      '\u001b[1;31mred\u001b[0m \u001b]8;;http://a\u0007link\u001b]8;;\u0007 \u001b[2K!',
      ['| red link !'],
    ],
    ['::error::a ##[error]b', ['| ::error::a ## [error]b']],
    ['#\u200b#[group]', ['| ## [group]']],
  ])('%p', (text, lines) => {
    expect(print([text])).toEqual(lines);
  });

  test('that is long goes on in further rows, which are cut by characters', () => {
    const text = '😀日本語'.repeat(400);
    const lines = print([text]);
    expect(lines.map((line) => line.slice(0, 2))).toEqual(['| ', '| ', '| ']);
    expect(lines.map((line) => line.slice(2)).join('')).toBe(text);
    expect(lines.every((line) => line.isWellFormed())).toBe(true);
  });

  test('that is very long is cut, and that is said', () => {
    for (const text of ['x '.repeat(50_000).trim(), 'x'.repeat(8 * 900 + 1)]) {
      const lines = print([text]);
      expect(lines).toHaveLength(8);
      expect(lines.at(-1)).toMatch(/[^.]…$/);
    }
    expect(print(['x'.repeat(8 * 900)]).at(-1)).toBe(`| ${'x'.repeat(900)}`);
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
        const { lines, commands } = printJob('on-failure', texts, title);
        expect(commands).toEqual(texts.length === 0 ? [] : ['group', 'endgroup']);
        const shown = [...print(texts), ...lines.slice(1, -1)];
        expect(findCommands(shown.join('\n'))).toEqual([]);
        for (const line of shown) {
          expect(line.length).toBeLessThanOrEqual(1_000);
          expect(line).toMatch(/^\|/);
          // eslint-disable-next-line no-control-regex
          expect(line).not.toMatch(/[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u2028]/);
        }
      }),
    );
  });
});

describe('the console holds so much', () => {
  const many = Array.from({ length: 30_000 }, (_, number) => `line ${number}`);

  test('of one job, 20,000 lines and the last', () => {
    const lines = print(many);
    expect(lines.slice(19_999, 20_003)).toEqual([
      '| line 19999',
      'the full log is in /temp/logs; the last lines follow at the end',
      'some lines are not shown; the last 30:',
      '| line 29970',
    ]);
    expect(lines.at(-1)).toBe('| line 29999');
  });

  test('of many jobs, a share each', () => {
    expect(print(many, 10)).toHaveLength(2_000 + 2 + 30);
  });

  test('of long lines, fewer', () => {
    const lines = print(many.map((text) => text.padEnd(1_000, '.')));
    expect(lines).toHaveLength(20_000 + 2 + 60);
  });
});

describe('where the log begins anew, what was printed is not printed again', () => {
  const printed = (...texts: readonly (readonly string[])[]) => {
    const runner = rememberingRunner({});
    const printer = createLogPrinter(runner.print, '/temp/logs', 1);
    for (const [index, lines] of texts.entries()) {
      if (index > 0) printer.restart();
      for (const text of lines) printer.line(text, 1);
    }
    return runner.lines;
  };
  const note = 'the log starts over; lines shown before are not repeated';

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
    expect(printed(...texts)).toEqual(expected.map((line) => (line === note ? note : `| ${line}`)));
  });
});
