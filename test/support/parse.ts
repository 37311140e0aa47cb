import { InputError } from '../../src/errors.ts';
import type { Parse, TextTree } from '../../src/inputs/tree.ts';

/** What a parser of inputs gives, or the first thing it says: its place, `! `, and the problem. */
export function read(parse: Parse<unknown>, given: unknown, name = 'field'): unknown {
  try {
    return parse(given as TextTree, name);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return error.problems.map(({ input, message }) => `${input}! ${message}`)[0];
  }
}
