import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { beginning, cut, stripInvisible } from '../../src/text.ts';

const text = fc.string({ unit: 'binary', maxLength: 60 });
const length = fc.integer({ min: 1, max: 60 });

test('a cut text is the beginning of it and an ellipsis, and never longer than asked for', () => {
  fc.assert(
    fc.property(text, length, (given, maxLength) => {
      const shown = cut(given, maxLength);
      expect(shown.length).toBeLessThanOrEqual(maxLength);
      expect(shown === given).toBe(given.length <= maxLength);
      expect(shown === given || shown.endsWith('…')).toBe(true);
      expect(given.startsWith(shown.slice(0, -1))).toBe(true);
    }),
  );
});

test('no more is cut off than has to be', () => {
  expect(cut('日本語のタイトル', 5)).toBe('日本語の…');
  expect(cut('/data/datasets/imagenet', 10)).toBe('/data/dat…');
  expect(cut('one two', 5)).toBe('one…');
});

test('never half a surrogate pair', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), length, (given, maxLength) => {
      expect(cut(given, maxLength).isWellFormed()).toBe(true);
      expect(beginning(given, maxLength).isWellFormed()).toBe(true);
    }),
  );
  expect(beginning('a😀', 2)).toBe('a');
  expect(beginning('a😀', 3)).toBe('a😀');
});

test('what does not show is stripped, with the codes of a terminal', () => {
  expect(stripInvisible('a\u200bb \u001b[31mred\u001b[0m\td\n')).toBe('ab red\td\n');
});
