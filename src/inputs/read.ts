import { InputError, type Problem } from '../errors.ts';
import type { Runner } from '../runner.ts';
import { tryAll } from './tree.ts';

/** Reads the text of an input, white space included; may throw InputError. */
type Read<T> = (text: string, runner: Runner) => T;

/** An input that always has a value: an empty text is read as its default, as in `action.yml`. */
export interface Input<T = unknown> {
  readonly read: Read<T>;
  readonly default: string;
}

/** Inputs by their names. One that may be left out is a function alone: an empty text is undefined. */
export type InputTable = Readonly<Record<string, Input | Read<unknown>>>;

export type Values<Table extends InputTable> = {
  readonly [Name in keyof Table]: Table[Name] extends Input<infer T>
    ? T
    : Table[Name] extends Read<infer T>
      ? T | undefined
      : never;
};

export function input<T>(read: Read<T>, defaultText = ''): Input<T> {
  return { read, default: defaultText };
}

/** @throws InputError with every problem found */
export function readInputs<Table extends InputTable>(runner: Runner, table: Table): Values<Table> {
  const { values, problems } = tryInputs(runner, table);
  return validValues<Values<Table>>(values, problems);
}

/**
 * The values where there is no problem, so that none is missing.
 * @throws InputError with every problem
 */
export function validValues<V>(values: Partial<V>, problems: readonly Problem[]): V {
  if (problems.length > 0) throw new InputError(problems);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- without a problem, each has a value
  return values as V;
}

// Also where the token is not used: a container may have been given it, and print it.
const secretInputs = ['secret-key', 'github-token'];

/**
 * Reads the inputs of a table; masks the secret ones first.
 * @param nameOf the name of the input for a key of the table
 * @returns the values of those without a problem, and every problem
 */
export function tryInputs<Table extends InputTable>(
  runner: Runner,
  table: Table,
  nameOf = (key: string) => key,
) {
  runner.redactor.addCredentials(secretInputs.map(runner.input));
  const reads = Object.entries(table).map(([key, declared]) => {
    return [nameOf(key), () => [key, readInput(runner, nameOf(key), declared)] as const] as const;
  });
  const { values, problems } = tryAll(reads);
  const given = Object.fromEntries(values.filter(([, value]) => value !== undefined));
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- each key has what its parser gives
  return { values: given as Partial<Values<Table>>, problems };
}

function readInput(runner: Runner, name: string, declared: InputTable[string]): unknown {
  const text = runner.input(name);
  const isEmpty = text.trim() === '';
  if (typeof declared !== 'function')
    return declared.read(isEmpty ? declared.default : text, runner);
  return isEmpty ? undefined : declared(text, runner);
}
