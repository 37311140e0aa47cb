import * as z from 'zod/mini';
import { isPlainName } from '../service/secret-fields.ts';
import { InvalidValue, quote, suggest } from './parsers.ts';

/** YAML or JSON in which every scalar but `null` is still the text that was written. */
export type TextTree = string | null | readonly TextTree[] | { readonly [key: string]: TextTree };

const maxText = 1_000_000;
const maxAliases = 50;
const maxDepth = 32;
// More than any job needs; limits what aliases can grow into.
const maxNodes = 50_000;

/**
 * Parses YAML, or JSON, which is YAML too. No tags, bounded size, depth and aliases. Scalars stay
 * text until a field says otherwise: `1.10` is not 1.1, and `no` is not false.
 * @returns the tree, or InvalidValue with line and column; the text itself is never shown, since it may hold secrets
 */
export async function parseYaml(text: string): Promise<TextTree | InvalidValue> {
  if (text.length > maxText) return new InvalidValue(`is longer than ${maxText} characters`);
  // Loaded when used: most workflows name recipes by UUID alone.
  const { load, FAILSAFE_SCHEMA, nullJsonTag } = await import('js-yaml');
  const schema = FAILSAFE_SCHEMA.withTags(nullJsonTag);
  try {
    const tree = load(text, { schema, maxAliases, maxDepth });
    return isBounded(tree) ? tree : new InvalidValue('is too large, or refers to itself');
  } catch (error) {
    return new InvalidValue(`is not valid YAML or JSON: ${explain(error)}`);
  }
}

function explain(error: unknown): string {
  if (!isYamlError(error)) return 'it cannot be read';
  const { reason, mark } = error;
  const place = mark === undefined ? '' : ` at line ${mark.line + 1}, column ${mark.column + 1}`;
  return describeReason(reason) + place;
}

// A reason that names an alias or a tag quotes it, and what was meant may be a password.
function describeReason(reason: string): string {
  if (/\btag\b/.test(reason)) return 'tags are not accepted (quote text that starts with `!`)';
  if (reason.startsWith('unidentified alias')) {
    return 'an alias without an anchor (quote text that starts with `*`)';
  }
  if (reason.startsWith('aliases exceeded')) return `more than ${maxAliases} aliases`;
  if (reason.startsWith('nesting exceeded')) return `nested deeper than ${maxDepth} levels`;
  return reason;
}

interface YamlError {
  readonly reason: string;
  /** Both from 0. */
  readonly mark?: { readonly line: number; readonly column: number };
}

function isYamlError(error: unknown): error is YamlError {
  return error instanceof Error && 'reason' in error && typeof error.reason === 'string';
}

// What an alias stands for is counted each time it is used.
function isBounded(tree: unknown): tree is TextTree {
  let nodes = 0;
  const isWithin = (node: unknown, depth: number): boolean => {
    nodes += 1;
    if (nodes > maxNodes || depth > maxDepth) return false;
    if (typeof node !== 'object' || node === null) return true;
    return Object.values(node).every((each) => isWithin(each, depth + 1));
  };
  return isWithin(tree, 0);
}

/**
 * A mapping in which every key is optional, and none but these is accepted. As among the inputs, an
 * empty text means that nothing was given.
 */
export function mapping<Shape extends Record<string, z.core.$ZodType>>(shape: Shape) {
  const known = Object.keys(shape);
  return z.pipe(
    z.transform((given: unknown) => withoutEmpty(given, known)),
    z.strictObject(optionals(shape), {
      error: (issue) =>
        issue.code === 'unrecognized_keys'
          ? issue.keys
              .map((key) => describeUnknown(key, known))
              .reduce((all, each) => `${all}${all.endsWith('?') ? '' : '.'} ${each}`)
          : 'must be a mapping of names to values',
    }),
  );
}

type Optionals<Shape extends Record<string, z.core.$ZodType>> = {
  [Key in keyof Shape]: z.ZodMiniOptional<Shape[Key]>;
};

function optionals<Shape extends Record<string, z.core.$ZodType>>(shape: Shape): Optionals<Shape> {
  const members = Object.entries(shape).map(([key, schema]) => [key, z.optional(schema)]);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the same keys, each made optional
  return Object.fromEntries(members) as Optionals<Shape>;
}

function withoutEmpty(given: unknown, known: readonly string[]): unknown {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return given;
  return Object.fromEntries(
    Object.entries(given).filter(([key, value]) => value !== '' || !known.includes(key)),
  );
}

function describeUnknown(key: string, known: readonly string[]): string {
  const near = suggest(key.replaceAll('-', '_'), known);
  const name = near !== '' || isPlainName(key) ? quote(key) : 'a name';
  return `${name} is not a known field${near || `; known fields are ${known.join(', ')}`}`;
}
