import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { cutMember } from '../../src/api/json-cut.ts';

function cut(...pieces: readonly string[]) {
  let log = '';
  const filter = cutMember('logs', (text) => (log += text));
  const kept = pieces.map(filter).join('');
  return { log, kept: JSON.parse(kept) as unknown };
}

describe('the log is cut out of an answer', () => {
  test.each<[string, unknown, string, unknown]>([
    ['a text', { a: 1, logs: 'x\ny', b: [2] }, 'x\ny', { a: 1, logs: null, b: [2] }],
    ['lines', { logs: ['x', 'y'], b: 'z' }, 'x\ny', { logs: null, b: 'z' }],
    ['lines with their ends', { logs: ['x\n', 'y\n'] }, 'x\ny\n', { logs: null }],
    ['empty lines', { logs: ['x', '', '', 'y'] }, 'x\n\n\ny', { logs: null }],
    ['inside data', { data: { uuid: 'u', logs: 'x' } }, 'x', { data: { uuid: 'u', logs: null } }],
    ['null', { logs: null }, '', { logs: null }],
    ['a number', { logs: 5 }, '', { logs: 5 }],
    ['an empty list', { logs: [] }, '', { logs: null }],
    ['odd members', { logs: ['x', 1, { logs: 'n' }, ['m'], null, 'y'] }, 'x\ny', { logs: null }],
    ['one of the same name elsewhere', { a: { logs: 'x' } }, '', { a: { logs: 'x' } }],
    ['one in a list', { data: [{ logs: 'x' }] }, '', { data: [{ logs: 'x' }] }],
    ['a value that looks like a key', { a: 'logs', b: 'x' }, '', { a: 'logs', b: 'x' }],
    [
      'quotes and escapes',
      { logs: '"\\"\\\\" \u0000 ä 😀 \ud83d' },
      '"\\"\\\\" \u0000 ä 😀 \ud83d',
      { logs: null },
    ],
  ])('%s', (_, answer, log, kept) => {
    expect(cut(JSON.stringify(answer))).toEqual({ log, kept });
    expect(cut(...Array.from(JSON.stringify(answer, null, 2)))).toEqual({ log, kept });
  });

  test('an emoji that is escaped, in two pieces, stays one', () => {
    const texts: string[] = [];
    const filter = cutMember('logs', (text) => texts.push(text));
    for (const piece of ['{"logs":"a\\ud8', '3d', '\\ude00b"}']) filter(piece);
    expect(texts).toEqual(['a', '😀b']);
  });

  test('whatever is in it, and however it comes in pieces', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        fc.jsonValue(),
        fc.array(fc.nat(200)),
        fc.boolean(),
        (log, other, cuts, escaped) => {
          const text = JSON.stringify({ a: other, logs: log, z: other });
          const wire = escaped
            ? text.replaceAll(
                /[^ -~]/g,
                (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
              )
            : text;
          const places = [0, ...cuts, wire.length].toSorted((a, b) => a - b);
          const pieces = places.map((place, index) => wire.slice(place, places[index + 1]));
          const found = cut(...pieces);
          expect(found.log).toBe(log);
          expect(found.kept).toEqual(
            JSON.parse(JSON.stringify({ a: other, logs: null, z: other })),
          );
        },
      ),
    );
  });
});
