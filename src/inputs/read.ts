import * as z from 'zod/mini';
import { InputError, type Problem } from '../errors.ts';
import type { Runner } from '../runner.ts';
import { isForkEvent } from './context.ts';

/** An input: how its text is read, and the text that stands for an empty one, as in `action.yml`. */
export interface Input<
  S extends z.core.$ZodType = z.core.$ZodType,
  Optional extends boolean = boolean,
> {
  readonly schema: S;
  readonly default: string;
  readonly optional: Optional;
  /** White space at both ends belongs to the value. */
  readonly verbatim?: true;
}

/** An input that always has a value: an empty text is read as the default. */
export function input<S extends z.core.$ZodType>(schema: S, defaultText = ''): Input<S, false> {
  return { schema, default: defaultText, optional: false };
}

/** An input that may be left out: an empty text is undefined. */
export function optional<S extends z.core.$ZodType>(schema: S): Input<S, true> {
  return { schema, default: '', optional: true };
}

/** What a table of inputs is read into. */
export type Values<Table extends Record<string, Input>> = {
  readonly [Name in keyof Table]: Table[Name] extends Input<infer S, infer Optional>
    ? z.output<S> | (Optional extends true ? undefined : never)
    : never;
};

/** Inputs as read, and what is wrong with them. */
export interface Reading<Table extends Record<string, Input>> {
  /** Without those that have a problem. */
  readonly values: Partial<Values<Table>>;
  readonly problems: readonly Problem[];
}

// Also where nobody uses the token: a container may have been given it, and print it.
const secretInputs = ['secret-key', 'github-token'];

/** Reads all inputs of a table; masks the secret ones first. */
export async function readInputs<Table extends Record<string, Input>>(
  runner: Runner,
  table: Table,
): Promise<Reading<Table>> {
  maskSecrets(runner, secretInputs.map(runner.input));
  const read = await Promise.all(
    Object.entries(table).map(async ([name, each]) => ({
      name,
      ...(await readInput(runner, name, each)),
    })),
  );
  const values = Object.fromEntries(read.map(({ name, value }) => [name, value]));
  return {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- each name has its schema's output
    values: values as Partial<Values<Table>>,
    problems: (await isForkEvent(runner))
      ? read.flatMap(({ name, problems }) => problems.map(inFork(runner, name)))
      : read.flatMap(({ problems }) => problems),
  };
}

// GitHub passes none to a workflow run that a pull request from a fork has started.
function inFork(runner: Runner, name: string): (problem: Problem) => Problem {
  const isMissing = name.endsWith('-key') && runner.input(name).trim() === '';
  const message =
    'is empty: GitHub passes no secrets to workflows that a pull request from a fork has started. Run this step for branches of this repository only, for example with `if: github.event.pull_request.head.repo.fork == false`';
  return (problem) => (isMissing ? { ...problem, message } : problem);
}

/**
 * The values of a reading without problems.
 * @throws InputError with every problem found
 */
export function validValues<Table extends Record<string, Input>>(
  reading: Reading<Table>,
): Values<Table> {
  if (reading.problems.length > 0) throw new InputError(reading.problems);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- without a problem, each has a value
  return reading.values as Values<Table>;
}

async function readInput(
  runner: Runner,
  name: string,
  { schema, optional: isOptional, ...rest }: Input,
) {
  const given = rest.verbatim ? runner.input(name) : runner.input(name).trim();
  if (given.trim() === '' && isOptional) return { value: undefined, problems: [] };
  const parsed = await z.safeParseAsync(schema, given || rest.default);
  if (parsed.success) return { value: parsed.data, problems: [] };
  const problems = parsed.error.issues.map((issue) => toProblem(name, issue, isSingle(given)));
  return { value: undefined, problems };
}

/** Whether one value was given where a list could have been. */
function isSingle(given: string): boolean {
  return !/[\s[{]/.test(given.trim());
}

function toProblem(name: string, issue: z.core.$ZodIssue, isSingleValue: boolean): Problem {
  const { message } = issue;
  // Who gave one value does not know of a list.
  const path = isSingleValue && issue.path[0] === 0 ? issue.path.slice(1) : issue.path;
  const place = path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`));
  return { input: name + place.join(''), message };
}

// The runner masks each line of a secret by itself: a short one would blank that text everywhere.
const minMaskLength = 6;

/** Masks each line of the secrets in the log, and takes them out of all that is shown. */
export function maskSecrets(runner: Runner, secrets: readonly string[]): void {
  runner.redactor.add(secrets);
  for (const line of secrets.flatMap((secret) => secret.split(/[\r\n]+/))) {
    if (line.trim().length >= minMaskLength) runner.mask(line.trim());
  }
}
