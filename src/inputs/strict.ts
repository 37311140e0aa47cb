import * as z from 'zod/mini';
import { quote, suggest } from './wording.ts';

/**
 * A mapping in which every key is optional, and none but these is accepted. As among the inputs, an
 * empty text means that nothing was given.
 */
export function strict<Shape extends Record<string, z.core.$ZodType>>(shape: Shape) {
  const known = Object.keys(shape);
  return z.pipe(
    z.transform((given: unknown) => withoutEmpty(given, known)),
    z.strictObject(optionals(shape), {
      error: (issue) =>
        issue.code === 'unrecognized_keys'
          ? issue.keys.map((key) => sayUnknown(key, known)).join('. ')
          : 'must be a mapping of names to values',
    }),
  );
}

type Optionals<Shape extends Record<string, z.core.$ZodType>> = {
  [Key in keyof Shape]: z.ZodMiniOptional<Shape[Key]>;
};

function optionals<Shape extends Record<string, z.core.$ZodType>>(shape: Shape): Optionals<Shape> {
  const members = Object.entries(shape).map(([key, schema]) => [key, z.optional(schema)]);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the same keys, each made optional
  return Object.fromEntries(members) as Optionals<Shape>;
}

function withoutEmpty(given: unknown, known: readonly string[]): unknown {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return given;
  return Object.fromEntries(
    Object.entries(given).filter(([key, value]) => value !== '' || !known.includes(key)),
  );
}

function sayUnknown(key: string, known: readonly string[]): string {
  const hint = suggest(key.replaceAll('-', '_'), known) || `; known are ${known.join(', ')}`;
  return `${quote(key)} is not known here${hint}`;
}
