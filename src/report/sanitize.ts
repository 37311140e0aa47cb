import { cut, stripInvisible } from '../text.ts';

// Foreign text (titles, reasons, logs, error bodies) is hostile: the runner takes commands from
// printed lines, and renders summaries. Secrets are taken out before (`redactor.ts`); those that only
// GitHub knows are masked in the text that we write: so as little as is safe is encoded.

/**
 * One line that is safe inside a line of ours. The caller puts text of its own, not white space,
 * before it: `::name::` counts only at the start of a line, `##[name]` anywhere.
 * @param maxLength in UTF-16 units, with an ellipsis for the rest
 */
export function sanitizeLine(text: string, maxLength = 500): string {
  const looked = text.slice(0, 4 * maxLength + 2_000);
  const rest = looked.length < text.length ? '…' : '';
  const line = sanitizeLogLine(looked.replaceAll(/[\r\n\t]+/g, ' ')).trim();
  return cut(line + rest, maxLength);
}

/** A line of a log, with its indentation and at any length. The caller puts text before it, too. */
export function sanitizeLogLine(text: string): string {
  const line = stripInvisible(text).replaceAll(/[\r\n]+/g, ' ');
  return line.trimEnd().replaceAll('##[', '## [');
}

/** A line as it may be printed by itself, whoever wrote it: the last door before the runner. */
export function printable(line: string): string {
  const safe = sanitizeLogLine(line);
  return /^\s*::/.test(safe) ? `| ${safe}` : safe;
}

/**
 * Text inside of HTML, where GitHub reads no Markdown: no markup, no link, no mention. A word that
 * could be more than text becomes code, in which GitHub looks for nothing.
 */
export function escapeHtml(text: string, maxLength = 500): string {
  const words = sanitizeLine(text, maxLength).split(' ');
  return words.map((word) => (more.test(word) ? escapeAsCode(word) : escape(word))).join(' ');
}

// What ends a sentence is no part of an address. Of other words it may be: of a secret, that is masked.
function escapeAsCode(word: string): string {
  const end = /:\/\/|www\./i.test(word) ? word.search(/(?<![.,;:!?)])[.,;:!?)]*$/) : word.length;
  return `<code>${escape(word.slice(0, end))}</code>${escape(word.slice(end))}`;
}

/** A line inside of `<pre>`, with its indentation. */
export function escapePreformatted(line: string, maxLength = 500): string {
  // Deeper would only push the text out of sight.
  const indent = /^[ \t]{0,40}/.exec(line)?.[0].replaceAll('\t', '    ') ?? '';
  return indent + sanitizeLine(line, maxLength).split(' ').map(escape).join(' ');
}

// Addresses, mentions, references, emoji and formulas, of which GitHub makes links and pictures in
// HTML as well.
const more = /[<$@]|:\/\/|www\.|(?:mailto|xmpp):|#\w|\bgh-\d|:[a-z+_-][\w+-]*:/i;

const names: Readonly<Record<string, string>> = {
  '&': 'amp',
  '<': 'lt',
  '>': 'gt',
  '"': 'quot',
  "'": 'apos',
};

// Quotes as well where there is a reason at all: GitHub masks a secret in this form, too.
function escape(word: string): string {
  return /[&<>]/.test(word) ? word.replaceAll(/[&<>"']/g, (char) => `&${names[char]};`) : word;
}
