import { parse } from 'yaml';
import * as z from 'zod';

const action = z.object({
  inputs: z
    .record(
      z.string(),
      z.object({
        description: z.string(),
        default: z.string().optional(),
        required: z.string().optional(),
      }),
    )
    .default({}),
  outputs: z.record(z.string(), z.object({ description: z.string() })).default({}),
});
type Action = z.infer<typeof action>;
type Kind = 'inputs' | 'outputs';
type Row = readonly string[];

/**
 * Puts the tables of inputs and outputs between the markers of a page. A marker is a line such as
 * `<!-- inputs of wait/action.yml -->`, or `<!-- inputs of action.yml: title task -->` for some of
 * them, and its table goes up to the line `<!-- end -->`.
 * @param read gives the text of a file that a marker names
 * @returns the page, with columns that are not yet aligned
 */
export function fillTables(page: string, read: (file: string) => string): string {
  const parts = page.split(/^(?=<!-- (?:inputs|outputs) of .+ -->$)/m);
  return parts.map((part) => fillPart(part, read)).join('');
}

function fillPart(part: string, read: (file: string) => string): string {
  const [start, kind, file = '', names] =
    /^<!-- (inputs|outputs) of (\S+?)(?:: (.+))? -->(?=\n|$)/.exec(part) ?? [];
  if (start === undefined) return part;
  const end = /^<!-- end -->$/m.exec(part);
  if (!end) throw new Error(`no "<!-- end -->" after "${start}"`);
  const shown = kind === 'inputs' ? 'inputs' : 'outputs';
  const table = renderTable(read(file), shown, names?.split(' '));
  return `${start}\n\n${table}\n${part.slice(end.index)}`;
}

/**
 * Renders the inputs or the outputs of an action as a Markdown table, in the file's order.
 * @param text the text of an `action.yml`
 * @param names which of them; default: all
 * @throws Error where the action has none of a name
 */
export function renderTable(text: string, kind: Kind, names?: readonly string[]): string {
  // The runner takes every scalar as text, so `default: 010` has to be shown as it is written.
  const parsed = action.parse(parse(text, { schema: 'failsafe' }));
  const unknown = names?.find((name) => !(name in parsed[kind]));
  if (unknown !== undefined) throw new Error(`no ${unknown} among the ${kind}`);
  const [head = [], ...all] = kind === 'inputs' ? inputRows(parsed) : outputRows(parsed);
  const isShown = ([name]: Row) => names?.some((each) => code(each) === name) ?? true;
  const [rule = [], ...rows] = all;
  return [head, rule, ...rows.filter(isShown)]
    .map((row) => `| ${row.map(cell).join(' | ')} |\n`)
    .join('');
}

function inputRows({ inputs }: Action): Row[] {
  const rows = Object.entries(inputs).map(([name, input]) => [
    code(name),
    input.required === 'true' ? '**required**' : code(input.default ?? ''),
    input.description,
  ]);
  return [['Input', 'Default', 'Meaning'], ['---', '---', '---'], ...rows];
}

function outputRows({ outputs }: Action): Row[] {
  const rows = Object.entries(outputs).map(([name, output]) => [code(name), output.description]);
  return [['Output', 'Value'], ['---', '---'], ...rows];
}

function code(text: string): string {
  return text === '' ? '' : `\`${text}\``;
}

function cell(text: string): string {
  return text
    .trim()
    .replaceAll(/\s+/g, ' ')
    .replaceAll('|', String.raw`\|`);
}
