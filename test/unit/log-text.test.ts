import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createLines, createTail } from '../../src/logs/lines.ts';

function linesOf(...pieces: readonly string[]): readonly string[] {
  const lines: string[] = [];
  const { push, end } = createLines(({ text }) => lines.push(text));
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

  test('a line of any length is bounded, and says by how much', () => {
    const lines: unknown[] = [];
    const { push } = createLines(({ text, left }) => lines.push([text.length, left]));
    for (let at = 0; at < 100; at += 1) push('x'.repeat(100_000));
    push('\nshort\n');
    const kept = 128 * 1024;
    expect(lines).toEqual([
      [kept, 10_000_000 - kept],
      [5, 0],
    ]);
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

describe('a tail', () => {
  test('has the last lines of the newest run', () => {
    const tail = createTail(2);
    for (const text of ['a', 'b', 'c']) tail.add({ text, left: 0 }, 1);
    expect(tail.lines()).toEqual(['b', 'c']);
    tail.add({ text: 'd', left: 0 }, 2);
    tail.add({ text: 'late', left: 0 }, 1);
    expect(tail.lines()).toEqual(['d']);
  });
});
