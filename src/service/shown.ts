import * as z from 'zod/mini';
import { cut } from '../text.ts';
import { isMapping } from './json.ts';
import type { Redactor } from './redactor.ts';
import { words } from './schemas.ts';

// The texts of an answer that are only shown, and how much of each is kept: they become outputs,
// of which a workflow job holds 1 MB. All others are compared, sent or used as they are.
const shownTexts: ReadonlyMap<string, number> = new Map([
  ['gpu_name', 200],
  ['name', 1_000],
  ['source_recipe_uuid', 100],
  ['status', 200],
  ['status_reason', 2_000],
  ['task', 200],
  ['title', 500],
]);

/**
 * Reads an answer through a schema, after noting the secrets that the service echoes in it, and
 * without secrets in what is shown of it, of which no more is kept than so much.
 */
export function readShown<S extends z.core.$ZodType>(
  schema: S,
  answer: unknown,
  redactor: Redactor,
): z.core.util.SafeParseResult<z.output<S>> {
  redactor.addBody(answer);
  return z.safeParse(schema, isMapping(answer) ? redactShown(answer, redactor) : answer);
}

// Of a server's address what it is called by. The host is used, and stays as it is: a value of the
// environment, such as a region, may well be a part of it.
const shownOfNodeUrls: ReadonlyMap<string, number> = new Map([
  ['description', 100],
  ['protocol', 100],
]);

function redactShown(answer: object, redactor: Redactor): object {
  const shown = redactTexts(answer, shownTexts, redactor);
  if (!('node_urls' in shown) || !Array.isArray(shown.node_urls)) return shown;
  const urls = shown.node_urls.map((url: unknown) =>
    isMapping(url) ? redactTexts(url, shownOfNodeUrls, redactor) : url,
  );
  return { ...shown, node_urls: urls };
}

function redactTexts(
  place: object,
  texts: ReadonlyMap<string, number>,
  { redact }: Redactor,
): object {
  const members = Object.entries(place).map(([key, value]: [string, unknown]) => {
    const maxLength = texts.get(key);
    // Statuses and tasks are compared.
    const isShown = typeof value === 'string' && maxLength !== undefined && !words.test(value);
    return [key, isShown ? cut(redact(value), maxLength) : value] as const;
  });
  return Object.fromEntries(members);
}
