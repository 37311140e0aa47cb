import * as z from 'zod/mini';
import { beginning, stripInvisible } from '../text.ts';
import { parseJson } from './json.ts';

const oddTextAsNull = z.catch(z.nullable(z.string()), null);

const errorBodySchema = z.object({
  error: z.catch(
    z.optional(z.union([z.string(), z.object({ code: oddTextAsNull, message: oddTextAsNull })])),
    undefined,
  ),
  message: oddTextAsNull,
  code: oddTextAsNull,
  errors: z.catch(
    z.optional(z.array(z.union([z.string(), z.object({ message: z.string() })]))),
    undefined,
  ),
});

// What any error has to say is in its beginning; a gateway's page may be of any length.
const maxBody = 64 * 1024;

/**
 * What an error body says. No shape is documented, so the usual places are tried, else it is the
 * first line of the text. Foreign text of any length, secrets included.
 */
export function errorDetail(body: string): string {
  if (isHtml(body)) return 'an HTML page';
  const parsed = errorBodySchema.safeParse(body.length > maxBody ? undefined : parseJson(body));
  const found = parsed.success ? detailOf(parsed.data) : undefined;
  return stripInvisible(found ?? firstLine(beginning(body, maxBody)));
}

/** Whether the body of an answer is a web page. */
export function isHtml(body: string): boolean {
  return /^\s*<(?:!doctype|html|head|body)\b/i.test(beginning(body, 1_000));
}

function detailOf(body: z.infer<typeof errorBodySchema>): string | undefined {
  const { error, errors } = body;
  const nested = typeof error === 'string' ? { code: null, message: error } : error;
  const list = errors
    ?.map((entry) => (typeof entry === 'string' ? entry : entry.message))
    .join('; ');
  const message = nested?.message ?? body.message;
  const code = nested?.code ?? body.code;
  const parts = [message, list, message || list ? undefined : code];
  return parts.filter(Boolean).join(': ') || undefined;
}

function firstLine(text: string): string {
  const lines = text.split(/[\r\n]/).map((line) => line.trim());
  return lines.find((line) => line !== '') ?? 'no explanation was given';
}
