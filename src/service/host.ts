import type { Clock } from '../clock.ts';
import type { ServiceError } from '../errors.ts';

// Whether the host of `api-url` is an API at all. A host that has once answered as the API does is one:
// whatever comes from it later is a blip, of a gateway in front of it, say. Until then, an answer that
// no API gives says that the host is another one.

// The first may be that of a gateway that has a bad moment.
const maxForeign = 2;
// Pauses between tries grow to half a minute: so those that are repeated end within two minutes.
const maxSilenceMs = 90_000;

/**
 * Judges the errors of one host.
 * @param maxMs how long a host may be asked that has never answered, in ms
 */
export function createHost({ monotonicMs }: Clock, maxMs = maxSilenceMs) {
  let isApi = false;
  let foreign = 0;
  let firstSentMs = Infinity;
  return {
    /** A request is about to be sent. */
    asked: () => {
      firstSentMs = Math.min(firstSentMs, monotonicMs());
    },
    /** Whether it has answered as the API does. */
    isKnown: () => isApi,
    /** An answer was read that is the API's. */
    answered: () => {
      isApi = true;
    },
    /** The error as it is to be taken, by what the host has answered so far. */
    judge: (error: ServiceError): ServiceError => {
      if (isApi) return error.with({ isKnownHost: true });
      const isCook = error.request.startsWith('POST');
      if (error.isForeign && !isCook) {
        foreign += 1;
        const trouble = foreign >= maxForeign ? 'not-api' : 'unreadable';
        const status = error.status === undefined ? '' : `HTTP ${error.status}, `;
        const detail = `${status}${error.detail}`;
        return error.with({ trouble, status: undefined, detail });
      }
      const isLasting = error.status !== 429 && monotonicMs() - firstSentMs >= maxMs;
      return isLasting ? error.with({ isLasting }) : error;
    },
  };
}

export type Host = ReturnType<typeof createHost>;

// A gateway answers with pages of its own while the API behind it is away.
const gatewayStatuses = new Set([408, 429, 502, 503, 504]);

/** Whether no API answers so: with a web page, or by sending elsewhere. */
export function isForeignAnswer(status: number, isPage: boolean): boolean {
  return (status >= 300 && status < 400) || (isPage && !gatewayStatuses.has(status));
}
