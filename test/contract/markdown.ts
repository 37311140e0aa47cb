/** A link in a Markdown text: `[text](target)`, images included. */
export interface Link {
  /** Path relative to the file, empty for the file itself. */
  readonly path: string;
  /** Without `#`, empty where there is none. */
  readonly anchor: string;
}

/** The relative links of a text, code left out. */
export function relativeLinks(markdown: string): readonly Link[] {
  const targets = [...withoutCode(markdown).matchAll(/\]\(([^()\s]+)\)/g)];
  return targets
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/i.test(target))
    .map((target) => {
      const [path = '', anchor = ''] = target.split('#');
      return { path, anchor };
    });
}

/** The anchors that GitHub gives the headings of a text. */
export function anchorsOf(markdown: string): ReadonlySet<string> {
  const anchors = new Set<string>();
  const headings = withoutFences(markdown).matchAll(/^#{1,6} +(.+?) *$/gm);
  for (const [, heading = ''] of headings) {
    const plain = slug(heading);
    let anchor = plain;
    for (let again = 1; anchors.has(anchor); again += 1) anchor = `${plain}-${again}`;
    anchors.add(anchor);
  }
  return anchors;
}

/** The fenced blocks of a language, without the fences. */
export function fencedBlocks(markdown: string, language: string): readonly string[] {
  return [...markdown.matchAll(/^```(\w*)\n([^]*?)^```$/gm)]
    .filter(([, name]) => name === language)
    .map(([, , block = '']) => block);
}

/** Whether a block is a piece of a text, line for line, however far it is indented there. */
export function isPieceOf(block: string, text: string): boolean {
  const wanted = block.trimEnd().split('\n');
  const lines = text.split('\n');
  return lines.some((line, from) => {
    const indent = line.slice(0, line.length - line.trimStart().length);
    return wanted.every((each, at) => lines[from + at] === (each === '' ? '' : indent + each));
  });
}

function slug(heading: string): string {
  const text = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1');
  return text
    .toLowerCase()
    .replaceAll(/[^\p{Letter}\p{Number}\p{Mark}\p{Connector_Punctuation} -]/gu, '')
    .replaceAll(' ', '-');
}

function withoutFences(markdown: string): string {
  return markdown.replaceAll(/^```[^]*?^```$/gm, '');
}

function withoutCode(markdown: string): string {
  return withoutFences(markdown).replaceAll(/`[^`\n]*`/g, '');
}
