/** Any value that JSON can carry. */
export type Json = string | number | boolean | null | readonly Json[] | JsonMapping;

/** A mapping of JSON's; an undefined member is left out. */
export type JsonMapping = { readonly [key: string]: Json | undefined };

// What walks such a value may call itself for each level.
const maxDepth = 100;

/** Parses JSON; `undefined`, which JSON cannot say, where the text is none or is nested too deeply. */
export function parseJson(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return isDeeper(value, maxDepth) ? undefined : value;
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
export function parseExactJson(text: string): unknown {
  return parseJson(text) === undefined ? undefined : JSON.parse(text, reviveExactly);
}

function reviveExactly(_: string, value: unknown, { source = '' }: { source?: string }): unknown {
  const isRounded = typeof value === 'number' && !Number.isSafeInteger(value);
  const isChanged = isRounded && /^-?\d+$/.test(source) && String(value) !== source;
  return isChanged ? JSON.rawJSON(source) : value;
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((member) => isDeeper(member, levels - 1));
}

/** Whether a value of JSON's is a mapping; for what was parsed as JSON, or as a tree of its kind. */
export function isMapping(value: unknown): value is JsonMapping {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject && !JSON.isRawJSON(value);
}

/** A value of JSON's as a number; null where it is none. */
export function asNumber(value: Json | undefined): number | null {
  return typeof value === 'number' ? value : null;
}

/** Whether a value of JSON's is a list: `Array.isArray` alone does not narrow a read-only array. */
export function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}
