import * as z from 'zod/mini';
import { cut, stripInvisible } from '../text.ts';
import { isList, isMapping, type Json, type JsonMapping } from './json.ts';
import type { Client } from './client.ts';
import type { Redactor } from './redactor.ts';
import { knownWords } from './schemas.ts';

// The texts of an answer that are only shown. All others are compared, sent or used as they are.
const shownTexts = new Set([
  'gpu_name',
  'name',
  'source_recipe_uuid',
  'status',
  'status_reason',
  'task',
  'title',
]);
// In these the service may repeat what was sent. A GPU's name, say, is no secret though a variable
// of the environment has it as well.
const sentences = new Set(['status_reason', 'title']);
// Of a server's address what it is called by. The host is used, and stays as it is.
const shownOfNodeUrls = new Set(['description', 'protocol']);
// They become outputs, of which a workflow job holds 1 MB.
const maxLength = { sentence: 2_000, other: 500 };

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
  shown: ReadonlySet<string>,
  { redact, redactServiceText }: Redactor,
): JsonMapping {
  const clean = (key: string, value: Json | undefined) => {
    // Statuses and tasks are compared.
    if (typeof value !== 'string' || !shown.has(key) || knownWords.test(value)) return value;
    const text = stripInvisible(value);
    if (sentences.has(key)) return cut(redactServiceText(text), maxLength.sentence);
    return cut(redact(text), maxLength.other);
  };
  return Object.fromEntries(Object.entries(place).map(([key, value]) => [key, clean(key, value)]));
}
