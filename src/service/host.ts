import type { Clock } from '../clock.ts';
import type { ServiceError } from '../errors.ts';
import { beginning, stripInvisible } from '../text.ts';
import { isMapping, parseJson } from './json.ts';

// A host that has once answered as the API does is one: whatever comes from it later is a blip, of a
// gateway in front of it, say. Until then, an answer that no API gives says that it is another host.

// The first may be that of a gateway that has a bad moment.
const maxForeign = 2;
// Pauses between tries grow to half a minute: so those that are repeated end within two minutes.
const maxSilenceMs = 90_000;

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
    /** The error with what it means, by what the host has answered so far. */
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

export function isHtml(body: string): boolean {
  return /^\s*<(?:!doctype|html|head|body)\b/i.test(beginning(body, 1_000));
}

// What any error has to say is in its beginning; a gateway's page may be of any length.
const maxBody = 64 * 1024;

/**
 * What an error body says: its message where it has one and no more, else the text. No shape is
 * documented, so the usual places are tried. Foreign text of any length, secrets included.
 */
export function errorDetail(body: string): string {
  if (isHtml(body)) return 'an HTML page';
  const text = beginning(body, maxBody).trim();
  const said = messageIn(parseJson(text)) || text.replaceAll(/\s+/g, ' ');
  return stripInvisible(said) || 'no explanation was given';
}

function messageIn(body: unknown): string | undefined {
  if (!isMapping(body) || 'errors' in body) return undefined;
  const { error, message } = body;
  const said = message ?? (isMapping(error) ? error['message'] : error);
  return typeof said === 'string' ? said : undefined;
}
