import * as z from 'zod/mini';
import { isUuid } from '../dispersed/schemas.ts';
import { durationForm, parseDuration } from './durations.ts';

// One schema a kind of input. Each takes the input's text and gives its value; the message of a
// failure says what was given and what is accepted.

/** Shows what was given, in one short line. */
export function quote(text: string): string {
  const longest = 80;
  return JSON.stringify(text.length > longest ? `${text.slice(0, longest)}…` : text);
}

/** A schema from a function that gives a value, or a `Wrong` with the sentence for the user. */
function textTo<T>(parse: (text: string) => T | Wrong) {
  return z.pipe(
    z.string(),
    z.transform((text, context): T => {
      const value = parse(text);
      if (!(value instanceof Wrong)) return value;
      context.issues.push({ code: 'custom', message: value.message, input: text });
      return z.NEVER;
    }),
  );
}

class Wrong extends Error {}

export const line = textTo((text) =>
  /[\r\n]/.test(text) ? new Wrong('has several lines; it must be one') : text,
);

export const flag = textTo((text) => {
  if (/^true$/i.test(text)) return true;
  if (/^false$/i.test(text)) return false;
  return new Wrong(`${quote(text)} is neither true nor false`);
});

export const duration = textTo(
  (text) =>
    parseDuration(text) ?? new Wrong(`${quote(text)} is not a duration: write ${durationForm}`),
);

export const pollInterval = textTo((text) => {
  if (text === 'auto') return 'auto';
  const ms = parseDuration(text);
  if (ms !== undefined) return ms;
  return new Wrong(
    `${quote(text)} is neither auto nor a duration of 1s or more, such as 15s or 1m`,
  );
});

/** One of the words, to the letter. */
export function oneOf<const Words extends readonly string[]>(words: Words) {
  return textTo((text): Words[number] | Wrong => {
    const word = words.find((each) => each === text);
    return word ?? new Wrong(`${quote(text)} is not one of ${words.join(', ')}`);
  });
}

/** An API key: it goes into a header, or is the key of a signature. Its value is never shown. */
export const apiKey = textTo((text) => {
  if (text === '') {
    return new Wrong(
      'is empty. Pass it from a secret; workflows that a pull request from a fork starts get none',
    );
  }
  return /^[\u0021-\u007e]+$/.test(text)
    ? text
    : new Wrong(
        'holds white space or other characters no key has; was it copied whole, in one line?',
      );
});

const loopbackHosts = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

export const apiUrl = textTo((text) => {
  const url = URL.parse(text);
  if (url === null) return new Wrong('is not a URL; the service is at https://api.dispersed.com');
  if (url.username !== '' || url.password !== '') {
    return new Wrong('holds a user name or password; the keys have inputs of their own');
  }
  const isLoopback = loopbackHosts.test(url.hostname);
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback)) {
    return new Wrong(`${quote(text)} is not https (http is accepted for loopback addresses only)`);
  }
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '') {
    return new Wrong(
      `${quote(text)} has more than a host: write it without path, query and fragment`,
    );
  }
  return url;
});

/** Recipe UUIDs, one a line; in lower case. */
export const recipeLines = textTo((text) => {
  const lines = text
    .split(/\r\n|\r|\n/)
    .map((each) => each.trim())
    .filter((each) => each !== '');
  if (lines.length === 0)
    return new Wrong('is missing: give the UUID of a recipe, or several, one a line');
  const bad = lines.find((each) => !isUuid(each));
  return bad === undefined
    ? lines.map((each) => each.toLowerCase())
    : new Wrong(`${quote(bad)} is not a UUID such as 01a0114e-e7f8-4e76-a07a-f09fca41e2be`);
});
