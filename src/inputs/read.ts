import type { Problem } from '../errors.ts';
import type { Runner } from '../runner.ts';
import { problemsAt, validValues, type Parse, type TextTree } from './tree.ts';

/** Makes a tree of an input's text, which has its white space still; may reject with InputError. */
type ReadTree = (text: string, runner: Runner) => TextTree | Promise<TextTree>;

/** An input: how its text is read, and the text that stands for an empty one, as in `action.yml`. */
export interface Input<T = unknown> {
  readonly parse: Parse<T>;
  readonly default: string;
  readonly isOptional: boolean;
  readonly readTree: ReadTree;
}

const trim: ReadTree = (text) => text.trim();

/** An input that always has a value: an empty text is read as the default. */
export function input<T>(parse: Parse<T>, defaultText = '', readTree = trim): Input<T> {
  return { parse, default: defaultText, isOptional: false, readTree };
}

/** An input that may be left out: an empty text is undefined. */
export function optional<T>(parse: Parse<T>, readTree = trim): Input<T | undefined> {
  return { parse, default: '', isOptional: true, readTree };
}

/** What a table of inputs is read into. */
export type Values<Table extends Record<string, Input>> = {
  readonly [Name in keyof Table]: Table[Name] extends Input<infer T> ? T : never;
};

// Also where nobody uses the token: a container may have been given it, and print it.
const secretInputs = ['secret-key', 'github-token'];

/**
 * Reads the inputs of a table.
 * @throws InputError with every problem found
 */
export async function readInputs<Table extends Record<string, Input>>(
  runner: Runner,
  table: Table,
): Promise<Values<Table>> {
  const { values, problems } = await tryInputs(runner, table);
  return validValues(values, problems);
}

/**
 * Reads the inputs of a table; masks the secret ones first.
 * @returns the values of those without a problem, and every problem
 */
export async function tryInputs<Table extends Record<string, Input>>(runner: Runner, table: Table) {
  runner.redactor.addCredentials(secretInputs.map(runner.input));
  const values = new Map<string, unknown>();
  const problems: Problem[] = [];
  for (const [name, declared] of Object.entries(table)) {
    try {
      values.set(name, await readInput(runner, name, declared));
    } catch (error) {
      problems.push(...problemsAt(name, error));
    }
  }
  return {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- each name has what its parser gives
    values: Object.fromEntries(values) as Partial<Values<Table>>,
    problems,
  };
}

async function readInput(runner: Runner, name: string, declared: Input): Promise<unknown> {
  const given = runner.input(name);
  const isEmpty = given.trim() === '';
  if (isEmpty && declared.isOptional) return undefined;
  const tree = await declared.readTree(isEmpty ? declared.default : given, runner);
  return declared.parse(tree, name);
}
