import { stripInvisible } from '../text.ts';
import { decoded, maxLevels } from './decoded.ts';
import { guisesOf } from './guises.ts';
import { isMapping } from './json.ts';
import { createMatcher, type Matcher, type Span } from './matcher.ts';
import { hidden, secretsIn } from './secret-fields.ts';
import type { Json, JsonMapping } from './sign.ts';

/** Knows the secrets of a step, and takes them out of foreign text. */
export interface Redactor {
  /** Keys, tokens, logins: what is secret whatever it looks like. More may be added at any time. */
  readonly add: (secrets: readonly string[]) => void;
  /** All that may be secret in the body of a cook, or in an answer of the service's. */
  readonly addBody: (body: unknown) => void;
  /** What the workflow shows by itself, such as a title: a value that stands in it is not secret. */
  readonly addPublic: (texts: readonly string[]) => void;
  /**
   * A text without the secrets that were added so far, in whatever guise: to be called on foreign
   * text before anything is cut off it or encoded. Takes time in proportion to the text.
   */
  readonly redact: (text: string) => string;
  /** The same for all texts in a value of JSON's, keys and numbers included. */
  readonly redactJson: (value: JsonMapping) => JsonMapping;
}

// What is shorter is no secret, and would be cut out of innocent words.
const minSecretLength = 4;
// Of the environment not all is secret: a mode, a size or a version would be cut out of every line.
const minValueLength = 6;
const trivial = /^(?:true|false|null|none|undefined|enabled|disabled|default|\*+)$/i;
// What all guises may have together: 50 MB of memory. More than a thousand jobs have.
const maxCharacters = 500_000;
// A longer one is a file: parts of it are shown, and leave room for the secrets after it.
const maxWholeLength = 4_096;

/** A redactor without secrets. */
export function createRedactor(): Redactor {
  const seen = new Set<string>();
  let shown = '';
  let pending: string[] = [];
  let matchers: readonly Matcher[] = [];
  let charactersLeft = maxCharacters;

  const take = (piece: string, isLong: boolean) => {
    if (charactersLeft <= 0) return;
    const isPlain = isLong || charactersLeft < maxCharacters / 2;
    const guises = (isPlain ? [piece] : guisesOf(piece)).filter(isLongEnough);
    charactersLeft -= lengthOf(guises);
    pending.push(...guises);
  };
  const note = (secrets: readonly string[], isSecret: (secret: string) => boolean) => {
    for (const secret of secrets) {
      if (seen.has(secret) || charactersLeft <= 0) continue;
      seen.add(secret);
      if (!isSecret(secret)) continue;
      for (const piece of piecesOf(secret)) take(piece, secret.length > maxWholeLength);
    }
  };
  const current = () => {
    if (pending.length > 0) matchers = withMatcher(matchers, pending);
    pending = [];
    return matchers;
  };
  const redact = (text: string) => {
    const direct = hide(text, current());
    // What stands between its letters must not hide it.
    const stripped = stripInvisible(direct);
    if (stripped === direct) return direct;
    const inside = hide(stripped, matchers);
    return inside === stripped ? direct : inside;
  };
  return {
    add: (secrets) => {
      note(secrets, isLongEnough);
    },
    addPublic: (texts) => {
      shown += `${texts.join('\n')}\n`;
    },
    addBody: (body) => {
      const { secrets, values } = secretsIn(body);
      note(secrets, isLongEnough);
      note(values, (value) => mayBeSecret(value) && !shown.includes(value));
    },
    redact,
    redactJson: (value) => redactMembers(value, redact),
  };
}

function lengthOf(texts: readonly string[]): number {
  return texts.reduce((sum, { length }) => sum + length, 0);
}

function isLongEnough(secret: string): boolean {
  return secret.trim().length >= minSecretLength && !trivial.test(secret);
}

function mayBeSecret(value: string): boolean {
  return value.trim().length >= minValueLength && !trivial.test(value);
}

// Of one that is longer, any part is found that is twice as long as this.
const maxPieceLength = 1_024;

/** A secret, and each of its lines, for it may be shown by itself. */
function piecesOf(secret: string): readonly string[] {
  const lines = secret.split(/[\r\n]+/).filter(mayBeSecret);
  const texts = new Set([secret, ...lines, ...lines.map((line) => line.trim())]);
  return [...texts].flatMap((text) => {
    const count = Math.ceil(text.length / maxPieceLength);
    return Array.from({ length: count }, (_, index) =>
      text.slice(index * maxPieceLength, (index + 1) * maxPieceLength),
    );
  });
}

// Takes some 50 ms: signals must be heard in between.
const maxMerged = 50_000;

/** Those of like size become one, so that there are few however often some are added. */
function withMatcher(
  matchers: readonly Matcher[],
  patterns: readonly string[],
): readonly Matcher[] {
  const kept = [...matchers];
  const added = [...patterns];
  let size = lengthOf(added);
  for (;;) {
    const last = kept.at(-1);
    if (last === undefined || last.size > 2 * size || last.size > maxMerged) break;
    kept.pop();
    added.push(...last.patterns);
    size += last.size;
  }
  return [...kept, createMatcher(added)];
}

// Longer than anything that is shown.
const maxDecoded = 128 * 1024;

/** Where secrets stand in a text, as they are, or with characters written in another way. */
function findAll(text: string, matchers: readonly Matcher[], level = 0): readonly Span[] {
  const spans = matchers.flatMap(({ find }) => find(text));
  const view = level < maxLevels ? decoded(text.slice(0, maxDecoded)) : null;
  if (view === null) return spans;
  return spans.concat(findAll(view.text, matchers, level + 1).map(view.sourceOf));
}

function hide(text: string, matchers: readonly Matcher[]): string {
  const spans = findAll(text, matchers);
  if (spans.length === 0) return text;
  let shown = '';
  let end = 0;
  for (const [from, to] of spans.toSorted(byStart)) {
    // The one before reaches as far as this one: they are hidden as one.
    if (from > end || end === 0) shown += text.slice(end, from) + hidden;
    end = Math.max(end, to);
  }
  return shown + text.slice(end);
}

function byStart([a]: Span, [b]: Span): number {
  return a - b;
}

function redactTree(value: Json, redact: (text: string) => string): Json {
  if (typeof value === 'string') return redact(value);
  if (typeof value === 'number') {
    const text = String(value);
    return redact(text) === text ? value : hidden;
  }
  if (Array.isArray(value)) return value.map((each: Json) => redactTree(each, redact));
  return isMapping(value) ? redactMembers(value, redact) : value;
}

function redactMembers(value: JsonMapping, redact: (text: string) => string): JsonMapping {
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [redact(key), redactTree(each ?? null, redact)]),
  );
}
