import { parseJson } from './json.ts';

/** Takes the next piece of a text and gives what is to be kept of it. */
export type Filter = (piece: string) => string;

/** An object or an array that is open. */
interface Level {
  readonly isObject: boolean;
  /** The member that is cut out, or within it. */
  readonly isCut: boolean;
  key: string;
  awaitsKey: boolean;
}

const maxKey = 100;
const structural = /["{}[\],:]/g;

/**
 * Cuts the text of one member out of a resource in JSON that comes in pieces, so that a text of
 * any size takes no memory: in what is kept, the member is null. A string is told as it comes, an
 * array of strings as lines. The resource may come bare or as the member `data`.
 */
export function cutMember(name: string, onText: (text: string) => void): Filter {
  const levels: Level[] = [];
  const cutText = joinTexts(onText);
  let held = '';
  let kept = '';
  let key = '';
  let reading: 'key' | 'value' | 'cut' | null = null;

  const isCutting = () => levels.at(-1)?.isCut ?? false;
  const keep = (text: string) => {
    if (!isCutting()) kept += text;
  };

  const openString = () => {
    const level = levels.at(-1);
    const isElement = level?.isCut === true && !levels.at(-2)?.isCut;
    if (level?.awaitsKey) reading = 'key';
    else reading = isElement || isWanted(levels, name) ? 'cut' : 'value';
    key = '';
    if (reading !== 'cut') keep('"');
    else cutText.begin();
  };
  const readString = (raw: string) => {
    if (reading === 'cut') cutText.add(raw);
    else keep(raw);
    if (reading === 'key' && key.length < maxKey) key += raw;
  };
  const closeString = () => {
    if (reading === 'cut') {
      cutText.end();
      keep('null');
    } else keep('"');
    const level = levels.at(-1);
    if (reading === 'key' && level) level.key = key;
    reading = null;
  };

  const open = (isObject: boolean) => {
    const isTop = !isObject && !isCutting() && isWanted(levels, name);
    keep(isTop ? 'null' : isObject ? '{' : '[');
    levels.push({ isObject, isCut: isTop || isCutting(), key: '', awaitsKey: isObject });
  };
  const close = (char: string) => {
    keep(char);
    levels.pop();
  };
  const mark = (char: string) => {
    keep(char);
    const level = levels.at(-1);
    if (level?.isObject) level.awaitsKey = char === ',';
  };

  const takeStructure = (char: string) => {
    if (char === '"') openString();
    else if (char === '{' || char === '[') open(char === '{');
    else if (char === '}' || char === ']') close(char);
    else mark(char);
  };

  return (piece) => {
    const text = held + piece;
    let at = 0;
    held = '';
    kept = '';
    while (at < text.length) {
      if (reading === null) {
        structural.lastIndex = at;
        const found = structural.exec(text);
        keep(text.slice(at, found?.index));
        if (found === null) break;
        takeStructure(found[0]);
        at = found.index + 1;
      } else {
        const { end, isClosed } = endOfString(text, at);
        readString(text.slice(at, end));
        if (isClosed) closeString();
        else held = text.slice(end);
        at = isClosed ? end + 1 : text.length;
      }
    }
    return kept;
  };
}

/** Whether the value that begins is the one to cut out. */
function isWanted(levels: readonly Level[], name: string): boolean {
  const [outer, inner] = levels;
  if (!outer?.isObject || levels.length > 2) return false;
  if (inner === undefined) return outer.key === name;
  return outer.key === 'data' && inner.isObject && inner.key === name;
}

const quote = 0x22;
const backslash = 0x5c;
const letterU = 0x75;

/** Where a string ends, or up to where it is certain that no escape is cut in two. */
function endOfString(text: string, from: number): { end: number; isClosed: boolean } {
  let at = from;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === quote) return { end: at, isClosed: true };
    const length = code !== backslash ? 1 : text.charCodeAt(at + 1) === letterU ? 6 : 2;
    if (at + length > text.length) break;
    at += length;
  }
  return { end: at, isClosed: false };
}

/** Puts the raw insides of JSON strings together as lines of one text. */
function joinTexts(onText: (text: string) => void) {
  let isFirst = true;
  let endsLine = false;
  let half = '';
  return {
    begin: () => {
      if (!isFirst && !endsLine) onText('\n');
      isFirst = false;
      endsLine = false;
    },
    add: (raw: string) => {
      const parsed = parseJson(`"${raw}"`);
      const text = half + (typeof parsed === 'string' ? parsed : raw);
      // An emoji may come as two escapes, in two pieces.
      half = /[\ud800-\udbff]$/.exec(text)?.[0] ?? '';
      if (text.length > half.length) onText(text.slice(0, text.length - half.length));
      if (text !== '') endsLine = text.endsWith('\n');
    },
    end: () => {
      if (half !== '') onText(half);
      half = '';
    },
  };
}
