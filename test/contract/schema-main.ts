import { registerHooks } from 'node:module';
import { json } from 'node:stream/consumers';
import { TextDocument } from 'vscode-languageserver-textdocument';
import * as z from 'zod';

// GitHub's language service says of each text of an action.yml what is wrong with it: texts come as
// a JSON array on stdin, an array of messages for each leaves on stdout. It is a program of its own
// because the package imports JSON without saying so, as only bundlers accept.
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

async function complaints(text: string, index: number): Promise<string[]> {
  // The service remembers by address what it has parsed.
  const document = TextDocument.create(`file:///${index}/action.yml`, 'yaml', 1, text);
  const found = await validate(document);
  return found.map(({ message }) => (typeof message === 'string' ? message : message.value));
}

const texts = z.array(z.string()).parse(await json(process.stdin));
console.log(JSON.stringify(await Promise.all(texts.map(complaints))));
