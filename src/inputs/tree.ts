import { closestMatch } from 'leven';
import { InputError, type Problem } from '../errors.ts';
import { cut } from '../text.ts';

/** YAML or JSON in which every scalar but `null` is still the text that was written. */
export type TextTree = string | null | readonly TextTree[] | { readonly [key: string]: TextTree };

/**
 * Reads a value from a text, or from a tree of texts.
 * @param name the name it was given under
 * @throws InputError with every problem; the `input` of each is its place inside the value
 */
export type Parse<T> = (given: TextTree, name: string) => T;

/** The error of a value that is not accepted: a sentence that says what was given, and what is. */
export function invalid(message: string): InputError {
  return new InputError([{ input: '', message }]);
}

/** The problems of a value that was not accepted, each with the place of the value before its own. */
export function problemsAt(place: string, error: unknown): readonly Problem[] {
  if (!(error instanceof InputError)) throw error;
  return error.problems.map(({ input, message }) => ({ input: place + input, message }));
}

/** Reads all of these, and gathers what is wrong with each, with its place. */
export function readAll<T>(reads: readonly (readonly [place: string, read: () => T])[]) {
  const values: T[] = [];
  const problems: Problem[] = [];
  for (const [place, read] of reads) {
    try {
      values.push(read());
    } catch (error) {
      problems.push(...problemsAt(place, error));
    }
  }
  return { values, problems };
}

/**
 * The values where there is no problem, so that none is missing.
 * @throws InputError with every problem
 */
export function validValues<V>(values: Partial<V>, problems: readonly Problem[]): V {
  if (problems.length > 0) throw new InputError(problems);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- without a problem, each has a value
  return values as V;
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

/** A list; with `split`, also a text of members with that between them. */
export function list<T>(
  member: Parse<T>,
  message = 'must be a list',
  split?: RegExp,
): Parse<readonly T[]> {
  return (given, name) => {
    const parts = typeof given === 'string' && split ? given.split(split) : null;
    const members = parts?.map((part) => part.trim()).filter((part) => part !== '') ?? given;
    if (!isList(members)) throw invalid(message);
    // Whoever gave one value does not know of a list.
    const place = (index: number) => (parts && members.length === 1 ? '' : `[${index}]`);
    const { values, problems } = readAll(
      members.map((value, index) => [place(index), () => member(value, name)] as const),
    );
    return validValues<readonly T[]>(values, problems);
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
 * Reads a mapping in which every key is optional, and none but these is accepted. As among the
 * inputs, an empty text means that nothing was given.
 * @param otherNames further names of keys
 * @returns what could be read, and every problem
 */
export function readMapping<S extends Shape>(
  shape: S,
  given: TextTree,
  otherNames: ReadonlyMap<string, string> = new Map(),
) {
  const members = membersOf(given).map(([name, value]) => {
    return { name, value, key: otherNames.get(name) ?? name };
  });
  const set = members.filter(({ key, value }) => Object.hasOwn(shape, key) && value !== '');
  const { values, problems } = readAll(
    set.map(({ name, key, value }) => {
      const first = set.find((member) => member.key === key);
      const read = () => {
        if (first?.name === name) return [key, shape[key]?.(value, name)] as const;
        throw invalid(`is the same as ${first?.name}, which is set as well: choose one`);
      };
      return [`.${name}`, read] as const;
    }),
  );
  const unknown = members
    .filter(({ key }) => !Object.hasOwn(shape, key))
    .map(({ name }) => ({ input: '', message: describeUnknown(name, shape, otherNames) }));
  return {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- each key has what its parser gives
    values: Object.fromEntries(values.filter(([, value]) => value !== undefined)) as Members<S>,
    problems: [...unknown, ...problems],
  };
}

/** A mapping as {@link readMapping} reads it. */
export function mapping<S extends Shape>(
  shape: S,
  otherNames?: ReadonlyMap<string, string>,
): Parse<Members<S>> {
  return (given) => {
    const { values, problems } = readMapping(shape, given, otherNames);
    return validValues<Members<S>>(values, problems);
  };
}

function describeUnknown(name: string, shape: Shape, otherNames: ReadonlyMap<string, string>) {
  const known = Object.keys(shape);
  const near = suggest(name, [...known, ...otherNames.keys()]);
  return `${quote(name)} is not a known field${near || `; known fields are ${known.join(', ')}`}`;
}
