import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { findFresh } from '../../src/logs/diff.ts';
import { openRunLog } from '../../src/logs/run-log.ts';
import { cpuMsOf } from '../support/cpu.ts';

const folder = mkdtempSync(join(tmpdir(), 'run-log-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

let files = 0;
const nextPath = () => join(folder, `${(files += 1)}.log`);

/** What is kept and told of the answers about a log, one after the other. */
async function gather(answers: readonly string[], isOver = true) {
  const path = nextPath();
  const lines: string[] = [];
  let restarts = 0;
  const log = openRunLog({
    path,
    onLine: ({ text }) => lines.push(text),
    onRestart: () => {
      restarts += 1;
    },
  });
  for (const [index, answer] of answers.entries()) {
    await log.take(answer, isOver && index === answers.length - 1);
  }
  log.end();
  return { kept: readFileSync(path, 'utf8'), lines, restarts };
}

const numbered = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => `This is line ${from + index}\n`).join('');

describe('a log is gone on with', () => {
  test.each<[string, readonly string[], string]>([
    ['growth', ['a\n', 'a\nb\n', 'a\nb\nc\n'], 'a\nb\nc\n'],
    ['nothing new', ['a\n', 'a\n', 'a\n'], 'a\n'],
    ['a replica that lags', ['a\nb\n', 'a\n', 'a\nb\nc\n'], 'a\nb\nc\n'],
    ['no log for once', ['a\n', '', 'a\nb\n'], 'a\nb\n'],
    ['a beginning that is gone', [numbered(0, 9), numbered(4, 12)], numbered(0, 12)],
    [
      'a beginning that goes again and again',
      [numbered(0, 9), numbered(4, 12), numbered(4, 13), numbered(10, 20)],
      numbered(0, 20),
    ],
    [
      'a replica that lags, after the beginning went',
      [numbered(0, 9), numbered(4, 12), numbered(4, 9), numbered(4, 13)],
      numbered(0, 13),
    ],
    [
      'a beginning that is gone in mid-line',
      ['first line\nsecond line\nthird line\n', 'ond line\nthird line\nfourth\n'],
      'first line\nsecond line\nthird line\nfourth\n',
    ],
    [
      'a large window that moves on by more than is compared',
      [numbered(0, 3_000), numbered(2_000, 5_000), numbered(4_990, 8_000)],
      numbered(0, 8_000),
    ],
    [
      'a beginning that is rewritten, shorter and longer',
      [numbered(0, 900), `***\n${numbered(9, 950)}`, `${'*'.repeat(999)}\n${numbered(2, 999)}`],
      numbered(0, 999),
    ],
    ['lines that repeat themselves', ['.\n'.repeat(500), '.\n'.repeat(600)], '.\n'.repeat(600)],
    [
      'a window over lines that repeat themselves, with something new at its end',
      ['.\n'.repeat(9_000), `${'.\n'.repeat(8_000)}done\n`, `${'.\n'.repeat(7_000)}done\nend\n`],
      `${'.\n'.repeat(9_000)}done\nend\n`,
    ],
  ])('%s', async (_, answers, expected) => {
    const { kept, lines, restarts } = await gather(answers);
    expect(kept).toBe(expected);
    expect(lines).toEqual(expected.trimEnd().split('\n'));
    expect(restarts).toBe(0);
  });

  test('another text is kept and told after the first, and that is said', async () => {
    const { kept, lines, restarts } = await gather(['one thing', 'quite another thing\n']);
    expect(kept).toBe('one thingquite another thing\n');
    expect(lines).toEqual(['one thing', 'quite another thing']);
    expect(restarts).toBe(1);
  });

  test('another text that grows is gone on with', async () => {
    const { kept, restarts } = await gather(['one thing', 'x\n', 'x\ny\n']);
    expect(kept).toBe('one thingx\ny\n');
    expect(restarts).toBe(1);
  });

  test('a text that is another one each time is given up', async () => {
    const answers = Array.from({ length: 30 }, (_, number) => `${number} is another text\n`);
    await expect(gather(answers)).rejects.toThrow('another text each time');
  });

  test('a character that was cut in two is waited for, unless nothing more comes', async () => {
    expect((await gather(['ab\ufffd', 'abä', 'abäö'])).kept).toBe('abäö');
    expect((await gather(['ab\ufffd\ufffd\ufffd\ufffd'], false)).kept).toBe('ab\ufffd');
    expect((await gather(['ab\ufffd'], true)).kept).toBe('ab\ufffd');
    expect((await gather(['\ufffd'], false)).kept).toBe('');
  });

  test('a text that grows is taken once, however it is cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: 'grapheme' }),
        fc.array(fc.nat(100), { maxLength: 5 }),
        async (text, cuts) => {
          const characters = Array.from(text);
          const answers = [...cuts, characters.length]
            .toSorted((a, b) => a - b)
            .map((cut) => characters.slice(0, cut).join(''));
          expect((await gather(answers)).kept).toBe(text);
        },
      ),
    );
  });

  test('of a window that moves over a text, each line is told once', async () => {
    const move = fc.record({ by: fc.nat(8), window: fc.integer({ min: 10, max: 500 }) });
    await fc.assert(
      fc.asyncProperty(fc.array(move, { maxLength: 6 }), async (moves) => {
        let end = 10;
        const answers = [numbered(0, end)];
        for (const { by, window } of moves) {
          end += by;
          answers.push(numbered(Math.max(0, end - window), end));
        }
        expect((await gather(answers)).kept).toBe(numbered(0, end));
      }),
    );
  });
});

