/** A workflow command, as the runner takes it from a line of the log. */
export interface Command {
  readonly name: string;
  readonly properties: Readonly<Record<string, string>>;
  readonly message: string;
}

/**
 * Finds the commands in what a process printed, on either stream. `::name::` counts at the start
 * of a line, white space before it ignored; `##[name]` counts anywhere. Lines end at `\n`, `\r\n`
 * and a lone `\r`.
 */
export function findCommands(log: string): readonly Command[] {
  return log.split(/\r\n|\n|\r/).flatMap((line) => {
    const command = colonCommand(line) ?? bracketCommand(line);
    return command === undefined ? [] : [command];
  });
}

function colonCommand(line: string): Command | undefined {
  const match = /^\s*::([^:\s]+)(?:\s+([^]*?))?::([^]*)$/.exec(line);
  if (match === null) return undefined;
  const [, name = '', properties = '', message = ''] = match;
  return { name, properties: parseProperties(properties, ','), message: unescapeData(message) };
}

function bracketCommand(line: string): Command | undefined {
  const match = /##\[([^\s\]]+)(?:\s+([^\]]*))?\]([^]*)$/.exec(line);
  if (match === null) return undefined;
  const [, name = '', properties = '', message = ''] = match;
  return { name, properties: parseProperties(properties, ';'), message };
}

function parseProperties(text: string, separator: string): Record<string, string> {
  const pairs = text.split(separator).filter((pair) => pair.includes('='));
  return Object.fromEntries(
    pairs.map((pair) => {
      const [name = '', ...value] = pair.split('=');
      return [name.trim(), unescapeProperty(value.join('='))] as const;
    }),
  );
}

function unescapeData(text: string): string {
  return text.replaceAll('%0D', '\r').replaceAll('%0A', '\n').replaceAll('%25', '%');
}

function unescapeProperty(text: string): string {
  return unescapeData(text.replaceAll('%3A', ':').replaceAll('%2C', ','));
}
