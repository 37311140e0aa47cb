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
  if (tail.length < minMatch) return null;
  const place = endOfTail(tail, text);
  if (place !== null) return place;
  const overlap = overlapOf(tail, text.subarray(0, tail.length));
  return overlap < minMatch ? null : overlap;
}

/** Where a tail ends in a text; of one that overlaps itself there, as lines alike do, the last. */
function endOfTail(tail: Buffer, text: Buffer): number | null {
  const step = matcher(tail);
  let matched = 0;
  let end: number | null = null;
  for (let at = 0; at < text.length; at += 1) {
    matched = step(matched, text[at]);
    if (matched === tail.length) end = at + 1;
    else if (end !== null && at + 1 - matched > end) break;
  }
  return end;
}

/** How much of the beginning of a text is the end of a tail. */
function overlapOf(tail: Buffer, beginning: Buffer): number {
  const step = matcher(beginning);
  let matched = 0;
  for (const byte of tail) matched = step(matched, byte);
  return matched;
}

/** Takes how much of a pattern matched before the next byte, and gives how much does with it. */
type Matcher = (matched: number, byte: number | undefined) => number;

// Knuth, Morris and Pratt's: `indexOf` takes minutes for one letter repeated in both.
function matcher(pattern: Buffer): Matcher {
  // At each place, the longest proper beginning of the pattern that ends there, too.
  const borders = new Uint16Array(pattern.length);
  const step: Matcher = (matched, byte) => {
    let length = matched < pattern.length ? matched : (borders[matched - 1] ?? 0);
    while (length > 0 && pattern[length] !== byte) length = borders[length - 1] ?? 0;
    return pattern[length] === byte ? length + 1 : 0;
  };
  for (let at = 1; at < pattern.length; at += 1) {
    borders[at] = step(borders[at - 1] ?? 0, pattern[at]);
  }
  return step;
}
