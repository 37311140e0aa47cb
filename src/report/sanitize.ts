// Foreign text (titles, reasons, logs, error bodies) is hostile: the runner takes commands from
// printed lines, and summaries are rendered as Markdown and HTML. This is the one place that
// makes it harmless. Secrets are taken out before (`redactor.ts`); what GitHub alone knows as one is
// masked in what we write, as text, before it is rendered: so as little as is safe is encoded.

import { cut, stripInvisible } from '../text.ts';

/**
 * One line that is safe inside a line of ours. The caller puts text of its own, not white space,
 * before it: `::name::` counts only at the start of a line, `##[name]` anywhere.
 * @param maxLength in UTF-16 units; an ellipsis stands for the rest
 */
export function sanitizeLine(text: string, maxLength = 500): string {
  // What does not show takes room, too, but not more than this.
  const looked = text.slice(0, 4 * maxLength + minLooked);
  const line = stripInvisible(looked)
    .replaceAll(/[\r\n\t]+/g, ' ')
    .trim();
  const rest = looked.length < text.length ? '…' : '';
  // Broken first, for that adds to the length.
  return cut(breakCommands(line) + rest, maxLength);
}

const minLooked = 2_000;

/**
 * A line of a log, with its indentation and at any length. The caller puts text of its own, not
 * white space, before it.
 */
export function sanitizeLogLine(text: string): string {
  return breakCommands(
    stripInvisible(text)
      .replaceAll(/[\r\n]+/g, ' ')
      .trimEnd(),
  );
}

/** A line as it may be printed by itself, whoever wrote it: the last door before the runner. */
export function printable(line: string): string {
  const safe = sanitizeLogLine(line);
  return /^\s*::/.test(safe) ? `| ${safe}` : safe;
}

/**
 * Text that GitHub's Markdown shows as it is: no markup, no HTML, no link, no mention, no table
 * cell's end. A word that could be more than text becomes code, in which GitHub looks for nothing.
 * The caller puts text of its own before it, for `1.` and `-` begin a list at the start of a line.
 */
export function escapeMarkdown(text: string, maxLength = 500): string {
  return eachWord(sanitizeLine(text, maxLength), (word) =>
    eachPart(word, (part) => (mayBeMore(part) ? `\`${part}\`` : part)),
  );
}

/** A line as code in Markdown. */
export function codeSpan(text: string, maxLength = 500): string {
  return eachPart(sanitizeLine(text, maxLength), (part) => `\`${part}\``);
}

// What ends code or a table's cell has to be an entity, which code does not know.
function eachPart(text: string, change: (part: string) => string): string {
  return text
    .split(/([`|])/)
    .map((part, index) => (part === '' ? '' : index % 2 === 1 ? entity(part) : change(part)))
    .join('');
}

/** The same inside of HTML, as in a `<summary>`, where Markdown is not read. */
export function escapeHtml(text: string, maxLength = 500): string {
  return eachWord(sanitizeLine(text, maxLength), (word) => {
    const escaped = escapeBrackets(word);
    return mayBeMore(word) ? `<code>${escaped}</code>` : escaped;
  });
}

/** A line inside of `<pre>`, with its indentation. */
export function escapePreformatted(line: string, maxLength = 500): string {
  const indent = /^[ \t]*/.exec(line)?.[0].replaceAll('\t', '    ') ?? '';
  return indent.slice(0, maxIndent) + eachWord(sanitizeLine(line, maxLength), escapeBrackets);
}

// Deeper would only push the text out of sight.
const maxIndent = 40;

function eachWord(line: string, change: (word: string) => string): string {
  return line
    .split(' ')
    .map((word) => (word === '' ? '' : change(word)))
    .join(' ');
}

// Markup; entities; addresses, mentions, references and emoji, of which GitHub makes links and
// pictures; an underscore outside of a word, which is emphasis, and signs that may end a heading.
const more =
  /[*~[\]<\\^$@]|&#?\w+;|:\/\/|www\.|(?:mailto|xmpp):|#(?:\w|$)|\bgh-\d|:[a-z+_-][\w+-]*:|(?<![\p{L}\p{N}_])_|_(?![\p{L}\p{N}_])/iu;

function mayBeMore(word: string): boolean {
  return more.test(word);
}

const named: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

// Quotes as well where there is a reason at all: GitHub masks a secret in this form, too.
function escapeBrackets(word: string): string {
  return /[&<>]/.test(word) ? word.replaceAll(/[&<>"']/g, (char) => named[char] ?? char) : word;
}

function entity(char: string): string {
  return `&#${char.charCodeAt(0)};`;
}

function breakCommands(text: string): string {
  return text.replaceAll('##[', '## [');
}
