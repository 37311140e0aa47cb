import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { json } from 'node:stream/consumers';
import { FeatureFlags } from '@actions/expressions';
import type { ActionsMetadataProvider } from '@actions/languageservice';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { parse } from 'yaml';
import * as z from 'zod';

// GitHub's language service says of each text what is wrong with it: documents come as a JSON array
// on stdin, an array of messages for each leaves on stdout. It is a program of its own because the
// package imports JSON without saying so, as only bundlers accept.
registerHooks({
  resolve: (specifier, context, next) => {
    const found = next(specifier, context);
    return found.url.endsWith('.json')
      ? { ...found, importAttributes: { ...found.importAttributes, type: 'json' } }
      : found;
  },
});
const { registerLogger, validate } = await import('@actions/languageservice');

// A crash of the service is only logged, and would pass for a file without faults.
const fail = (message: string): never => {
  throw new Error(message);
};
registerLogger({ error: fail, warn: fail, info: () => {}, log: () => {} });

const metadata = z.object({
  name: z.string(),
  description: z.string(),
  inputs: z.record(
    z.string(),
    z
      .object({
        description: z.string(),
        required: z.boolean().default(false),
        default: z.exactOptional(z.string()),
      })
      .catchall(z.unknown()),
  ),
});

// Our own actions are known by their files, so that a misspelt input is found. Of others, nothing
// is known here, and nothing is complained of.
const actionsMetadataProvider: ActionsMetadataProvider = {
  fetchActionMetadata: async ({ owner, path }) => {
    if (owner !== 'dispersed-cook') return { name: '', description: '' };
    const file = new URL(`../../${path ?? '.'}/action.yml`, import.meta.url);
    return metadata.parse(parse(readFileSync(file, 'utf8')));
  },
};
// Generally available; the service calls them experimental.
const featureFlags = new FeatureFlags({ allowBackgroundSteps: true });

const documents = z.array(z.object({ file: z.string(), text: z.string() }));

async function complaints(
  { file, text }: z.infer<typeof documents>[number],
  index: number,
): Promise<string[]> {
  // The service remembers by address what it has parsed.
  const document = TextDocument.create(`file:///${index}/${file}`, 'yaml', 1, text);
  const found = await validate(document, { actionsMetadataProvider, featureFlags });
  return found.map(({ message }) => (typeof message === 'string' ? message : message.value));
}

const given = documents.parse(await json(process.stdin));
console.log(JSON.stringify(await Promise.all(given.map(complaints))));
