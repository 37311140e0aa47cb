import * as z from 'zod/mini';
import { cut, stripInvisible } from '../text.ts';
import { isList, isMapping, type Json, type JsonMapping } from './json.ts';
import type { Client } from './client.ts';
import type { Redactor } from './redactor.ts';
import { knownWords } from './schemas.ts';

// The texts of an answer that are only shown, and how much of each is kept: they become outputs, of
// which a workflow job holds 1 MB. All others are compared, sent or used as they are.
const shownTexts: ReadonlyMap<string, number> = new Map([
  ['gpu_name', 200],
  ['name', 1_000],
  ['source_recipe_uuid', 100],
  ['status', 200],
  ['status_reason', 2_000],
  ['task', 200],
  ['title', 500],
]);
// In these the service may repeat what was sent. A GPU's name, say, is no secret though a variable
// of the environment has it as well.
const sentences = new Set(['status_reason', 'title']);
// Of a server's address what it is called by. The host is used, and stays as it is.
const shownOfNodeUrls: ReadonlyMap<string, number> = new Map([
  ['description', 100],
  ['protocol', 100],
]);

/**
 * Reads an answer, or a member of a list, through a schema, after noting the credentials in it.
 * What is shown of it has no secrets, and a bound.
 */
export function parseAnswer<S extends z.core.$ZodType>(
  { redactor, host }: Pick<Client, 'redactor' | 'host'>,
  schema: S,
  answer: unknown,
) {
  redactor.addEchoed(answer);
  const shown = isMapping(answer) ? redactShown(answer, redactor) : answer;
  const parsed = z.safeParse(schema, shown);
  if (parsed.success) host.answered();
  return parsed;
}

function redactShown(answer: JsonMapping, redactor: Redactor): JsonMapping {
  const shown = redactTexts(answer, shownTexts, redactor);
  const { node_urls: urls } = answer;
  if (!isList(urls)) return shown;
  const shownUrl = (url: Json) =>
    isMapping(url) ? redactTexts(url, shownOfNodeUrls, redactor) : url;
  return { ...shown, node_urls: urls.map(shownUrl) };
}

function redactTexts(
  place: JsonMapping,
  texts: ReadonlyMap<string, number>,
  { redact, redactServiceText }: Redactor,
): JsonMapping {
  const members = Object.entries(place).map(([key, value]) => {
    const maxLength = texts.get(key);
    // Statuses and tasks are compared.
    const isShown = typeof value === 'string' && maxLength !== undefined && !knownWords.test(value);
    if (!isShown) return [key, value] as const;
    const withoutSecrets = sentences.has(key) ? redactServiceText : redact;
    return [key, cut(withoutSecrets(stripInvisible(value)), maxLength)] as const;
  });
  return Object.fromEntries(members);
}
