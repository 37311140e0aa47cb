import * as z from 'zod/mini';
import { cut, wholeWords } from '../text.ts';
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
const maxDetail = 500;

/**
 * What an error body says, in one line. No shape is documented, so the usual places are tried;
 * else it is the first line of the text, which may be HTML. Takes time in proportion to the
 * beginning of the body that is looked at.
 * @param hide takes out of it what must not be shown
 */
export function errorDetail(body: string, hide: (text: string) => string = (text) => text): string {
  const parsed = errorBodySchema.safeParse(body.length > maxBody ? undefined : parseJson(body));
  const found = parsed.success ? detailOf(parsed.data) : undefined;
  return cut(hide(found ?? firstLine(wholeWords(body, maxBody))), maxDetail);
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
  const text = /<[a-z!]/i.test(body) ? withoutTags(body) : body;
  return (
    text
      .split(/[\r\n]/)
      .map((line) => line.trim())
      .find((line) => line !== '') ?? 'no explanation was given'
  );
}

// What stands in them is not for people.
const hiddenElement = /<(style|script)/iy;

/** HTML without its tags. Not by an expression: one that may look ahead would do so at each `<`. */
function withoutTags(html: string): string {
  let text = '';
  for (let at = 0; at < html.length;) {
    const open = html.indexOf('<', at);
    if (open < 0) return text + html.slice(at);
    text += html.slice(at, open);
    hiddenElement.lastIndex = open;
    const [, element] = hiddenElement.exec(html) ?? [];
    const close = element === undefined ? open : endOfElement(html, element, open);
    const end = html.indexOf('>', close);
    if (end < 0) return element === undefined ? text + html.slice(open) : text;
    text += ' ';
    at = end + 1;
  }
  return text;
}

/** Where the closing tag begins; the end of the text where there is none. */
function endOfElement(html: string, element: string, from: number): number {
  const closing = new RegExp(`</${element}`, 'gi');
  closing.lastIndex = from;
  return closing.exec(html)?.index ?? html.length;
}
