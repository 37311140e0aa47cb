import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { continuation, wholeSize, type Bytes } from '../../src/logs/diff.ts';

function bytes(text: string): Bytes {
  const buffer = Buffer.from(text);
  return { size: buffer.length, read: (at, length) => buffer.subarray(at, at + length) };
}

/** What is taken of the snapshots of a log, one after the other. */
function gather(...snapshots: readonly string[]): string {
  let seen = '';
  let start = 0;
  for (const snapshot of snapshots) {
    const found = continuation(bytes(seen), start, bytes(snapshot));
    ({ start } = found);
    seen += Buffer.from(snapshot).subarray(found.fresh).toString();
  }
  return seen;
}

const numbered = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => `This is line ${from + index}\n`).join('');

describe('what is new in a log', () => {
  test.each<[string, readonly string[], string]>([
    ['growth', ['a\n', 'a\nb\n', 'a\nb\nc\n'], 'a\nb\nc\n'],
    ['nothing new', ['a\n', 'a\n', 'a\n'], 'a\n'],
    ['a replica that lags', ['a\nb\n', 'a\n', 'a\nb\nc\n'], 'a\nb\nc\n'],
    ['no log for once', ['a\n', '', 'a\nb\n'], 'a\nb\n'],
    ['a head that was cut off', [numbered(0, 9), numbered(4, 12)], numbered(0, 12)],
    [
      'a head that is cut off again and again',
      [numbered(0, 9), numbered(4, 12), numbered(4, 13), numbered(10, 20)],
      numbered(0, 20),
    ],
    [
      'a head that was cut in mid-line',
      ['first line\nsecond line\nthird line\n', 'ond line\nthird line\nfourth\n'],
      'first line\nsecond line\nthird line\nfourth\n',
    ],
    [
      'a head that was cut in mid-character',
      ['äöü first line, with more\n', '\ufffdöü first line, with more\nb\n'],
      'äöü first line, with more\nb\n',
    ],
    [
      'another text altogether',
      ['one thing\n', 'quite another thing\n'],
      'one thing\nquite another thing\n',
    ],
    ['lines that repeat themselves', ['.\n'.repeat(500), '.\n'.repeat(600)], '.\n'.repeat(600)],
  ])('%s', (_, snapshots, expected) => {
    expect(gather(...snapshots)).toBe(expected);
  });

  test('a text that grows is taken once, however it is cut', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.array(fc.nat(100)), (text, cuts) => {
        const characters = Array.from(text);
        const snapshots = [...cuts, characters.length]
          .toSorted((a, b) => a - b)
          .map((cut) => characters.slice(0, cut).join(''));
        expect(gather(...snapshots)).toBe(text);
      }),
    );
  });

  test('a window that moves over a text shows each line once', () => {
    const move = fc.record({ by: fc.nat(8), window: fc.integer({ min: 10, max: 30 }) });
    fc.assert(
      fc.property(fc.array(move), (moves) => {
        let end = 10;
        const snapshots = [numbered(0, end)];
        for (const { by, window } of moves) {
          end += by;
          snapshots.push(numbered(Math.max(0, end - window), end));
        }
        expect(gather(...snapshots)).toBe(numbered(0, end));
      }),
    );
  });

  test('a log without end of one letter is compared in bounded time', () => {
    const seen = bytes('a'.repeat(2_000_000));
    const { fresh } = continuation(seen, 0, bytes(`${'a'.repeat(500_000)}b`));
    // As good a guess as any.
    expect(fresh).toBeLessThan(5_000);
  });
});

test.each([
  ['abc', 3],
  ['ab\ufffd', 2],
  ['\ufffd\ufffd\ufffd\ufffd', 3],
  ['', 0],
])('of %p, half characters at the end do not count yet', (text, size) => {
  expect(wholeSize(bytes(text))).toBe(size);
});
