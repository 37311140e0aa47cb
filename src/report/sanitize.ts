// Foreign text (titles, reasons, logs, error bodies) is hostile: the runner takes commands from
// printed lines, and summaries are rendered as Markdown and HTML. This is the one place that
// makes it harmless.

// Control characters, and those that reorder or hide text.
const invisible =
  // eslint-disable-next-line no-control-regex
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/**
 * One line that is safe inside a line of ours. The caller puts text of its own, not white space,
 * before it: `::name::` counts only at the start of a line, `##[name]` anywhere.
 * @param maxLength in UTF-16 units; an ellipsis stands for the rest
 */
export function sanitizeLine(text: string, maxLength = 500): string {
  const line = text
    .replaceAll(/[\r\n\t]+/g, ' ')
    .replaceAll(invisible, '')
    .trim();
  // Broken first, for that adds to the length.
  return cut(breakCommands(line), maxLength);
}

// Colours are dropped with all else that moves a terminal's cursor: GitHub would leave them on for
// the lines after, and they could stand in the middle of a secret that the runner is to blank.
const terminalCodes =
  // eslint-disable-next-line no-control-regex
  /\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[\u001b\u009b]\[?[0-?]*[ -/]*[@-~]/g;

/**
 * A line of a log, with its indentation and at any length. The caller puts text of its own, not
 * white space, before it.
 */
export function sanitizeLogLine(text: string): string {
  const line = text
    .replaceAll(terminalCodes, '')
    .replaceAll(/[\r\n]+/g, ' ')
    .replaceAll(invisible, '');
  return breakCommands(line.trimEnd());
}

/**
 * Text that GitHub's Markdown shows as it is: no markup, no HTML, no link, no table cell's end. The
 * caller puts text of its own before it, for `1.` and `-` begin a list at the start of a line.
 */
export function escapeMarkdown(text: string, maxLength = 500): string {
  return sanitizeLine(text, maxLength).replaceAll(markup, (char) => `&#${char.charCodeAt(0)};`);
}

/** A line inside of `<pre>`: as {@link escapeMarkdown}, with its indentation. */
export function escapePreformatted(line: string, maxLength = 500): string {
  const indent = /^[ \t]*/.exec(line)?.[0].replaceAll('\t', '    ') ?? '';
  return indent.slice(0, maxIndent) + escapeMarkdown(line, maxLength);
}

// Deeper would only push the text out of sight.
const maxIndent = 40;

/** A label in a block of text letters: there is no escaping there, so all but plain text is left out. */
export function sanitizeLabel(text: string, maxLength: number): string {
  const plain = text
    .normalize('NFC')
    .replaceAll(/[^\p{L}\p{M}\p{N}.()+-]+/gu, ' ')
    .trim();
  return cut(plain, maxLength);
}

// Whatever Markdown or HTML could take for more than text. A colon before white space and a dot
// outside of `www.` make no link, and stay readable.
const markup = /[&<>|`*_~[\]{}#@\\$^]|:(?=\S)|(?<=www)\./gi;

function breakCommands(text: string): string {
  return text.replaceAll('##[', '## [');
}

function cut(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text;
  // Not through the middle of a surrogate pair.
  return `${text.slice(0, maxLength - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}
