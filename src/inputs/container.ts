import { InputError, type Problem } from '../errors.ts';
import { text, whole } from './parsers.ts';
import { invalid, list, mapping, membersOf, quote, readAll, type Parse } from './tree.ts';

const variableName = /^[A-Za-z_][\w.-]*$/;
const variableNameForm = 'use a letter or `_`, followed by letters, digits, `_`, `.`, or `-`';

/** An environment as a mapping; values are text, whatever they look like, and never shown. */
export const environment: Parse<Readonly<Record<string, string>>> = (given) => {
  const reads = membersOf(given).map(([name, value], index) => {
    const isValid = variableName.test(name);
    const read = () => {
      if (!isValid) throw invalid(`is not a valid name: ${variableNameForm}`);
      if (value === null) throw invalid('cannot be null: use "" or "null", in quotes');
      return [name, text(value)] as const;
    };
    return [isValid ? `.${name}` : `[${index}]`, read] as const;
  });
  return Object.fromEntries(readAll(reads));
};

/**
 * Reads an environment from lines, as `GITHUB_ENV` has them: `KEY=VALUE`, where the value goes to the
 * end of the line, verbatim; or `KEY<<END`, the lines of the value, and `END`. Blank lines and lines
 * that start with `#` say nothing, as in dotenv files.
 * @throws InputError with the line of each problem
 */
export function readEnvironmentLines(given: string): ReturnType<typeof environment> {
  const lines = given.split(/\r\n|\n|\r/);
  const variables = new Map<string, string>();
  const problems: Problem[] = [];
  for (let at = 0; at < lines.length; at += 1) {
    const line = (lines[at] ?? '').trimStart();
    if (line === '' || line.startsWith('#')) continue;
    const [, name = '', sign = '', rest = ''] = /^(.*?)(=|<<)(.*)$/.exec(line) ?? [];
    const isBlock = sign === '<<';
    const end = isBlock ? lines.indexOf(rest || '\n', at + 1) : at;
    const problem = [
      sign === '' && 'has no `=`: use KEY=VALUE, one per line',
      !variableName.test(name) && `has an invalid name: ${variableNameForm}`,
      end < 0 &&
        `starts a value of several lines for ${quote(name)}, but no later line is its delimiter`,
      variables.has(name) && `sets ${quote(name)} a second time`,
    ].find((message) => message !== false);
    if (problem !== undefined) problems.push({ input: '', message: `line ${at + 1} ${problem}` });
    if (end < 0) break;
    variables.set(name, isBlock ? lines.slice(at + 1, end).join('\n') : rest);
    at = end;
  }
  if (problems.length > 0) throw new InputError(problems);
  return Object.fromEntries(variables);
}

const parameters = mapping({
  image: text,
  tag: text,
  imagesrc: text,
  host: text,
  user: text,
  secret: text,
  env: environment,
  ports: list(whole(1, 65_535)),
  volumes: list(
    mapping({ image: text, mount: text, registry: text, secret: text, tag: text, user: text }),
  ),
  sshkey: text,
  allowed_ips: list(text),
});

export type Container = ReturnType<typeof parameters>;

/** Container parameters, bare or in the API's envelope `{type: docker, parameters: {...}}`. */
export const container: Parse<Container> = (given) => {
  const { type = 'docker', parameters: inner, ...others } = Object.fromEntries(membersOf(given));
  const isEnvelope = inner !== undefined && type === 'docker' && Object.keys(others).length === 0;
  return parameters(isEnvelope ? inner : given);
};
