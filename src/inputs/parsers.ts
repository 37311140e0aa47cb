import { closestMatch } from 'leven';
import * as z from 'zod/mini';
import { isUuid } from '../service/schemas.ts';
import { cut } from '../text.ts';

// One schema for each kind of value. Each takes text, from an input or from a scalar in YAML or
// JSON, and gives the value; the message of a failure says what was given and what is accepted.

/** A text that a parser does not accept; the message is a sentence for the user. */
export class InvalidValue extends Error {}

/** Shows a given text in one short line. Never to be used for secrets. */
export function quote(text: string): string {
  // A key in the wrong input.
  if (/\bsk_/.test(text)) return 'a secret key';
  // Half of a secret that the runner masks, it would not mask.
  const shown = cut(text, 60);
  return shown === '…' ? `a text of ${text.length} characters` : JSON.stringify(shown);
}

/** `; did you mean x?` for a word close to a known one, else nothing. */
export function suggest(word: string, known: readonly string[]): string {
  // A third of the letters: more would suggest `tag` for any three letters.
  const maxDistance = Math.min(4, Math.ceil(word.length / 3));
  const likely = closestMatch(word.toLowerCase(), known, { maxDistance });
  return likely === undefined ? '' : `; did you mean ${likely}?`;
}

const singleValue = {
  error: ({ input }: z.core.$ZodRawIssue) =>
    input === null
      ? "cannot be null: leave it out to use the recipe's value"
      : 'must be a single value, not a list or a mapping',
};

/** A schema from a function that gives a value, or {@link InvalidValue}. */
export function fromText<T>(parse: (text: string) => T | InvalidValue | Promise<T | InvalidValue>) {
  return z.pipe(
    z.string(singleValue),
    z.transform(async (given, context): Promise<T> => {
      const value = await parse(given);
      if (!(value instanceof InvalidValue)) return value;
      context.issues.push({ code: 'custom', message: value.message, input: given });
      return z.NEVER;
    }),
  );
}

/** Any text, verbatim. */
export const text = z.string(singleValue);

/** Text without line breaks. */
export const line = fromText((given) =>
  /[\r\n]/.test(given) ? new InvalidValue('must be a single line') : given,
);

export const flag = fromText((given) => {
  if (/^true$/i.test(given)) return true;
  if (/^false$/i.test(given)) return false;
  return new InvalidValue(`${quote(given)} is neither true nor false`);
});

/** One of the words, to the letter. */
export function oneOf<const Words extends readonly string[]>(words: Words) {
  return fromText((given): Words[number] | InvalidValue => {
    const word = words.find((each) => each === given);
    return word ?? new InvalidValue(`${quote(given)} is not one of ${words.join(', ')}`);
  });
}

/** A decimal number of at least `min`, fractions included. */
export function number(min: number) {
  return fromText((given) => {
    const value = /^\d{1,15}(?:\.\d{1,9})?$/.test(given) ? Number(given) : Number.NaN;
    return value >= min
      ? value
      : new InvalidValue(`${quote(given)} is not a number of ${min} or more`);
  });
}

/** An amount in US dollars, more than zero: digits and a point. */
export const usd = fromText((given) => {
  const value = /^\d{1,9}(?:\.\d{1,6})?$/.test(given) ? Number(given) : 0;
  if (value > 0) return value;
  return new InvalidValue(
    `${quote(given)} is not an amount in USD of more than 0, such as 0.50 or 12`,
  );
});

/** A whole number from `min` to `max`. */
export function whole(min: number, max = 1_000_000_000_000) {
  const range = max < 1_000_000 ? `from ${min} to ${max}` : `of ${min} or more`;
  return fromText((given) => {
    const value = /^\d{1,13}$/.test(given) ? Number(given) : Number.NaN;
    if (value >= min && value <= max) return value;
    return new InvalidValue(`${quote(given)} is not a whole number ${range}`);
  });
}

/** A whole number of milliseconds from `min`, as the API's own fields have it. */
export function milliseconds(min: number) {
  return fromText((given) => {
    const value = /^\d{1,13}$/.test(given) ? Number(given) : Number.NaN;
    if (value >= min) return value;
    const ms = parseDuration(given);
    const hint = ms === undefined ? '' : `; ${given} is ${ms}`;
    return new InvalidValue(
      `${quote(given)} is not a whole number of milliseconds of ${min} or more${hint}`,
    );
  });
}

/** A UUID in lower case: the only thing that ever becomes part of a path. */
export const uuid = fromText((given) =>
  isUuid(given) ? given.toLowerCase() : new InvalidValue(describeNonUuid(given)),
);

const uuidInside = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/i;

/** Says that a text is not a UUID. */
export function describeNonUuid(given: string): string {
  // The address of a page of the console. Nothing of it is shown but the UUID: it may hold a token.
  if (/^https?:\/\//i.test(given)) {
    const [found] = uuidInside.exec(given.slice(0, 2_000)) ?? [];
    const example =
      found === undefined
        ? 'such as 01a0114e-e7f8-4e76-a07a-f09fca41e2be'
        : `${found.toLowerCase()} here`;
    return `is an address: give the UUID only, ${example}`;
  }
  // A text that is no identifier may be anything, a secret in the wrong place included.
  const shown = /^[\w.-]{0,60}$/.test(given) ? quote(given) : 'the value';
  return `${shown} is not a UUID such as 01a0114e-e7f8-4e76-a07a-f09fca41e2be`;
}

/** `null` or `~` for the API's null, else what the schema takes. */
export function orNull<S extends z.core.$ZodType>(schema: S) {
  return z.pipe(
    z.nullable(z.string(singleValue)),
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

const unitMs = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000 } as const;

const maxDurationMs = 365 * unitMs.d;

/**
 * Milliseconds of a duration such as `1h30m`; undefined for anything else: a bare number, zero,
 * or more than a year.
 */
export function parseDuration(given: string): number | undefined {
  const match = /^(?:(\d{1,9})d)?(?:(\d{1,9})h)?(?:(\d{1,9})m)?(?:(\d{1,9})s)?$/.exec(given);
  if (match === null) return undefined;
  const [, days = 0, hours = 0, minutes = 0, seconds = 0] = match.map((part) => Number(part ?? 0));
  const ms = days * unitMs.d + hours * unitMs.h + minutes * unitMs.m + seconds * unitMs.s;
  return ms > 0 && ms <= maxDurationMs ? ms : undefined;
}

/** Milliseconds of a duration of at least `minMs`. */
export function duration(minMs: number = unitMs.s) {
  return fromText((given) => {
    const ms = parseDuration(given);
    if (ms === undefined) {
      return new InvalidValue(
        `${quote(given)} is not a duration: use a number with a unit, such as 90s, 30m, 2h, 1h30m or 1d`,
      );
    }
    if (ms >= minMs) return ms;
    const min = minMs % unitMs.m === 0 ? `${minMs / unitMs.m}m` : `${minMs / unitMs.s}s`;
    return new InvalidValue(`${quote(given)} is too short: the minimum is ${min}`);
  });
}

export const pollInterval = fromText((given) => {
  if (given === 'auto') return 'auto';
  return (
    parseDuration(given) ??
    new InvalidValue(
      `${quote(given)} is neither auto nor a duration of 1s or more, such as 15s or 1m`,
    )
  );
});
