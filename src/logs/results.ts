import { parseJson } from '../api/json.ts';
import type { Json, JsonMapping } from '../api/sign.ts';
import type { Line } from './lines.ts';

/** What a container reports of its work, gathered from its log. */
export interface Results {
  readonly take: (line: Line) => void;
  /** Merged, the last one of a key; null where none was reported. */
  readonly all: () => JsonMapping | null;
}

// Outputs of a step hold about 1 MB in all.
const maxCharacters = 100_000;
// Deeper ones could not be written down again.
const maxDepth = 64;

/** @param onBad told why a line is of no use */
export function createResults(onBad: (why: string) => void): Results {
  const members = new Map<string, { readonly value: Json; readonly size: number }>();
  let size = 0;

  const put = (key: string, value: Json) => {
    const own = key.length + JSON.stringify(value).length;
    const before = members.get(key)?.size ?? 0;
    if (size - before + own > maxCharacters) {
      onBad(`its results have more than ${maxCharacters / 1000} KB in all`);
      return;
    }
    size += own - before;
    members.set(key, { value, size: own });
  };

  return {
    take: ({ text }) => {
      const [, json] = /^\s*dispersed-output:([^]*)$/.exec(text) ?? [];
      if (json === undefined) return;
      const report = parseJson(json);
      if (!isMapping(report)) onBad('what follows is not a JSON object');
      else for (const [key, value] of Object.entries(report)) put(key, value ?? null);
    },
    // Not by assignment: a key may be called `__proto__`.
    all: () =>
      members.size === 0
        ? null
        : Object.fromEntries([...members].map(([key, { value }]) => [key, value])),
  };
}

// It was parsed as JSON, so only its kind and depth are in doubt.
function isMapping(value: unknown): value is JsonMapping {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    isShallow(value, maxDepth)
  );
}

function isShallow(value: object, levels: number): boolean {
  if (levels === 0) return false;
  return Object.values(value).every(
    (member: unknown) =>
      typeof member !== 'object' || member === null || isShallow(member, levels - 1),
  );
}
