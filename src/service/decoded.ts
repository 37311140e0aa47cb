import type { Span } from './matcher.ts';

// Programs write some characters of a text in another way: in URLs, in JSON, in HTML, in shells. Each
// has its own idea of which, so they are undone, not foreseen.

/** How often it is done: a URL in JSON in HTML, and one more; what is deeper is nobody's accident. */
export const maxLevels = 4;

/** A text with the escapes in it undone, once. */
export interface Decoded {
  readonly text: string;
  /** Where a part of it stands in the text that it was made of, escapes whole. */
  readonly sourceOf: (span: Span) => Span;
}

const escapes =
  /(?:%[\da-f]{2})+|(?:\\x[\da-f]{2})+|\\u[\da-f]{4}|\\u\{[\da-f]{1,6}\}|&(?:#\d{1,7}|#x[\da-f]{1,6}|amp|lt|gt|quot|apos);|'\\''|''|""|\\[^]/gi;

/** Undoes the escapes of a text; null where it has none. Takes time in proportion to the text. */
export function decoded(source: string): Decoded | null {
  // For each piece of the text, where it begins there and in its source; every second is an escape.
  const starts: number[] = [0];
  const sources: number[] = [0];
  let text = '';
  let from = 0;
  for (const { 0: escape, index } of source.matchAll(escapes)) {
    text += source.slice(from, index);
    starts.push(text.length);
    sources.push(index);
    text += undone(escape);
    from = index + escape.length;
    starts.push(text.length);
    sources.push(from);
  }
  if (from === 0) return null;
  text += source.slice(from);
  const placeOf = (at: number, isEnd: boolean) => {
    const piece = pieceAt(starts, isEnd ? at - 1 : at);
    const isEscape = piece % 2 === 1;
    if (isEscape) return sources[isEnd ? piece + 1 : piece] ?? 0;
    return (sources[piece] ?? 0) + at - (starts[piece] ?? 0);
  };
  return { text, sourceOf: ([first, end]) => [placeOf(first, false), placeOf(end, true)] };
}

/** The last piece that begins there or before. */
function pieceAt(starts: readonly number[], at: number): number {
  let [low, high] = [0, starts.length];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((starts[middle] ?? 0) <= at) low = middle;
    else high = middle;
  }
  return low;
}

const named: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

function undone(escape: string): string {
  if (escape.startsWith('%')) return textOf(escape.replaceAll('%', ''));
  if (escape.startsWith('&')) return entityOf(escape.slice(1, -1).toLowerCase());
  if (!escape.startsWith('\\')) return escape.slice(-1);
  const kind = escape.charAt(1);
  if (escape.length === 2) return named[kind] ?? kind;
  if (kind === 'x') return textOf(escape.replaceAll(/\\x/gi, ''));
  return characterOf(Number.parseInt(escape.slice(2).replace('{', ''), 16));
}

function entityOf(name: string): string {
  if (!name.startsWith('#')) return named[name] ?? '';
  const code = name.startsWith('#x') ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1));
  return characterOf(code);
}

function characterOf(code: number): string {
  return code > 0x10_ff_ff ? '' : String.fromCodePoint(code);
}

/** Bytes, which are UTF-8, or where they are not, a character each. */
function textOf(hex: string): string {
  const bytes = Buffer.from(hex, 'hex');
  const text = bytes.toString();
  return text.includes('\ufffd') ? bytes.toString('latin1') : text;
}
