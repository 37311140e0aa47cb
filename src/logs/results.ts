import { isMapping, parseJson, type Json, type JsonMapping } from '../service/json.ts';

const marker = 'dispersed-output:';
// Outputs of a step hold about 1 MB in all.
const maxCharacters = 100_000;

/** What the container reports in the log of one run, on lines `dispersed-output: {"key": value}`. */
export function createRunResults() {
  const members = new Map<string, { readonly value: Json; readonly size: number }>();
  let size = 0;
  let problems = new Set<string>();

  const put = (key: string, value: Json) => {
    const own = key.length + JSON.stringify(value).length;
    const newSize = size - (members.get(key)?.size ?? 0) + own;
    if (newSize > maxCharacters) {
      problems.add(`its results have more than ${maxCharacters / 1000} KB in all`);
      return;
    }
    size = newSize;
    members.set(key, { value, size: own });
  };
  return {
    /** Takes what a text of the log reports: texts may repeat and rewrite each other. */
    take: (text: string) => {
      problems = new Set();
      for (const json of reportsIn(text)) {
        const reported = parseJson(json);
        if (!isMapping(reported)) problems.add('what follows is not a JSON object');
        else for (const [key, value] of Object.entries(reported)) put(key, value ?? null);
      }
    },
    /** The last value of each key; null where there is none. */
    all: (): JsonMapping | null => {
      // Not by assignment: a key may be called `__proto__`.
      const values = [...members].map(([key, { value }]) => [key, value] as const);
      return values.length === 0 ? null : Object.fromEntries(values);
    },
    /** Why lines of the last text were of no use. */
    problems: (): readonly string[] => [...problems],
  };
}

/** What follows the marker, where a line of a text begins with it. */
function* reportsIn(text: string) {
  for (let at = text.indexOf(marker); at >= 0; at = text.indexOf(marker, at + marker.length)) {
    let before = at - 1;
    while (text[before] === ' ' || text[before] === '\t') before -= 1;
    if (before >= 0 && text[before] !== '\n' && text[before] !== '\r') continue;
    const lineEnd = /[\r\n]/g;
    lineEnd.lastIndex = at;
    yield text.slice(at + marker.length, lineEnd.exec(text)?.index);
  }
}
