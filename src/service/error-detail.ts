import { beginning, stripInvisible } from '../text.ts';
import { isList, isMapping, parseJson, type Json } from './json.ts';

// What any error has to say is in its beginning; a gateway's page may be of any length.
const maxBody = 64 * 1024;

/**
 * What an error body says. No shape is documented, so the usual places are tried, else it is the
 * first line of the text. Foreign text of any length, secrets included.
 */
export function errorDetail(body: string): string {
  if (isHtml(body)) return 'an HTML page';
  const found = body.length > maxBody ? '' : detailOf(parseJson(body));
  return stripInvisible(found || firstLine(beginning(body, maxBody)));
}

/** Whether the body of an answer is a web page. */
export function isHtml(body: string): boolean {
  return /^\s*<(?:!doctype|html|head|body)\b/i.test(beginning(body, 1_000));
}

function detailOf(body: unknown): string {
  if (!isMapping(body)) return '';
  const { error, errors } = body;
  const nested = isMapping(error) ? error : { message: error };
  const message = asText(nested['message']) || asText(body['message']);
  const list = (isList(errors) ? errors : [])
    .map((member) => asText(isMapping(member) ? member['message'] : member))
    .filter((text) => text !== '')
    .join('; ');
  const said = [message, list].filter((text) => text !== '').join(': ');
  return said || asText(nested['code']) || asText(body['code']);
}

function asText(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}

function firstLine(text: string): string {
  const lines = text.split(/[\r\n]/).map((line) => line.trim());
  return lines.find((line) => line !== '') ?? 'no explanation was given';
}
