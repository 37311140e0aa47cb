/** Looks at a value and says what is wrong with it, each problem led by the field's name. */
export type Check = (value: unknown, field: string) => string[];

/** What `accepts` does not accept is a problem; `wants` says what would be accepted. */
export function rule(wants: string, accepts: (value: unknown) => boolean): Check {
  return (value, field) => (accepts(value) ? [] : [`${field}: must be ${wants}`]);
}

/** Any string. */
export const text = rule('a string', (value) => typeof value === 'string');

/** A number from `min` to `max`. */
export function number(min = -Infinity, max = Infinity): Check {
  const least = min === -Infinity ? '' : ` of at least ${min}`;
  return rule(
    `a number${least}`,
    (value) => typeof value === 'number' && value >= min && value <= max,
  );
}

/** One of the given texts. */
export function oneOf(allowed: readonly string[]): Check {
  return rule(`one of ${allowed.join(', ')}`, (value) => allowed.some((one) => one === value));
}

/** Null, or what `check` accepts. */
export function orNull(check: Check): Check {
  return (value, field) => (value === null ? [] : check(value, field));
}

/** A list of at most `max` items. */
export function listOf(check: Check, max = Infinity): Check {
  return (value, field) => {
    if (!Array.isArray(value)) return [`${field}: must be a list`];
    if (value.length > max) return [`${field}: must have at most ${max} items`];
    return value.flatMap((item, index) => check(item, `${field}[${index}]`));
  };
}

/** An object with any keys. */
export function mapOf(check: Check): Check {
  return (value, field) => {
    if (!isObject(value)) return [`${field}: must be an object`];
    return Object.entries(value).flatMap(([key, item]) => check(item, `${field}.${key}`));
  };
}

/** An object with some of these keys, no other ones, and all the `needed`. */
export function shape(checks: Readonly<Record<string, Check>>, needed: string[] = []): Check {
  const known = new Map(Object.entries(checks));
  return (value, field) => {
    if (!isObject(value)) return [`${field || 'body'}: must be an object`];
    const missing = needed.filter((key) => !Object.hasOwn(value, key));
    return [
      ...missing.map((key) => `${inside(field, key)}: is needed`),
      ...Object.entries(value).flatMap(([key, item]) =>
        (known.get(key) ?? unknownField)(item, inside(field, key)),
      ),
    ];
  };
}

function unknownField(_value: unknown, field: string): string[] {
  return [`${field}: unknown field`];
}

function inside(field: string, key: string): string {
  return field === '' ? key : `${field}.${key}`;
}

/** An object of JSON: not null, not a list. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
