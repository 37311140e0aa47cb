import { Unusable } from './parsers.ts';

/** YAML or JSON in which every scalar but `null` is still the text that was written. */
export type TextTree = string | null | readonly TextTree[] | { readonly [key: string]: TextTree };

const maxText = 1_000_000;
const maxAliases = 50;
const maxDepth = 32;
// More than any order needs; bounds what aliases can grow into.
const maxNodes = 50_000;

/**
 * Parses YAML, or JSON, which is YAML too. No tags, bounded size, depth and aliases. Scalars stay
 * text until a field says otherwise: `1.10` is not 1.1, and `no` is not false.
 * @returns the tree, or Unusable with line and column; the text itself is never shown, since it may hold secrets
 */
export async function parseYaml(text: string): Promise<TextTree | Unusable> {
  if (text.length > maxText) return new Unusable(`is longer than ${maxText} characters`);
  // Loaded when used: most workflows name recipes by UUID alone.
  const { load, FAILSAFE_SCHEMA, nullJsonTag } = await import('js-yaml');
  const schema = FAILSAFE_SCHEMA.withTags(nullJsonTag);
  try {
    const tree = load(text, { schema, maxAliases: maxAliases, maxDepth: maxDepth });
    return isBounded(tree) ? tree : new Unusable('is too large, or refers to itself');
  } catch (error) {
    return new Unusable(`is neither YAML nor JSON: ${explain(error)}`);
  }
}

function explain(error: unknown): string {
  if (!isYamlError(error)) return 'it cannot be read';
  const { reason, mark } = error;
  const place = mark === undefined ? '' : ` in line ${mark.line + 1}, column ${mark.column + 1}`;
  return sayReason(reason) + place;
}

// A reason that names an alias or a tag quotes it, and what was meant may be a password.
function sayReason(reason: string): string {
  if (/\btag\b/.test(reason))
    return 'tags are not accepted (put text that starts with `!` into quotes)';
  if (reason.startsWith('unidentified alias')) {
    return 'an alias without its anchor (put text that starts with `*` into quotes)';
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
