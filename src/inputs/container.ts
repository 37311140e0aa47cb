import * as z from 'zod/mini';
import { isMapping } from '../service/json.ts';
import { isPlainName } from '../service/secret-fields.ts';
import { fromText, quote, text, whole } from './parsers.ts';
import { mapping, parseYaml } from './yaml.ts';

// The container parameters of a cook, as the service's documentation lists them.

/** Environment variables of a container: name to text. */
export type Environment = Readonly<Record<string, string>>;

const variableName = /^[A-Za-z_][\w.-]*$/;
const variableNameForm =
  'a name starts with a letter or `_`, followed by letters, digits, `_`, `.` or `-`';

/** An environment as a mapping; values are text, whatever they look like, and never shown. */
export const environment = z.pipe(
  // Not a record of zod's, which drops a key called `__proto__`.
  z.custom<object>(isMapping, 'must be a mapping of names to values'),
  z.transform((given, context): Environment => {
    const names = Object.keys(given);
    const report = (key: string, message: string) => {
      const place = isPlainName(key) ? key : names.indexOf(key);
      context.issues.push({ code: 'custom', message, input: key, path: [place] });
    };
    const pairs = Object.entries(given).flatMap(([key, value]: [string, unknown]) => {
      if (!variableName.test(key)) report(key, variableNameForm);
      else if (typeof value === 'string') return [[key, value] as const];
      else if (value === null) report(key, 'cannot be null: use "" or "null", in quotes');
      else report(key, 'must be a single value, not a list or a mapping');
      return [];
    });
    return Object.fromEntries(pairs);
  }),
);

/**
 * An environment as `KEY=VALUE` lines; a value goes to the end of its line, verbatim. Blank lines
 * and lines that start with `#` say nothing, as in dotenv files.
 */
export const environmentLines = z.pipe(
  z.string(),
  z.transform((given, context): Environment => {
    const pairs = new Map<string, string>();
    for (const [index, line] of given.split(/\r\n|\n|\r/).entries()) {
      if (/^\s*(?:#|$)/.test(line)) continue;
      const name = line.slice(0, Math.max(0, line.indexOf('='))).trimStart();
      const problem = problemOfLine(line, name, pairs);
      if (problem !== undefined) {
        const message = `line ${index + 1} ${problem}`;
        context.issues.push({ code: 'custom', message, input: index });
      }
      pairs.set(name, line.slice(line.indexOf('=') + 1));
    }
    return Object.fromEntries(pairs);
  }),
);

function problemOfLine(line: string, name: string, earlier: ReadonlyMap<string, string>) {
  if (!line.includes('=')) return 'has no `=`: use KEY=VALUE, one per line';
  if (!variableName.test(name)) return `has an invalid name: ${variableNameForm}`;
  if (!earlier.has(name)) return undefined;
  return `sets ${isPlainName(name) ? quote(name) : 'a name'} a second time`;
}

const list = <S extends z.core.$ZodType>(member: S) => z.array(member, 'must be a list');

const volume = mapping({
  image: text,
  mount: text,
  registry: text,
  secret: text,
  tag: text,
  user: text,
});

const parameters = mapping({
  image: text,
  tag: text,
  imagesrc: text,
  host: text,
  user: text,
  secret: text,
  env: environment,
  ports: list(whole(1, 65_535)),
  volumes: list(volume),
  sshkey: text,
  allowed_ips: list(text),
});

/** What may be overridden of a container. */
export type Container = Readonly<z.output<typeof parameters>>;

/** Container parameters, bare or in the API's envelope `{type: docker, parameters: {...}}`. */
export const container = z.pipe(
  z.transform((given: unknown, context) => {
    if (typeof given !== 'object' || given === null || !('parameters' in given)) return given;
    const others = Object.keys(given).filter((key) => key !== 'parameters' && key !== 'type');
    if (others.length > 0 || ('type' in given && given.type !== 'docker')) {
      const message = 'must be the container parameters, or {type: docker, parameters: {…}} alone';
      context.issues.push({ code: 'custom', message, input: given });
      return z.NEVER;
    }
    return given.parameters;
  }),
  parameters,
);

/** Container parameters from the text of an input. */
export const containerText = z.pipe(fromText<unknown>(parseYaml), container);

/** The parts of a container that must be masked wherever they show. */
export function secretsOf({ secret, volumes = [] }: Container): readonly string[] {
  return [secret, ...volumes.map((each) => each.secret)].filter((each) => each !== undefined);
}
