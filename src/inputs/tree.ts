import { FAILSAFE_SCHEMA, load, nullJsonTag, YAMLException } from 'js-yaml';
import { closestMatch } from 'leven';
import { InputError, type Problem } from '../errors.ts';
import { cut } from '../text.ts';

/** YAML or JSON in which every scalar but `null` is still the text that was written. */
type TextTree = string | null | readonly TextTree[] | { readonly [key: string]: TextTree };

/**
 * Reads a value from a text, or from a tree of texts.
 * @throws InputError with every problem; the `input` of each is its place inside the value
 */
export type Parse<T> = (given: TextTree) => T;

/**
 * The error of a value that is not accepted: a sentence that says what was given, and what is.
 * @param input the place inside the value
 */
export function invalid(message: string, input = ''): InputError {
  return new InputError([{ input, message }]);
}

const maxText = 1_000_000;
const maxDepth = 32;
// More than any job needs; limits what aliases can grow into.
const maxNodes = 50_000;

/**
 * Parses YAML, or JSON, which is YAML too. No tags, bounded size and depth. Scalars stay
 * text until a field says otherwise: `1.10` is not 1.1, and `no` is not false.
 * @throws InputError with line and column; the text itself is never shown, since it may hold secrets
 */
export function parseYaml(text: string): TextTree {
  if (text.length > maxText) throw invalid(`is longer than ${maxText} characters`);
  let tree: unknown;
  try {
    tree = load(text, { schema: FAILSAFE_SCHEMA.withTags(nullJsonTag), maxDepth });
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    const { reason, mark } = error;
    const place = mark === undefined ? '' : ` at line ${mark.line + 1}, column ${mark.column + 1}`;
    throw invalid(`is not valid YAML or JSON: ${describeReason(reason)}${place}`);
  }
  if (isBounded(tree)) return tree;
  throw invalid('is too large, or refers to itself');
}

// A reason that names an alias or a tag quotes it, and what was meant may be a password.
function describeReason(reason: string): string {
  if (reason.startsWith('nesting exceeded')) return `nested deeper than ${maxDepth} levels`;
  if (!/\b(?:alias|tag)\b/.test(reason)) return reason;
  return 'tags, and aliases without an anchor, are not accepted (put text that starts with `!` or `*` in quotes)';
}

// An alias counts each time it is used.
function isBounded(tree: unknown): tree is TextTree {
  let nodes = 0;
  const isWithin = (node: unknown, depth: number): boolean => {
    nodes += 1;
    if (nodes > maxNodes || depth > maxDepth) return false;
    if (typeof node !== 'object' || node === null) return true;
    return Object.values(node).every((child) => isWithin(child, depth + 1));
  };
  return isWithin(tree, 0);
}

type Reads<T> = readonly (readonly [place: string, read: () => T])[];

/** Reads all of these, and gathers what is wrong with each, with its place. */
export function tryAll<T>(reads: Reads<T>) {
  const values: T[] = [];
  const problems: Problem[] = [];
  for (const [place, read] of reads) {
    try {
      values.push(read());
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      problems.push(...error.problems.map((found) => ({ ...found, input: place + found.input })));
    }
  }
  return { values, problems };
}

/** @throws InputError with every problem */
export function readAll<T>(reads: Reads<T>): readonly T[] {
  const { values, problems } = tryAll(reads);
  if (problems.length > 0) throw new InputError(problems);
  return values;
}

/** Shows a given text in one short line. Never to be used for secrets. */
export function quote(text: string): string {
  // A key in the wrong input.
  return /\bsk_/.test(text) ? 'a secret key' : JSON.stringify(cut(text, 60));
}

/** `; did you mean x?` for a word close to a known one, else nothing. */
export function suggest(word: string, known: readonly string[]): string {
  // A third of the letters: more would suggest `tag` for any three letters.
  const maxDistance = Math.min(4, Math.ceil(word.length / 3));
  const likely = closestMatch(word.toLowerCase(), known, { maxDistance });
  return likely === undefined ? '' : `; did you mean ${likely}?`;
}

/** A list of at most `max`; with `split`, also a text of members with that between them. */
export function list<T>(
  member: Parse<T>,
  message = 'must be a list',
  split?: RegExp,
  max = Infinity,
): Parse<readonly T[]> {
  return (given) => {
    const parts = typeof given === 'string' && split ? given.split(split) : null;
    const members = parts?.map((part) => part.trim()).filter((part) => part !== '') ?? given;
    if (!isList(members)) throw invalid(message);
    if (members.length > max) throw invalid(`has more than ${max} values`);
    const place = (index: number) => (parts && members.length === 1 ? '' : `[${index}]`);
    return readAll(members.map((value, index) => [place(index), () => member(value)]));
  };
}

function isList(tree: TextTree): tree is readonly TextTree[] {
  return Array.isArray(tree);
}

/** @throws InputError where it is no mapping */
export function membersOf(given: TextTree): readonly (readonly [string, TextTree])[] {
  if (typeof given === 'object' && given !== null && !isList(given)) return Object.entries(given);
  throw invalid('must be a mapping of names to values');
}

type Shape = Readonly<Record<string, Parse<unknown>>>;
type Members<S extends Shape> = { readonly [Key in keyof S]?: ReturnType<S[Key]> | undefined };

/**
 * A mapping in which every key is optional, and none but these is accepted. As among the inputs, an
 * empty text means that nothing was given.
 * @param aliases other names of keys, each with its key and how it is read
 */
export function mapping<S extends Shape>(
  shape: S,
  aliases: readonly (readonly [name: string, key: string, parse: Parse<unknown>])[] = [],
): Parse<Members<S>> {
  const known = Object.keys(shape);
  const rows = [
    ...Object.entries(shape).map(([key, parse]) => [key, key, parse] as const),
    ...aliases,
  ];
  const fields = new Map(rows.map(([name, key, parse]) => [name, { key, parse }]));
  return (given) => {
    const namesGiven = new Map<string, string>();
    const readMember = (name: string, value: TextTree) => {
      const field = fields.get(name);
      if (field === undefined) {
        const hint = suggest(name, [...fields.keys()]) || `; known fields are ${known.join(', ')}`;
        throw invalid(`${quote(name)} is not a known field${hint}`);
      }
      const { key, parse } = field;
      if (value === '') return [key, undefined] as const;
      const other = namesGiven.get(key);
      if (other !== undefined)
        throw invalid(`is the same field as ${other}, which is also set: set only one of them`);
      namesGiven.set(key, name);
      return [key, parse(value)] as const;
    };
    const members = readAll(
      membersOf(given).map(([name, value]) => {
        return [fields.has(name) ? `.${name}` : '', () => readMember(name, value)];
      }),
    );
    const values = members.filter(([, value]) => value !== undefined);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- each key has what its parser gives
    return Object.fromEntries(values) as Members<S>;
  };
}
