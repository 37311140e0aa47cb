import type { Clock } from '../clock.ts';
import type { ServiceError } from '../errors.ts';
import { beginning, stripInvisible } from '../text.ts';
import { isList, isMapping, parseJson, type Json } from './json.ts';

// A host that has once answered as the API does is one: whatever comes from it later is a blip, of a
// gateway in front of it, say. Until then, an answer that no API gives says that it is another host.

// The first may be that of a gateway that has a bad moment.
const maxForeign = 2;
// Pauses between tries grow to half a minute: so those that are repeated end within two minutes.
const maxSilenceMs = 90_000;

export type Host = ReturnType<typeof createHost>;

/**
 * Judges the errors of one host.
 * @param maxMs how long a host may be asked that has never answered, in ms
 */
export function createHost({ monotonicMs }: Clock, maxMs = maxSilenceMs) {
  const beganAtMs = monotonicMs();
  let isApi = false;
  let foreign = 0;
  return {
    isKnown: () => isApi,
    answered: () => {
      isApi = true;
    },
    /** The error as it is to be taken, by what the host has answered so far. */
    judge: (error: ServiceError) => {
      if (isApi) return error.with({ isKnownHost: true });
      const isCook = error.request.startsWith('POST');
      if (error.isForeign && !isCook) {
        foreign += 1;
        const trouble = foreign >= maxForeign ? 'not-api' : 'unreadable';
        const status = error.status === undefined ? '' : `HTTP ${error.status}, `;
        return error.with({ trouble, status: undefined, detail: status + error.detail });
      }
      const isLasting = error.status !== 429 && monotonicMs() - beganAtMs >= maxMs;
      return isLasting ? error.with({ isLasting }) : error;
    },
  };
}

// A gateway answers with pages of its own while the API behind it is away.
const gatewayStatuses = new Set([408, 429, 502, 503, 504]);

/** Whether no API answers so: with a web page, or by sending elsewhere. */
export function isForeignAnswer(status: number, isPage: boolean): boolean {
  return (status >= 300 && status < 400) || (isPage && !gatewayStatuses.has(status));
}

export function isHtml(body: string): boolean {
  return /^\s*<(?:!doctype|html|head|body)\b/i.test(beginning(body, 1_000));
}

// What any error has to say is in its beginning; a gateway's page may be of any length.
const maxBody = 64 * 1024;

/**
 * What an error body says. No shape is documented, so the usual places are tried, else it is the
 * first line of the text. Foreign text of any length, secrets included.
 */
export function errorDetail(body: string): string {
  if (isHtml(body)) return 'an HTML page';
  const said = body.length > maxBody ? '' : detailOf(parseJson(body));
  const [firstLine] = beginning(body, maxBody)
    .trim()
    .split(/[\r\n]/);
  return stripInvisible(said || firstLine?.trim() || 'no explanation was given');
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
