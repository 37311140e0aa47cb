import { Unusable } from './texts.ts';

/** YAML or JSON in which every scalar is still the text that was written. */
export type TextTree = string | readonly TextTree[] | { readonly [key: string]: TextTree };

const longestText = 1_000_000;
const mostAliases = 50;
// More than any order needs; bounds what aliases can grow into.
const mostNodes = 50_000;

/**
 * Parses YAML, or JSON, which is YAML too. No tags, bounded size, depth and aliases. Scalars stay
 * text until a field says otherwise: `1.10` is not 1.1, and `no` is not false.
 * @returns the tree, or Unusable with line and column; the text itself is never shown, since it may hold secrets
 */
export async function parseYaml(text: string): Promise<TextTree | Unusable> {
  if (text.length > longestText) return new Unusable(`is longer than ${longestText} characters`);
  // Loaded when used: most workflows name recipes by UUID alone.
  const { load, FAILSAFE_SCHEMA } = await import('js-yaml');
  try {
    const tree = load(text, { schema: FAILSAFE_SCHEMA, maxAliases: mostAliases, maxDepth: 32 });
    if (!isTextTree(tree) || countNodes(tree) > mostNodes) return new Unusable('is too large');
    return tree;
  } catch (error) {
    return new Unusable(`is neither YAML nor JSON: ${explain(error)}`);
  }
}

function explain(error: unknown): string {
  if (!isYamlError(error)) return 'it cannot be read';
  const { reason, mark } = error;
  return mark === undefined
    ? reason
    : `${reason} in line ${mark.line + 1}, column ${mark.column + 1}`;
}

interface YamlError {
  readonly reason: string;
  /** Both from 0. */
  readonly mark?: { readonly line: number; readonly column: number };
}

function isYamlError(error: unknown): error is YamlError {
  return error instanceof Error && 'reason' in error && typeof error.reason === 'string';
}

function isTextTree(value: unknown): value is TextTree {
  if (typeof value === 'string') return true;
  return typeof value === 'object' && value !== null && Object.values(value).every(isTextTree);
}

// Stops at the bound: what aliases stand for is counted each time it is used.
function countNodes(tree: TextTree, counted = 0): number {
  if (counted > mostNodes || typeof tree === 'string') return counted + 1;
  return Object.values(tree).reduce<number>((sum, each) => countNodes(each, sum), counted + 1);
}
