import type { Json, JsonMapping } from './sign.ts';

// Far more than anything the service has to say, and far from where parsing takes gigabytes.
const maxDepth = 64;
const maxMembers = 1_000_000;

/**
 * Parses JSON; `undefined`, which JSON cannot say, where the text is none, or is nested deeper or
 * has more members than anyone could mean.
 */
export function parseJson(body: string): unknown {
  try {
    return isModest(body) ? (JSON.parse(body) as unknown) : undefined;
  } catch {
    return undefined;
  }
}

// What Node's `JSON` has and TypeScript's does not know of yet.
declare global {
  interface JSON {
    parse(
      text: string,
      revive: (key: string, value: unknown, context: { readonly source?: string }) => unknown,
    ): unknown;
    rawJSON(text: string): Json;
    isRawJSON(value: unknown): boolean;
  }
}

/** As {@link parseJson}, but integers that JavaScript would round are sent on as they were written. */
export function parseExactJson(body: string): unknown {
  // A look for them is cheap, and takes ten times as long for each value.
  if (!/\d{16}/.test(body)) return parseJson(body);
  try {
    return isModest(body) ? JSON.parse(body, reviveExactly) : undefined;
  } catch {
    return undefined;
  }
}

function reviveExactly(_: string, value: unknown, { source = '' }: { source?: string }): unknown {
  const isRounded = typeof value === 'number' && !Number.isSafeInteger(value);
  const isChanged = isRounded && /^-?\d+$/.test(source) && String(value) !== source;
  return isChanged ? JSON.rawJSON(source) : value;
}

/** Whether a value of JSON's is a mapping; for what was parsed as JSON, or as a tree of its kind. */
export function isMapping(value: unknown): value is JsonMapping {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject && !JSON.isRawJSON(value);
}

/** Whether a value of JSON's is a list: `Array.isArray` alone does not narrow a read-only array. */
export function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;

/** Whether a text, if it is JSON, is within the bounds: looked at before anything is made of it. */
function isModest(text: string): boolean {
  let depth = 0;
  let members = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === quote) at = endOfString(text, at);
    else if (code === comma) members += 1;
    else if (isOpening(code)) [depth, members] = [depth + 1, members + 1];
    else if (isClosing(code)) depth -= 1;
    if (depth > maxDepth || members > maxMembers) return false;
  }
  return true;
}

/** Where a string ends that begins at a quote. A log is one of 64 MiB: looked at by what is fastest. */
function endOfString(text: string, from: number): number {
  for (let at = text.indexOf('"', from + 1); at >= 0; at = text.indexOf('"', at + 1)) {
    let slashes = 0;
    while (text.charCodeAt(at - 1 - slashes) === backslash) slashes += 1;
    if (slashes % 2 === 0) return at;
  }
  return text.length;
}

function isOpening(code: number): boolean {
  return code === 0x5b || code === 0x7b;
}

function isClosing(code: number): boolean {
  return code === 0x5d || code === 0x7d;
}
