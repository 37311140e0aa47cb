/** Bytes that are read in pieces: a file, or a part of the memory. */
export interface Bytes {
  readonly size: number;
  /** What it gives holds until the next read. */
  readonly read: (at: number, length: number) => Buffer;
}

/** How a snapshot of a log continues what was seen of it. */
export interface Continuation {
  /** Where in what was seen the snapshot begins. */
  readonly start: number;
  /** Where in the snapshot that begins which was not seen yet. */
  readonly fresh: number;
}

// A shorter overlap may be an accident.
const minOverlap = 16;
const maxHead = 4096;
// In a log that repeats itself a head is found everywhere; each place costs a comparison.
const maxPlaces = 1_000;

/**
 * Finds out what of a snapshot is new. As a rule it is what was seen and more. It may also lack
 * its end, where a service's replica lags, or its head, where the service keeps the last part
 * only. What has nothing to do with what was seen is new altogether.
 * @param start where in what was seen the last snapshot began
 */
export function continuation(seen: Bytes, start: number, snapshot: Bytes): Continuation {
  if (agree(seen, start, snapshot, 0)) return { start, fresh: seen.size - start };
  const skipped = halfCharacter(snapshot);
  for (const place of placesOf(seen, headOf(snapshot, skipped))) {
    if (agree(seen, place, snapshot, skipped)) {
      return { start: Math.max(0, place - skipped), fresh: seen.size - place + skipped };
    }
  }
  return { start: seen.size, fresh: 0 };
}

function headOf(snapshot: Bytes, from: number): Buffer {
  return Buffer.from(snapshot.read(from, Math.min(maxHead, snapshot.size - from)));
}

/** Places where what was seen may go on like this, up to its end, the first one first. */
function* placesOf(seen: Bytes, head: Buffer): Generator<number> {
  if (head.length < minOverlap) return;
  let places = 0;
  for (let at = 0; at + head.length <= seen.size; at += pieceBytes) {
    const size = Math.min(pieceBytes + head.length - 1, seen.size - at);
    const piece = Buffer.from(seen.read(at, size));
    for (let found = piece.indexOf(head); found >= 0; found = piece.indexOf(head, found + 1)) {
      places += 1;
      if (places > maxPlaces) break;
      yield at + found;
    }
  }
  const last = Math.max(0, seen.size - head.length + 1);
  const end = Buffer.from(seen.read(last, Math.max(0, seen.size - last)));
  for (let at = 0; at + minOverlap <= end.length; at += 1) {
    if (end.subarray(at).equals(head.subarray(0, end.length - at))) yield last + at;
  }
}

const pieceBytes = 64 * 1024;

/** Whether both say the same from there on, as far as both go. */
function agree(a: Bytes, fromA: number, b: Bytes, fromB: number): boolean {
  const length = Math.min(a.size - fromA, b.size - fromB);
  for (let at = 0; at < length; at += pieceBytes) {
    const size = Math.min(pieceBytes, length - at);
    if (!a.read(fromA + at, size).equals(b.read(fromB + at, size))) return false;
  }
  return true;
}

const replacement = Buffer.from('\ufffd');
// One that is cut leaves three at most.
const maxReplacements = 3;

/** How many bytes at the head stand for a character that was cut in two. */
function halfCharacter(snapshot: Bytes): number {
  const { length } = replacement;
  let count = 0;
  while (
    count < maxReplacements &&
    (count + 1) * length <= snapshot.size &&
    snapshot.read(count * length, length).equals(replacement)
  ) {
    count += 1;
  }
  return count * length;
}

/** The size without what stands, at the end, for a character that was cut in two. */
export function wholeSize(snapshot: Bytes): number {
  const { length } = replacement;
  let { size } = snapshot;
  for (let count = 0; count < maxReplacements && size >= length; count += 1) {
    if (!snapshot.read(size - length, length).equals(replacement)) break;
    size -= length;
  }
  return size;
}
