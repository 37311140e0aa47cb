import { isMapping, parseJson } from '../service/json.ts';
import type { Json, JsonMapping } from '../service/sign.ts';
import type { Line } from './lines.ts';

/** What a container reports of its work, gathered from its log. */
export interface ContainerResults {
  readonly take: (line: Line, runNumber: number) => void;
  /** Merged, the last one of a key from the newest run that has it; null where there is none. */
  readonly all: () => JsonMapping | null;
}

interface Reported {
  readonly value: Json;
  readonly size: number;
  readonly runNumber: number;
}

// Outputs of a step hold about 1 MB in all.
const maxCharacters = 100_000;

/** @param onBad told why a line is of no use */
export function createContainerResults(onBad: (why: string) => void): ContainerResults {
  const members = new Map<string, Reported>();
  let size = 0;

  const put = (key: string, value: Json, runNumber: number) => {
    const before = members.get(key);
    if (before !== undefined && before.runNumber > runNumber) return;
    const own = key.length + JSON.stringify(value).length;
    const newSize = size - (before?.size ?? 0) + own;
    if (newSize > maxCharacters) {
      onBad(`its results have more than ${maxCharacters / 1000} KB in all`);
      return;
    }
    size = newSize;
    members.set(key, { value, size: own, runNumber });
  };

  return {
    take: ({ text }, runNumber) => {
      const [, json] = /^\s*dispersed-output:([^]*)$/.exec(text) ?? [];
      if (json === undefined) return;
      const report = parseJson(json);
      if (!isMapping(report)) onBad('what follows is not a JSON object');
      else for (const [key, value] of Object.entries(report)) put(key, value ?? null, runNumber);
    },
    // Not by assignment: a key may be called `__proto__`.
    all: () =>
      members.size === 0
        ? null
        : Object.fromEntries([...members].map(([key, { value }]) => [key, value])),
  };
}