test('while a million lines are told, others have their turn', async () => {
  let turns = 0;
  let isOver = false;
  const count = () => {
    turns += 1;
    if (!isOver) setImmediate(count);
  };
  count();
  const log = openRunLog({ path: nextPath(), onLine: () => {}, onRestart: () => {} });
  await log.take('\n'.repeat(1_000_000), true);
  isOver = true;
  expect(turns).toBeGreaterThan(10);
});

const bytes = 4 * 1024 * 1024;

const letters = (count: number) => 'a'.repeat(count);

describe('looking for what was seen takes time in proportion to the text', () => {
  // What takes a plain search hours in all.
  test.each([
    ['one letter', letters(4_096), letters(bytes)],
    ['one letter and another first', `b${letters(4_095)}`, letters(bytes)],
    ['one letter and another last', `${letters(4_095)}b`, letters(bytes)],
    ['one letter and another in the middle', `${letters(2_048)}b${letters(2_047)}`, letters(bytes)],
    ['a period', `c${'ab'.repeat(2_047)}a`, 'ab'.repeat(bytes / 2)],
    ['a long period', `${letters(2_000)}b${letters(2_095)}`, `${letters(2_094)}b`.repeat(2_001)],
  ])('%s', (_, tail, text) => {
    const [seen, given] = [Buffer.from(tail), Buffer.from(text)];
    let count = 0;
    const scanMs = cpuMsOf(() => {
      for (const byte of given) count += byte === 0 ? 1 : 0;
    });
    expect(cpuMsOf(() => findFresh(seen, given)) / scanMs).toBeLessThan(100);
    expect(count).toBe(0);
  });
});

/** The most that a turn of the event loop takes of the thread's time while a log is taken, in ms. */
async function longestTurnMs(log: string): Promise<number> {
  const opened = openRunLog({ path: nextPath(), onLine: () => {}, onRestart: () => {} });
  let longestMs = 0;
  let before = process.threadCpuUsage();
  const timer = setInterval(() => {
    const { user, system } = process.threadCpuUsage(before);
    longestMs = Math.max(longestMs, (user + system) / 1_000);
    before = process.threadCpuUsage();
  }, 1);
  await opened.take(log, true);
  clearInterval(timer);
  return longestMs;
}

test('a log of 64 MiB is taken in short turns, so that a signal is heard', async () => {
  const log = Buffer.from('epoch 1, loss 0.1234\n'.repeat(2 ** 26 / 21)).toString();
  // The least of three: garbage of other work is collected in some turn, too.
  const turnsMs = [await longestTurnMs(log), await longestTurnMs(log), await longestTurnMs(log)];
  expect(Math.min(...turnsMs)).toBeGreaterThan(0);
  expect(Math.min(...turnsMs)).toBeLessThan(200);
}, 60_000);
