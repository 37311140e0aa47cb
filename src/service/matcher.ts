/** Where something was found in a text, from the first character to before the last. */
export type Span = readonly [from: number, to: number];

/** Finds many patterns in a text at once. */
export interface Matcher {
  /** How many characters its patterns have together, at most. */
  readonly size: number;
  readonly patterns: readonly string[];
  /**
   * Where patterns stand in a text, in order, those that touch as one. Takes time in proportion to
   * the text, whatever it says and however many patterns there are.
   */
  readonly find: (text: string) => readonly Span[];
}

interface Node {
  readonly depth: number;
  /** Most have one child alone: a map for each would take gigabytes. */
  code: number;
  child: Node | null;
  others: Map<number, Node> | null;
  /** Where to go on when nothing follows: the longest end of this that begins a pattern. */
  back: Node | null;
  /** Length of the longest pattern that ends here; 0 if none does. */
  longest: number;
  /** Length of the shortest pattern that begins like this. */
  shortest: number;
}

// A shorter beginning of a pattern may well be that of something else.
const minCut = 8;

/**
 * Aho and Corasick's way: one walk over the text, for one after the other would take as long as
 * there are patterns.
 */
export function createMatcher(patterns: readonly string[]): Matcher {
  const root = newNode(0);
  for (const pattern of patterns) add(root, pattern);
  linkBack(root);
  return {
    size: patterns.reduce((sum, { length }) => sum + length, 0),
    patterns,
    find: (text) => find(root, text),
  };
}

function newNode(depth: number): Node {
  return { depth, code: -1, child: null, others: null, back: null, longest: 0, shortest: Infinity };
}

function childOf(node: Node, code: number): Node | undefined {
  return node.code === code && node.child !== null ? node.child : node.others?.get(code);
}

function add(root: Node, pattern: string): void {
  let node = root;
  for (let at = 0; at < pattern.length; at += 1) {
    const code = pattern.charCodeAt(at);
    node = childOf(node, code) ?? addChild(node, code);
    node.shortest = Math.min(node.shortest, pattern.length);
  }
  node.longest = pattern.length;
}

function addChild(node: Node, code: number): Node {
  const child = newNode(node.depth + 1);
  if (node.child === null) [node.code, node.child] = [code, child];
  else (node.others ??= new Map<number, Node>()).set(code, child);
  return child;
}

// Level by level, so that where a node goes back to is linked before it.
function linkBack(root: Node): void {
  const queue: Node[] = [root];
  for (const node of queue) {
    const link = (child: Node, code: number) => {
      child.back = node.back === null ? root : step(root, node.back, code);
      child.longest ||= child.back.longest;
      queue.push(child);
    };
    if (node.child !== null) link(node.child, node.code);
    node.others?.forEach(link);
  }
}

function step(root: Node, from: Node, code: number): Node {
  let node = from;
  for (;;) {
    const next = childOf(node, code);
    if (next !== undefined) return next;
    if (node.back === null) return root;
    node = node.back;
  }
}

function find(root: Node, text: string): readonly Span[] {
  const spans: Span[] = [];
  let node = root;
  for (let at = 0; at < text.length; at += 1) {
    if (isHalf(node) && isCutAt(text, at)) push(spans, at - node.depth, at);
    node = step(root, node, text.charCodeAt(at));
    if (node.longest > 0) push(spans, at + 1 - node.longest, at + 1);
  }
  if (isHalf(node)) push(spans, text.length - node.depth, text.length);
  return spans;
}

// Who cuts a text may cut a secret in it.
function isHalf({ depth, shortest }: Node): boolean {
  return depth >= minCut && 2 * depth >= shortest;
}

function isCutAt(text: string, at: number): boolean {
  return text.startsWith('…', at) || text.startsWith('...', at);
}

function push(spans: Span[], from: number, to: number): void {
  let start = from;
  for (let last = spans.at(-1); last !== undefined && last[1] >= from; last = spans.at(-1)) {
    start = Math.min(start, last[0]);
    spans.pop();
  }
  spans.push([start, to]);
}
