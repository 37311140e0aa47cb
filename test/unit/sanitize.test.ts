import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { fromHtml } from 'hast-util-from-html';
import {
  escapeHtml,
  escapePreformatted,
  printable,
  sanitizeLine,
  sanitizeLogLine,
} from '../../src/report/sanitize.ts';
import { rawHtml } from '../browser/github.ts';
import { findCommands } from '../runner/commands.ts';
import { cpuMsOf } from '../support/cpu.ts';

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

test('no line is a command by itself, once it is through the door', () => {
  fc.assert(
    fc.property(hostile, (text) => {
      expect(findCommands(printable(text))).toEqual([]);
      expect(findCommands(printable(`::error::${text}`))).toEqual([]);
      expect(printable(text)).not.toMatch(/[\r\n]/);
    }),
  );
  expect(printable('  | an indented line of ours')).toBe('  | an indented line of ours');
});

test('a line stays one line, without control characters, of bounded length', () => {
  fc.assert(
    fc.property(hostile, fc.integer({ min: 1, max: 50 }), (text, maxLength) => {
      const line = sanitizeLine(text, maxLength);
      expect(line.length).toBeLessThanOrEqual(maxLength);
      // eslint-disable-next-line no-control-regex
      expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
    }),
  );
});

type Node = ReturnType<typeof fromHtml> | ReturnType<typeof fromHtml>['children'][number];

const elementsOf = (node: Node): readonly string[] => [
  ...(node.type === 'element' ? [node.tagName] : node.type === 'comment' ? ['comment'] : []),
  ...('children' in node ? node.children.flatMap(elementsOf) : []),
];
const textOf = (node: Node): string => {
  if (node.type === 'text') return node.value;
  return 'children' in node ? node.children.map(textOf).join('') : '';
};
const render = (markdown: string) => fromHtml(rawHtml(markdown), { fragment: true });
const collapse = (text: string) => text.replaceAll(/\s+/g, ' ').trim();

const signs = fc.constantFrom(
  ...'`|*_~[]<>\\^$@{}#&;:!()=+-."\'/ ab1'.split(''),
  '&lt;',
  '&#35;',
  '<b>',
  '<!--',
  'https://a.example',
  'www.a.example',
  'a@b.example',
  '[a](b)',
  '![a](b)',
  '[^1]',
  '@user',
  '#1',
  ':smile:',
  '``',
  '__init__',
  'snake_case',
);
const marked = fc.oneof(
  fc.array(signs, { maxLength: 12 }).map((parts) => parts.join('')),
  hostile,
);

