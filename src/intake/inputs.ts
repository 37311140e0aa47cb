import * as z from 'zod/mini';
import { InputError, type Problem } from '../errors.ts';
import type { Runner } from '../runner.ts';
import { apiKey, apiUrl, duration, flag, line, oneOf, pollInterval, recipeLines } from './texts.ts';

/** An input: how its text is read, and the text that stands for an empty one, as in `action.yml`. */
interface Input<S extends z.core.$ZodType = z.core.$ZodType> {
  readonly schema: S;
  readonly default: string;
}

function input<S extends z.core.$ZodType>(schema: S, defaultText = ''): Input<S> {
  return { schema, default: defaultText };
}

/** The inputs of the cook action, in the order of `action.yml`. */
export const cookInputs = {
  recipes: input(recipeLines),
  'public-key': input(apiKey),
  'secret-key': input(apiKey),
  'api-url': input(apiUrl, 'https://api.dispersed.com'),
  title: input(line),
  wait: input(flag, 'true'),
  timeout: input(duration, '5h45m'),
  'on-timeout': input(oneOf(['cancel', 'fail', 'detach']), 'cancel'),
  'poll-interval': input(pollInterval, 'auto'),
  'matrix-index': input(line, '0'),
};

type Values<Table extends Record<string, Input>> = {
  readonly [Name in keyof Table]: z.output<Table[Name]['schema']>;
};

/** The cook action's inputs, checked. */
export type CookInputs = Values<typeof cookInputs>;

/**
 * Reads all inputs of a table. The secret key is masked before anything can be printed.
 * @throws InputError with every problem found
 */
export function readInputs<Table extends Record<string, Input>>(
  runner: Runner,
  table: Table,
): Values<Table> {
  maskSecret(runner.input('secret-key'), runner);
  const problems: Problem[] = [];
  const values = Object.entries(table).map(([name, { schema, default: defaultText }]) => {
    const parsed = z.safeParse(schema, runner.input(name) || defaultText);
    if (parsed.success) return [name, parsed.data] as const;
    problems.push(...parsed.error.issues.map(({ message }) => ({ input: name, message })));
    return [name, undefined] as const;
  });
  if (problems.length > 0) throw new InputError(problems);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- each key has its schema's output
  return Object.fromEntries(values) as Values<Table>;
}

// The runner masks each line of a secret by itself: a short one would blank that text everywhere.
const shortestMask = 6;

function maskSecret(secret: string, runner: Runner): void {
  for (const each of secret.split(/[\r\n]+/)) {
    if (each.trim().length >= shortestMask) runner.mask(each.trim());
  }
}
