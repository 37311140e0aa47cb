import * as z from 'zod/mini';
import { isUuid } from '../api/schemas.ts';
import { durationForm, formatMinimum, parseDuration } from './durations.ts';
import { regionCodes } from './regions.ts';
import { quote, suggest } from './wording.ts';

// One schema a kind of value. Each takes text, from an input or from a scalar in YAML or JSON, and
// gives the value; the message of a failure says what was given and what is accepted.

/** What a schema of this room says of a text it cannot use. */
export class Unusable extends Error {}

const oneValue = {
  error: ({ input }: z.core.$ZodRawIssue) =>
    input === null
      ? 'cannot be null: leave it out for the recipe’s'
      : 'must be a single value, not a list or a mapping',
};

/** A schema from a function that gives a value, or {@link Unusable} with the sentence for the user. */
export function textTo<T>(parse: (text: string) => T | Unusable | Promise<T | Unusable>) {
  return z.pipe(
    z.string(oneValue),
    z.transform(async (text, context): Promise<T> => {
      const value = await parse(text);
      if (!(value instanceof Unusable)) return value;
      context.issues.push({ code: 'custom', message: value.message, input: text });
      return z.NEVER;
    }),
  );
}

/** Any text, verbatim. */
export const text = z.string(oneValue);

/** Text without line breaks. */
export const line = textTo((given) =>
  /[\r\n]/.test(given) ? new Unusable('has several lines; it must be one') : given,
);

export const flag = textTo((given) => {
  if (/^true$/i.test(given)) return true;
  if (/^false$/i.test(given)) return false;
  return new Unusable(`${quote(given)} is neither true nor false`);
});

/** Milliseconds of a duration of at least `minMs`. */
export function duration(minMs = 1_000) {
  return textTo((given) => {
    const ms = parseDuration(given);
    if (ms === undefined) {
      return new Unusable(`${quote(given)} is not a duration: write ${durationForm}`);
    }
    if (ms >= minMs) return ms;
    return new Unusable(`${quote(given)} is too short: ${formatMinimum(minMs)} or more`);
  });
}

export const pollInterval = textTo((given) => {
  if (given === 'auto') return 'auto';
  return (
    parseDuration(given) ??
    new Unusable(`${quote(given)} is neither auto nor a duration of 1s or more, such as 15s or 1m`)
  );
});

/** One of the words, to the letter. */
export function oneOf<const Words extends readonly string[]>(words: Words) {
  return textTo((given): Words[number] | Unusable => {
    const word = words.find((each) => each === given);
    return word ?? new Unusable(`${quote(given)} is not one of ${words.join(', ')}`);
  });
}

/** A decimal number from `least` on, fractions included. */
export function number(least: number) {
  return textTo((given) => {
    const value = /^\d{1,15}(?:\.\d{1,9})?$/.test(given) ? Number(given) : Number.NaN;
    return value >= least ? value : new Unusable(`${quote(given)} is not a number from ${least}`);
  });
}

/** A whole number from `least` to `most`. */
export function whole(least: number, most = 1_000_000_000_000) {
  const range = most < 1_000_000 ? `from ${least} to ${most}` : `from ${least}`;
  return textTo((given) => {
    const value = /^\d{1,13}$/.test(given) ? Number(given) : Number.NaN;
    if (value >= least && value <= most) return value;
    return new Unusable(`${quote(given)} is not a whole number ${range}`);
  });
}

/** A UUID in lower case: the only thing that ever becomes part of a path. */
export const uuid = textTo((given) =>
  isUuid(given) ? given.toLowerCase() : new Unusable(sayNoUuid(given)),
);

/** Says that a text is no UUID. */
export function sayNoUuid(given: string): string {
  // A text that is no identifier may be anything, a secret put into the wrong place included.
  const shown = /^[\w.-]{0,60}$/.test(given) ? quote(given) : 'what was given';
  return `${shown} is not a UUID such as 01a0114e-e7f8-4e76-a07a-f09fca41e2be`;
}

/** `null` or `~` for the API's null, else what the schema takes. */
export function orNull<S extends z.core.$ZodType>(schema: S) {
  return z.pipe(
    z.nullable(z.string(oneValue)),
    z.transform(async (given, context): Promise<z.output<S> | null> => {
      if (given === null || given === '~') return null;
      const parsed = await z.safeParseAsync(schema, given);
      if (parsed.success) return parsed.data;
      for (const { message } of parsed.error.issues) {
        context.issues.push({ code: 'custom', message, input: given });
      }
      return z.NEVER;
    }),
  );
}

export const regionCode = textTo((given): string | Unusable => {
  const code = regionCodes.find((each) => each === given.toLowerCase());
  if (code !== undefined) return code;
  const hint = suggest(given, regionCodes) || '; write it like eu-west-1 or us-east-2';
  return new Unusable(`${quote(given)} is not a region of the service${hint}`);
});

/** A half of the API key: it goes into a header, or signs. Its value is never shown. */
function apiKey(half: string, otherStart: string, other: string) {
  return textTo((given) => {
    if (given === '') {
      return new Unusable(
        `is empty. Pass the ${half} key from a secret; workflows that a pull request from a fork starts get none`,
      );
    }
    if (!/^[\u0021-\u007e]+$/.test(given)) {
      return new Unusable(
        'holds white space or letters that no key has; was it copied whole, in one line?',
      );
    }
    if (!given.startsWith(otherStart)) return given;
    return new Unusable(
      `holds the ${other} key (${otherStart}…) where the ${half} one belongs; are the two swapped?`,
    );
  });
}

export const publicKey = apiKey('public', 'sk_', 'secret');
export const secretKey = apiKey('secret', 'pk_', 'public');

/** A token of GitHub's; it goes into a header. Its value is never shown. */
export const token = textTo((given) =>
  /^[\u0021-\u007e]+$/.test(given)
    ? given
    : new Unusable('holds white space or characters that no token has'),
);

const loopbackHosts = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

export const apiUrl = textTo((given) => {
  const url = URL.parse(given);
  if (url === null)
    return new Unusable('is not a URL; the service is at https://api.dispersed.com');
  if (url.username !== '' || url.password !== '') {
    return new Unusable('holds a user name or password; the keys have inputs of their own');
  }
  const isLoopback = loopbackHosts.test(url.hostname);
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback)) {
    // Not the whole: what follows the host may hold a key.
    const shown = quote(`${url.protocol}//${url.host}`);
    return new Unusable(`${shown} is not https; http is accepted for loopback addresses only`);
  }
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '') {
    return new Unusable('has more than a host; write it without path, query and fragment');
  }
  return url;
});
