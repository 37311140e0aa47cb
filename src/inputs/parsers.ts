import type { ReadyCheck } from '../jobs/records.ts';
import { isUuid } from '../service/schemas.ts';
import { invalid, quote, type Parse } from './tree.ts';

export const text: Parse<string> = (given) => {
  if (typeof given === 'string') return given;
  throw invalid(
    given === null
      ? "cannot be null: leave it out to use the recipe's value"
      : 'must be a single value, not a list or a mapping',
  );
};

/** A parser of single values; `read` gets their text without white space around it. */
export function fromText<T>(read: (text: string) => T): Parse<T> {
  return (given) => read(text(given).trim());
}

/** A parser of the texts that `read` gives a value for; `problem` is the error of all others. */
export function textThat<T>(problem: string, read: (text: string) => T | undefined): Parse<T> {
  return fromText((given) => {
    const value = read(given);
    if (value === undefined) throw invalid(`${quote(given)} ${problem}`);
    return value;
  });
}

export function textLike(form: RegExp, problem: string): Parse<string> {
  return textThat(problem, (given) => (form.test(given) ? given : undefined));
}

/** `null` or `~` for the API's null, else what the parser takes. */
export function orNull<T>(parse: Parse<T>): Parse<T | null> {
  return (given) =>
    given === null || (typeof given === 'string' && given.trim() === '~') ? null : parse(given);
}

export const line = fromText((given) => {
  if (/[\r\n]/.test(given)) throw invalid('must be a single line');
  return given;
});

/** The first line of a text, such as a commit message, that is not blank; undefined if all are. */
export const firstLine = fromText((given) => given.split(/[\r\n]/)[0]?.trimEnd() || undefined);

export const flag = textThat('is neither true nor false', (given) => {
  const word = given.toLowerCase();
  return word === 'true' || (word === 'false' ? false : undefined);
});

/** A whole SHA of a commit: SHA-1 or SHA-256. */
export const commitShaForm = /^[0-9a-f]{40}(?:[0-9a-f]{24})?$/;

export function oneOf<const Words extends readonly string[]>(words: Words): Parse<Words[number]> {
  return textThat(`is not one of ${words.join(', ')}`, (given): Words[number] | undefined =>
    words.find((word) => word === given),
  );
}

export const number = textThat('is not a number of 0 or more', (given) =>
  /^\d{1,15}(?:\.\d{1,9})?$/.test(given) ? Number(given) : undefined,
);

export const usd = textThat(
  'is not an amount in USD of more than 0, such as 0.50 or 12',
  (given) => (/^\d{1,9}(?:\.\d{1,6})?$/.test(given) && Number(given)) || undefined,
);

/** A whole number from `min` to `max`. */
export function whole(min: number, max = 1_000_000_000_000, hint = ''): Parse<number> {
  const range = max < 1_000_000 ? `from ${min} to ${max}` : `of ${min} or more`;
  return textThat(`is not a whole number ${range}${hint}`, (given) => {
    const value = /^\d{1,13}$/.test(given) ? Number(given) : Number.NaN;
    return value >= min && value <= max ? value : undefined;
  });
}

/** A UUID in lower case: the only thing that ever becomes part of a path. */
export const uuid = fromText((given) => {
  if (isUuid(given)) return given.toLowerCase();
  // The runner masks a secret in the wrong input, but no part of it.
  const shown = /^[\w.-]{0,60}$/.test(given) ? quote(given) : 'the value';
  throw invalid(`${shown} is not a UUID such as 01a0114e-e7f8-4e76-a07a-f09fca41e2be`);
});

const unitMs = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000 } as const;
const maxDurationMs = 365 * unitMs.d;

/** Milliseconds of a duration such as `1h30m`, of a year at most; undefined for anything else. */
export function parseDuration(given: string): number | undefined {
  const match = /^(?:(\d{1,9})d)?(?:(\d{1,9})h)?(?:(\d{1,9})m)?(?:(\d{1,9})s)?$/.exec(given);
  if (match === null) return undefined;
  const [, days = 0, hours = 0, minutes = 0, seconds = 0] = match.map((part) => Number(part ?? 0));
  const ms = days * unitMs.d + hours * unitMs.h + minutes * unitMs.m + seconds * unitMs.s;
  return ms > 0 && ms <= maxDurationMs ? ms : undefined;
}

/** Milliseconds of a duration of at least `minMs`. */
export function duration(minMs: number = unitMs.s): Parse<number> {
  const form =
    'is not a duration from 1s to 365d: use numbers with units, such as 90s, 30m, 2h, 1h30m, or 1d';
  const parse = textThat(form, parseDuration);
  const min = minMs % unitMs.m === 0 ? `${minMs / unitMs.m}m` : `${minMs / unitMs.s}s`;
  return (given) => {
    const ms = parse(given);
    if (ms >= minMs) return ms;
    throw invalid(`${quote(text(given))} is too short: the minimum is ${min}`);
  };
}

export const pollInterval = textThat(
  'is neither auto nor a duration of 1s or more, such as 15s or 1m',
  (given) => (given === 'auto' ? given : parseDuration(given)),
);

// Printable ASCII but what ends a path or would need to be encoded.
const readyCheckForm =
  /^(\d{1,5})(\/[\u0021\u0024-\u003b\u003d\u003f-\u005b\u005d\u005f\u0061-\u007a\u007e%]*)?$/;

export const readyCheck = textThat(
  'is not a port of the container and a path, such as 8080/health',
  (given): ReadyCheck | undefined => {
    const [, digits, path = '/'] = readyCheckForm.exec(given) ?? [];
    const port = Number(digits);
    return port >= 1 && port <= 65_535 ? { port, path } : undefined;
  },
);
