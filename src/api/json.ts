import type { JsonMapping } from './sign.ts';

/** Parses JSON; `undefined`, which JSON cannot say, where the text is none. */
export function parseJson(body: string): unknown {
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return undefined;
  }
}

/** Whether a value of JSON's is a mapping; for what was parsed as JSON, or as a tree of its kind. */
export function isMapping(value: unknown): value is JsonMapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
