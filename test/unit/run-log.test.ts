import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  createLines,
  describe as describeText,
  findNew,
  openRunLog,
  type JobLogEvents,
} from '../../src/logs/run-log.ts';
import { createRedactor } from '../../src/service/redactor.ts';
import { cpuMsOf } from '../support/cpu.ts';

const folder = mkdtempSync(join(tmpdir(), 'run-log-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

let files = 0;
const nextPath = () => join(folder, `${(files += 1)}.log`);

const silent: JobLogEvents = {
  line: () => {},
  restart: () => {},
  trouble: () => {},
  resultsIgnored: () => {},
  end: () => {},
};
const openLog = (events: Partial<JobLogEvents> = {}, path = nextPath()) => {
  const redact = (text: string) => text.replaceAll('secret', '***');
  const redactor = { ...createRedactor(), redact };
  return openRunLog(path, 1, redactor, { ...silent, ...events });
};

/** What is kept and given of the answers about a log, one after the other. */
async function gather(answers: readonly string[]) {
  const path = nextPath();
  const lines: string[] = [];
  let restarts = 0;
  const line = (text: string) => lines.push(text);
  const restart = () => (restarts += 1);
  const log = openLog({ line, restart }, path);
  for (const answer of answers) await log.take(answer);
  log.end();
  const results = log.results.all();
  return { kept: readFileSync(path, 'utf8'), lines, restarts, tail: log.tail(), results };
}

const numbered = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => `This is line ${from + index}\n`).join('');

describe('a log is gone on with', () => {
  test.each<[string, readonly string[], string]>([
    ['growth', ['a\n', 'a\nb\n', 'a\nb\nc\n'], 'a\nb\nc\n'],
    ['nothing new', ['a\n', 'a\n', 'a\n'], 'a\n'],
    ['no log for once', ['a\n', '', 'a\nb\n'], 'a\nb\n'],
    ['a beginning that is gone', [numbered(0, 9), numbered(4, 12)], numbered(0, 12)],
    [
      'a beginning that goes again and again',
      [numbered(0, 9), numbered(4, 12), numbered(4, 13), numbered(10, 20)],
      numbered(0, 20),
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

  test('a character that was cut in two is waited for', async () => {
    expect((await gather(['ab\ufffd', 'abä', 'abäö'])).kept).toBe('abäö');
    expect((await gather(['ab\ufffd\ufffd\ufffd\ufffd'])).kept).toBe('ab\ufffd');
    expect((await gather(['a\ud83d', 'a😀'])).kept).toBe('a😀');
    expect((await gather(['\ufffd'])).kept).toBe('');
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

describe('a log begins anew', () => {
  test('with another text, which is kept after the first', async () => {
    const { kept, lines, restarts } = await gather(['one thing', 'x\n', 'x\ny\n']);
    expect(kept).toBe('one thingx\ny\n');
    expect(lines).toEqual(['one thing', 'x', 'y']);
    expect(restarts).toBe(1);
  });

  test('where it is rewritten in place, and then takes the place of what was kept', async () => {
    const bar = (percent: number) => `Loading\n${numbered(0, 20)}Epoch ${percent}% of all\n`;
    const answers = Array.from({ length: 30 }, (_, percent) => bar(percent));
    const { kept, restarts, tail } = await gather(answers);
    expect(kept).toBe(bar(29));
    expect(restarts).toBe(29);
    expect(tail).toEqual(bar(29).trimEnd().split('\n'));
  });

  test('with a window that has moved by more than it holds, and nothing of it is lost', async () => {
    const windows = [numbered(0, 500), numbered(700, 1_200), numbered(1_100, 1_300)];
    const { kept, restarts } = await gather(windows);
    expect(kept).toBe(numbered(0, 500) + numbered(700, 1_300));
    expect(restarts).toBe(1);
  });

  test('where a replica lags, and the text that was kept stays', async () => {
    const { kept, restarts } = await gather([numbered(4, 12), numbered(4, 9), numbered(4, 13)]);
    expect(kept).toBe(numbered(4, 13));
    expect(restarts).toBe(1);
  });

  test('and its results are those of all texts', async () => {
    const report = (key: string) => `${key} is another text\ndispersed-output: {"${key}": 1}\n`;
    const { results } = await gather(['a', 'b', 'c'].map(report));
    expect(results).toEqual({ a: 1, b: 1, c: 1 });
  });
});

test('a file that cannot be written is trouble, and lines and results go on', async () => {
  const lines: string[] = [];
  const troubles: unknown[] = [];
  const line = (text: string) => lines.push(text);
  const trouble = (error: unknown) => troubles.push(error);
  const log = openLog({ line, trouble }, '/dev/null/nowhere');
  await log.take('a\n');
  await log.take('a\ndispersed-output: {"b": 1}\n');
  expect(lines).toEqual(['a', 'dispersed-output: {"b": 1}']);
  expect(log.results.all()).toEqual({ b: 1 });
  expect(troubles).toHaveLength(2);
});

test('lines and tail have no secrets', async () => {
  const lines: string[] = [];
  const log = openLog({ line: (text) => lines.push(text) });
  await log.take('a secret\n');
  expect(lines).toEqual(['a ***']);
  expect(log.tail()).toEqual(['a ***']);
});

test('the tail has the last lines', async () => {
  const { tail } = await gather([numbered(0, 150)]);
  expect(tail).toEqual(numbered(50, 150).trimEnd().split('\n'));
});

function linesOf(...pieces: readonly string[]): readonly string[] {
  const lines: string[] = [];
  const { push, end } = createLines((text) => lines.push(text));
  for (const piece of pieces) push(piece);
  end();
  return lines;
}

describe('lines', () => {
  test.each<[string, readonly string[], readonly string[]]>([
    ['nothing', [''], []],
    ['whole lines', ['a\nb\n'], ['a', 'b']],
    ['an empty line', ['a\n\nb\n'], ['a', '', 'b']],
    ['a last line without an end', ['a\nb'], ['a', 'b']],
    ['a line in pieces', ['a', 'b', '\nc', '\n'], ['ab', 'c']],
    ['Windows line ends', ['a\r\nb\r\n'], ['a', 'b']],
    ['a Windows line end cut in two', ['a\r', '\nb\r\n'], ['a', 'b']],
    ['two returns before the end', ['a\r\r\nb'], ['a', 'b']],
    ['a progress bar', ['10%\r20%\r30%\ndone\n'], ['30%', 'done']],
    ['a progress bar in pieces', ['10%', '\r', '20', '%\r', '30%\n'], ['30%']],
    ['a progress bar that returns at last', ['10%\r20%\r'], ['20%']],
    [
      'other breaks, which are none to the runner',
      ['a\u2028b\u0085c\vd\fe\n'],
      ['a\u2028b\u0085c\vd\fe'],
    ],
  ])('%s', (_, pieces, expected) => {
    expect(linesOf(...pieces)).toEqual(expected);
  });

  test('are bounded', () => {
    const pieces = Array.from({ length: 100 }, () => 'x'.repeat(100_000));
    expect(linesOf(...pieces, '\nshort\n').map(({ length }) => length)).toEqual([131_072, 5]);
  });

  test('a progress bar of any length shows its last state', () => {
    const states = Array.from({ length: 50_000 }, (_, state) => `\rstep ${state}`);
    expect(linesOf(...states, '\n')).toEqual(['step 49999']);
    expect(linesOf(states.join(''))).toEqual(['step 49999']);
  });

  test('however a text is cut, its lines are the same', () => {
    const text = fc
      .array(fc.constantFrom('a', 'b', '\n', '\r', '\r\n', '😀', ' '))
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(text, fc.array(fc.nat(60)), (whole, cuts) => {
        const places = [0, ...cuts, whole.length].toSorted((a, b) => a - b);
        const pieces = places.map((place, index) => whole.slice(place, places[index + 1]));
        expect(linesOf(...pieces)).toEqual(linesOf(whole));
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
  const log = openLog();
  await log.take('\n'.repeat(1_000_000));
  isOver = true;
  expect(turns).toBeGreaterThan(10);
});

test('a large log is written in pieces, with turns of other work in between', async () => {
  const path = nextPath();
  const text = '€🚀\n'.repeat(2 ** 20);
  const sizes = new Set<number>();
  let isOver = false;
  const look = () => {
    if (existsSync(path)) sizes.add(statSync(path).size);
    if (!isOver) setImmediate(look);
  };
  look();
  await openLog({}, path).take(text);
  isOver = true;
  expect(sizes.size).toBeGreaterThan(4);
  expect(readFileSync(path, 'utf8') === text).toBe(true);
});

const bytes = 64 * 1024 * 1024;

const letters = (count: number) => 'a'.repeat(count);

describe('looking for what was seen takes a second at most', () => {
  // What takes a plain search hours in all.
  test.each([
    ['one letter', letters(256), letters(bytes)],
    ['one letter and another first', `b${letters(255)}`, letters(bytes)],
    ['one letter and another last', `${letters(255)}b`, letters(bytes)],
    ['one letter and another in the middle', `${letters(128)}b${letters(127)}`, letters(bytes)],
    ['a period', `c${'ab'.repeat(127)}a`, 'ab'.repeat(bytes / 2)],
  ])('%s', (_, end, text) => {
    const seen = describeText(`${'c'.repeat(99)}${end}`);
    expect(cpuMsOf(() => findNew(seen, text))).toBeLessThan(5_000);
  });
});

/** The most that a turn of the event loop takes of the thread's time while a log is taken, in ms. */
async function longestTurnMs(log: string): Promise<number> {
  const opened = openLog();
  let longestMs = 0;
  let before = process.threadCpuUsage();
  const timer = setInterval(() => {
    const { user, system } = process.threadCpuUsage(before);
    longestMs = Math.max(longestMs, (user + system) / 1_000);
    before = process.threadCpuUsage();
  }, 1);
  await opened.take(log);
  clearInterval(timer);
  return longestMs;
}

test('a log of 64 MiB is taken in short turns, so that a signal is heard', async () => {
  const log = Buffer.from('epoch 1, loss 0.1234\n'.repeat(2 ** 26 / 21)).toString();
  let leastMs = Infinity;
  // Of up to three tries: garbage of other work is collected in some turn, too.
  for (let tries = 0; tries < 3 && leastMs >= 200; tries += 1)
    leastMs = Math.min(leastMs, await longestTurnMs(log));
  expect(leastMs).toBeGreaterThan(0);
  expect(leastMs).toBeLessThan(200);
}, 120_000);
