import { InputError } from '../../src/errors.ts';

/** What a parser of inputs gives, or the first thing it says: its place, `! `, and the problem. */
export function read(parse: (given: never) => unknown, given: unknown): unknown {
  try {
    return parse(given as never);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return error.problems.map(({ input, message }) => `${input}! ${message}`)[0];
  }
}
