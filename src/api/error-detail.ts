import * as z from 'zod/mini';
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

/**
 * What an error body says, in one line. No shape is documented, so the usual places are tried;
 * else it is the first line of the text, which may be HTML.
 * @param hide takes out of it what must not be shown
 */
export function errorDetail(body: string, hide: (text: string) => string = (text) => text): string {
  const parsed = errorBodySchema.safeParse(parseJson(body));
  const found = parsed.success ? detailOf(parsed.data) : undefined;
  return hide((found ?? firstLine(body)).slice(0, 10_000)).slice(0, 500);
}

function detailOf(body: z.infer<typeof errorBodySchema>): string | undefined {
  const { error, errors } = body;
  const nested = typeof error === 'string' ? { code: null, message: error } : error;
  const list = errors?.map((each) => (typeof each === 'string' ? each : each.message)).join('; ');
  const message = nested?.message ?? body.message;
  const code = nested?.code ?? body.code;
  const parts = [message, list, message || list ? undefined : code];
  return parts.filter(Boolean).join(': ') || undefined;
}

function firstLine(body: string): string {
  const text = /<[a-z!]/i.test(body)
    ? body.replaceAll(/<(style|script)[^]*?<\/\1>|<[^>]*>/gi, ' ')
    : body;
  return (
    text
      .split(/[\r\n]/)
      .map((line) => line.trim())
      .find((line) => line !== '') ?? 'no explanation was given'
  );
}