describe('whatever a text says, GitHub shows it as it is', () => {
  test.each<[string, (text: string) => string, readonly string[]]>([
    ['in a paragraph', (text) => `<p>x ${escapeHtml(text)}</p>`, ['p']],
    [
      'in a cell',
      (text) => `<table>\n<tr><td>${escapeHtml(text)}</td></tr>\n</table>`,
      ['table', 'tbody', 'tr', 'td'],
    ],
    [
      'in a fold',
      (text) => `<details><summary>x ${escapeHtml(text)}</summary>\n\nx\n\n</details>`,
      ['details', 'summary', 'p'],
    ],
    ['as code', (text) => `<p><code>${escapePreformatted(text)}</code></p>`, ['p']],
    ['in a block', (text) => `<pre>\nx ${escapePreformatted(text)}\n</pre>`, ['pre']],
  ])('%s', (_, write, elements) => {
    fc.assert(
      fc.property(marked, (text) => {
        const shown = render(write(text));
        expect(elementsOf(shown).filter((name) => ![...elements, 'code'].includes(name))).toEqual(
          [],
        );
        expect(collapse(textOf(shown))).toContain(collapse(sanitizeLine(text)));
      }),
      { numRuns: 200 },
    );
  });

  test('and what GitHub alone makes a link, a mention or a formula of is code', () => {
    fc.assert(
      fc.property(marked, (text) => {
        const html = escapeHtml(text).replaceAll(
          /<code>[^<]*<\/code>|&(?:amp|lt|gt|quot|apos);/g,
          ' ',
        );
        expect(html).not.toMatch(/[@$<>&]|#\w|:\/\/|www\./i);
      }),
      { numRuns: 200 },
    );
  });
});

test('a preformatted line keeps its indentation, within reason', () => {
  expect(escapePreformatted('  \tif a < b && c_d')).toBe('      if a &lt; b &amp;&amp; c_d');
  expect(escapePreformatted(`${' '.repeat(900)}x`)).toBe(`${' '.repeat(40)}x`);
});

describe('text stays readable', () => {
  test.each([
    [
      'exit code 1: CUDA out of memory (try 2/3), 93.5%',
      'exit code 1: CUDA out of memory (try 2/3), 93.5%',
    ],
    ['in __init__ of train_v2.py', 'in __init__ of train_v2.py'],
    ['at 10:30:15, {"a": "b"}', 'at 10:30:15, {"a": "b"}'],
    ['R&D of C# & <b>', 'R&amp;D of C# &amp; <code>&lt;b&gt;</code>'],
    ['a|b, a `b` c', 'a|b, a `b` c'],
    ['step [3/4] by foo@bar of #1', 'step [3/4] by <code>foo@bar</code> of <code>#1</code>'],
    ['see https://evil.example now', 'see <code>https://evil.example</code> now'],
    ['see www.evil.example', 'see <code>www.evil.example</code>'],
    ['(see https://a.example/x?y), and', '(see <code>https://a.example/x?y</code>), and'],
    ['at https://a.example.', 'at <code>https://a.example</code>.'],
    ['a secret p@ss!', 'a secret <code>p@ss!</code>'],
    ['two\nlines', 'two lines'],
  ])('%p', (text, html) => {
    expect(escapeHtml(text)).toBe(html);
  });

  test('a cut is shown, and is by characters', () => {
    expect(sanitizeLine('ab cd ef', 8)).toBe('ab cd ef');
    expect(sanitizeLine('ab cd ef', 7)).toBe('ab cd…');
    expect(sanitizeLine('ab cd ef', 5)).toBe('ab c…');
    expect(sanitizeLine(`a${' '.repeat(9_000)}b`, 10)).toBe('a…');
    expect(sanitizeLine('日本語のタイトルです', 6)).toBe('日本語のタ…');
    expect(sanitizeLine('{"loss":0.25,"path":"/data/a"}', 12)).toBe('{"loss":0.2…');
  });
});

test.each([
  ['format characters', '\u00ad\u061c\u180e\u200b\u2060\u206a\u206f\ufeff\ufff9\ufffb'],
  ['tags', '\u{e0001}\u{e0020}\u{e007f}'],
  ['variation selectors', '\ufe00\u{e0100}'],
  ['fillers', '\u034f\u115f\u3164\uffa0\u17b4\u2065\ufff0'],
  ['halves of surrogate pairs', '\ud800x\udc00'],
  ['what is no character', '\ufffe\uffff\u{1ffff}\ufdd0'],
  ['controls', '\u0000\u0008\u000b\u000c\u001f\u007f\u0080\u009f'],
  ['line ends that are none', '\u2028\u2029\u0085'],
  ['what turns text around', '\u202a\u202e\u2066\u2069\u200e'],
])('%s are taken out', (_, invisible) => {
  for (const char of invisible.match(/[^x]/gu) ?? []) {
    expect(sanitizeLine(`a${char}b`)).toBe('ab');
    expect(sanitizeLogLine(`#${char}#[error]`)).toBe('## [error]');
  }
});

test('what is visible stays', () => {
  const text = 'Ünïcödé עברית العربية ไทย हिन्दी 日本語 한국어 😀 ❤️ é';
  expect(sanitizeLine(text)).toBe(text);
});

describe('in time in proportion to the text', () => {
  const functions = {
    sanitizeLine,
    sanitizeLogLine,
    escapeHtml,
    escapePreformatted,
    whole: (text: string) => escapeHtml(text, Infinity),
  };
  const worst = [
    '<a',
    '\u001b[0',
    '\u001b]',
    '\u009b',
    '&a',
    ':a',
    '_',
    '#',
    '[',
    ' ',
    '\t\n',
    'a ',
  ];
  test.each(Object.entries(functions))('%s', (_, make) => {
    for (const piece of [...worst, 'a', '`', '\u200b', 'e\u0301\u0323', '"']) {
      const text = Buffer.from(piece.repeat(2 ** 20 / piece.length)).toString();
      // A plain scan takes some 20 ms; one that starts anew at each sign takes minutes.
      expect(cpuMsOf(() => make(text))).toBeLessThan(5_000);
    }
  });
});
