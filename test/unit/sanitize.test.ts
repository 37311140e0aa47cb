import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  sanitizeLabel,
  sanitizeLine,
  escapeMarkdown,
  escapePreformatted,
} from '../../src/report/sanitize.ts';
import { findCommands } from '../runner/commands.ts';

const pieces = fc.constantFrom(
  '::error::',
  '::set-output name=a::b',
  '##[',
  '##[error]',
  '#',
  '[',
  '\r',
  '\n',
  '\r\n',
  '\t',
  ' ',
  '\u0085',
  '\u2028',
  '\u200b',
  '\u0000',
  '\u001b[31m',
  'x',
);
const hostile = fc.oneof(
  fc.array(pieces).map((parts) => parts.join('')),
  fc.string({ unit: 'binary' }),
);

test('no text makes a command, wherever it stands in a line of ours', () => {
  fc.assert(
    fc.property(hostile, (text) => {
      expect(findCommands(`Job: ${sanitizeLine(text)} and on`)).toEqual([]);
    }),
  );
});

test('a line stays one line, without control characters, of bounded length', () => {
  fc.assert(
    fc.property(hostile, fc.integer({ min: 1, max: 50 }), (text, maxLength) => {
      const line = sanitizeLine(text, maxLength);
      // Breaking a `##[` adds a space to it.
      expect(line.length).toBeLessThanOrEqual(maxLength + maxLength / 3);
      // eslint-disable-next-line no-control-regex
      expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
    }),
  );
});

test('Markdown of foreign text has no character that could mean something', () => {
  fc.assert(
    fc.property(hostile, (text) => {
      expect(escapeMarkdown(text).replaceAll(/&#\d+;/g, '')).not.toMatch(/[&<>|`*_~[\]{}#@\\$]/);
    }),
  );
});

test('a label of a diagram has letters, digits and a few signs', () => {
  fc.assert(
    fc.property(hostile, fc.integer({ min: 1, max: 40 }), (text, maxLength) => {
      const label = sanitizeLabel(text, maxLength);
      expect(label).toMatch(/^[\p{L}\p{M}\p{N}.()+ …-]*$/u);
      expect(label.length).toBeLessThanOrEqual(maxLength);
    }),
  );
  expect(sanitizeLabel('Café 日本: a;b#c, "d" 1.5', 40)).toBe('Café 日本 a b c d 1.5');
});

test('a preformatted line keeps its indentation, within reason', () => {
  expect(escapePreformatted('  \tif a < b')).toBe('      if a &#60; b');
  expect(escapePreformatted(`${' '.repeat(900)}x`)).toBe(`${' '.repeat(40)}x`);
});

describe('text stays readable', () => {
  test.each([
    [
      'exit code 1: CUDA out of memory (try 2/3), 93.5%',
      'exit code 1: CUDA out of memory (try 2/3), 93.5%',
    ],
    ['<b>|`x`', '&#60;b&#62;&#124;&#96;x&#96;'],
    ['see https://evil.example', 'see https&#58;//evil.example'],
    ['see www.evil.example', 'see www&#46;evil.example'],
    ['two\nlines', 'two lines'],
  ])('%p', (text, markdown) => {
    expect(escapeMarkdown(text)).toBe(markdown);
  });

  test('a cut is shown, and splits no character', () => {
    expect(sanitizeLine('abcdef', 4)).toBe('abc…');
    expect(sanitizeLine('ab😀cd', 4)).toBe('ab…');
  });
});
