import type { ReadyCheck } from '../jobs/ready-check.ts';
import { fromText, InvalidValue, quote } from './parsers.ts';

// Printable ASCII but what ends a path or would need to be encoded; a user's slip is told here.
const form =
  /^(\d{1,5})(\/[\u0021\u0024-\u003b\u003d\u003f-\u005b\u005d\u005f\u0061-\u007a\u007e%]*)?$/;

/** A port of the container and a path, such as `8080/health`. */
export const readyCheck = fromText((given): ReadyCheck | InvalidValue => {
  const [, port = '', path = '/'] = form.exec(given) ?? [];
  const number = Number(port);
  return port !== '' && number >= 1 && number <= 65_535
    ? { port: number, path }
    : new InvalidValue(
        `${quote(given)} is not a port of the container and a path, such as 8080/health`,
      );
});
