/** Chance from a seed: the same draws in the same order give the same story. */
export interface Dice {
  /** From 0 to just under 1. */
  readonly next: () => number;
  readonly chance: (probability: number) => boolean;
  /** A whole number, both ends included. */
  readonly int: (min: number, max: number) => number;
  /** A time in ms in which short ones are as likely as long ones. */
  readonly span: (minMs: number, maxMs: number) => number;
  readonly pick: <T>(list: readonly T[]) => T;
  /** Draws by weight. */
  readonly weighted: <T>(...rows: readonly (readonly [weight: number, value: T])[]) => T;
  readonly uuid: () => string;
  /** Dice of their own, so that more draws here leave those there as they were. */
  readonly fork: (name: string) => Dice;
}

/** Dice for a seed. */
export function createDice(seed: string): Dice {
  const next = sequence(seed);
  const int = (min: number, max: number) => min + Math.floor(next() * (max - min + 1));
  const pick = <T>(list: readonly T[]): T => {
    const drawn = list[int(0, list.length - 1)];
    if (drawn === undefined) throw new Error('nothing to pick from');
    return drawn;
  };
  return {
    next,
    chance: (probability) => next() < probability,
    int,
    span: (minMs, maxMs) => Math.round(minMs * (maxMs / minMs) ** next()),
    pick,
    weighted: (...rows) => {
      const sum = rows.reduce((total, [weight]) => total + weight, 0);
      let left = next() * sum;
      const row = rows.find(([weight]) => (left -= weight) < 0) ?? rows[0];
      if (row === undefined) throw new Error('nothing to draw from');
      return row[1];
    },
    uuid: () => {
      const hex = Array.from({ length: 32 }, () => int(0, 15).toString(16)).join('');
      const parts = [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`];
      return [...parts, `8${hex.slice(17, 20)}`, hex.slice(20)].join('-');
    },
    fork: (name) => createDice(`${seed}/${name}`),
  };
}

// mulberry32, started with a hash of the text (FNV-1a).
function sequence(seed: string): () => number {
  let state = 0x811c9dc5;
  for (const character of seed) {
    state = Math.imul(state ^ (character.codePointAt(0) ?? 0), 0x01000193);
  }
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
