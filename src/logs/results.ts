import { isMapping, parseJson, type Json, type JsonMapping } from '../service/json.ts';

const marker = 'dispersed-output:';
// Linux takes no environment variable above 128 KiB, and scripts read outputs from there.
const maxBytes = 100_000;
// eslint-disable-next-line no-control-regex
const colors = /\u001b\[[\d;]*m/g;
const maxLineLength = 1_000_000;
const notUsable = 'not a JSON object of at most 1 MB';

/** What the container reports in the log of one run, on lines `dispersed-output: {"key": value}`. */
export function createRunResults() {
  const members = new Map<string, { readonly value: Json; readonly size: number }>();
  let size = 0;
  const tooLarge = new Set<string>();
  let unreadable = new Set<string>();

  const put = (key: string, value: Json) => {
    const own = Buffer.byteLength(key + JSON.stringify(value));
    const newSize = size - (members.get(key)?.size ?? 0) + own;
    if (newSize > maxBytes) {
      tooLarge.add(
        `“${key.slice(0, 60)}” exceeds the limit of ${maxBytes / 1000} KB for the results of a job`,
      );
      return;
    }
    size = newSize;
    members.set(key, { value, size: own });
  };
  return {
    /** Takes what a text of the log reports: texts may repeat and rewrite each other. */
    take: (text: string) => {
      unreadable = new Set();
      const plain = text.includes(marker) ? text.replaceAll(colors, '') : '';
      for (const json of reportsIn(plain)) {
        const reported = parseReport(json);
        if (reported === undefined) unreadable.add(`“${json.trim().slice(0, 60)}” is ${notUsable}`);
        else for (const [key, value] of Object.entries(reported)) put(key, value ?? null);
      }
    },
    /** The last value of each key; null where there is none. */
    all: (): JsonMapping | null => {
      // Not by assignment: a key may be called `__proto__`.
      const values = [...members].map(([key, { value }]) => [key, value] as const);
      return values.length === 0 ? null : Object.fromEntries(values);
    },
    /** What could not be used: of all texts what is too large, of the last one what cannot be read. */
    problems: (): readonly string[] => [...tooLarge, ...unreadable],
  };
}

/** Numbers that JavaScript would write otherwise stay as they were written. */
function parseReport(json: string): JsonMapping | undefined {
  if (json.length > maxLineLength || !isMapping(parseJson(json))) return undefined;
  const value = JSON.parse(json, (_, member, { source = '' }) =>
    typeof member === 'number' && String(member) !== source ? JSON.rawJSON(source) : member,
  );
  return isMapping(value) ? value : undefined;
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
