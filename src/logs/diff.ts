/** How much of the end of what was seen is looked for in a text that begins otherwise. */
export const tailBytes = 4096;

// A shorter match may be an accident.
const minMatch = 16;

/**
 * Where in a text that which was not seen yet begins: after the last that was seen, if that can be
 * found again, whole or at the text's beginning. Takes time in proportion to the text, whatever it
 * says.
 * @param tail the last that was seen, up to {@link tailBytes}
 * @returns null where the text has nothing to do with what was seen
 */
export function findFresh(tail: Buffer, text: Buffer): number | null {
  const search = searchFresh(tail, text);
  for (;;) {
    const { done, value } = search.next();
    if (done) return value;
  }
}

/** As {@link findFresh}, with a stop from time to time, for a signal to be heard. */
export function* searchFresh(tail: Buffer, text: Buffer): Generator<null, number | null> {
  if (tail.length < minMatch) return null;
  const end = yield* endOfTail(tail, text);
  if (end > 0) return end;
  const overlap = overlapOf(tail, text.subarray(0, tail.length));
  return overlap < minMatch ? null : overlap;
}

/**
 * Where a tail ends in a text, 0 if nowhere; of one that overlaps itself there, as lines alike do,
 * the last.
 */
function* endOfTail(tail: Buffer, text: Buffer): Generator<null, number> {
  const borders = bordersOf(tail);
  let part: Scan = { matched: 0, end: 0, isOver: false };
  for (let from = 0; from < text.length && !part.isOver; from += bytesAtOnce) {
    if (from > 0) yield null;
    part = scan(tail, borders, text, from, part);
  }
  return part.end;
}

// Takes some 10 ms.
const bytesAtOnce = 4 * 1024 * 1024;

interface Scan {
  readonly matched: number;
  readonly end: number;
  readonly isOver: boolean;
}

function scan(tail: Buffer, borders: Uint16Array, text: Buffer, from: number, last: Scan): Scan {
  const to = Math.min(text.length, from + bytesAtOnce);
  // With null for nowhere, V8 does not get this loop fast.
  let { matched, end } = last;
  for (let at = from; at < to; at += 1) {
    matched = matchNext(tail, borders, matched, text[at]);
    if (matched === tail.length) end = at + 1;
    else if (end > 0 && at + 1 - matched > end) return { matched, end, isOver: true };
  }
  return { matched, end, isOver: false };
}

/** How much of the beginning of a text is the end of a tail. */
function overlapOf(tail: Buffer, beginning: Buffer): number {
  const borders = bordersOf(beginning);
  let matched = 0;
  for (const byte of tail) matched = matchNext(beginning, borders, matched, byte);
  return matched;
}

// Knuth, Morris and Pratt's way, for `indexOf` takes minutes where both repeat themselves.

/** At each place of a pattern, the longest proper beginning of it that ends there, too. */
function bordersOf(pattern: Buffer): Uint16Array {
  const borders = new Uint16Array(pattern.length);
  for (let at = 1; at < pattern.length; at += 1) {
    borders[at] = matchNext(pattern, borders, borders[at - 1] ?? 0, pattern[at]);
  }
  return borders;
}

/** How much of a pattern matches up to a byte, where so much of it did before. */
function matchNext(pattern: Buffer, borders: Uint16Array, before: number, byte = 0): number {
  let matched = before < pattern.length ? before : (borders[before - 1] ?? 0);
  while (matched > 0 && pattern[matched] !== byte) matched = borders[matched - 1] ?? 0;
  return pattern[matched] === byte ? matched + 1 : 0;
}
