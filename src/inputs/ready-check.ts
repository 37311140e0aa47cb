import { fromText, InvalidValue, quote } from './parsers.ts';

/** What is asked of a server to know whether it is ready. */
export interface ReadyCheck {
  /** The port inside the container. */
  readonly port: number;
  /** With its query, if any; begins with `/`. */
  readonly path: string;
}

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

/** As it was given: `8080/health`. */
export function formatReadyCheck({ port, path }: ReadyCheck): string {
  return `${port}${path}`;
}
