import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';

/** A text, and the file it is or could be: the path says whether it is an action or a workflow. */
export interface Document {
  readonly file: string;
  readonly text: string;
}

/** What GitHub's own parser has to say of each text. */
export function complaintsAbout(documents: readonly Document[]): ReadonlyMap<string, string[]> {
  const program = fileURLToPath(new URL('schema-main.ts', import.meta.url));
  const answer = execFileSync(process.execPath, [program], {
    input: JSON.stringify(documents),
    encoding: 'utf8',
  });
  const found = z.array(z.array(z.string())).length(documents.length).parse(JSON.parse(answer));
  return new Map(documents.map(({ text }, index) => [text, found[index] ?? []]));
}
