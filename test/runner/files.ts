import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a process has written to the files that the runner gave it. */
export interface WrittenFiles {
  readonly outputs: Readonly<Record<string, string>>;
  readonly state: Readonly<Record<string, string>>;
  readonly summary: string;
  /** Folders that later steps find commands in. */
  readonly paths: readonly string[];
}

/**
 * Lays out the files through which a process tells the runner something.
 * @param folder is created
 * @returns their variables, and what was written once the process has ended
 */
export function layOutFiles(folder: string) {
  const variables = {
    GITHUB_OUTPUT: join(folder, 'output'),
    GITHUB_STATE: join(folder, 'state'),
    GITHUB_STEP_SUMMARY: join(folder, 'summary.md'),
    GITHUB_PATH: join(folder, 'path'),
  };
  mkdirSync(folder, { recursive: true });
  for (const file of Object.values(variables)) writeFileSync(file, '');
  const read = (): WrittenFiles => ({
    outputs: parseKeyValueFile(readFileSync(variables.GITHUB_OUTPUT, 'utf8')),
    state: parseKeyValueFile(readFileSync(variables.GITHUB_STATE, 'utf8')),
    summary: readFileSync(variables.GITHUB_STEP_SUMMARY, 'utf8'),
    paths: readFileSync(variables.GITHUB_PATH, 'utf8').split('\n').filter(Boolean),
  });
  return { variables, read };
}

/**
 * Reads a file of `name=value` and `name<<delimiter` entries as the runner does; a later entry
 * replaces an earlier one of the same name.
 */
export function parseKeyValueFile(text: string): Record<string, string> {
  const values: Record<string, string> = {};
  const lines = text.split('\n');
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? '';
    const heredoc = /^([^=]+?)<<(.+)$/.exec(line);
    if (heredoc === null) {
      if (line !== '') values[line.slice(0, line.indexOf('='))] = line.slice(line.indexOf('=') + 1);
      continue;
    }
    const [, name = '', delimiter = ''] = heredoc;
    const end = lines.indexOf(delimiter, at + 1);
    if (end < 0) throw new Error(`no end to the value of ${name}`);
    values[name] = lines.slice(at + 1, end).join('\n');
    at = end;
  }
  return values;
}
