import { FAILSAFE_SCHEMA, load, nullJsonTag, YAMLException } from 'js-yaml';
import { invalid, type TextTree } from './tree.ts';

/** Of a text, in UTF-16 units. */
export const maxText = 1_000_000;
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

// What an alias stands for is counted each time it is used.
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
