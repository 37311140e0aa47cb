import { globSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { projectFile } from './action-files.ts';

// What people read is in the style of GitHub's own docs: American spelling, active voice, the reader
// acts. The phrases here were in it once, and are of the kinds that must not come back.

/** Where people read: pages, and the texts and comments of `src`. */
const places = [
  '*.md',
  'docs/*.md',
  'action.yml',
  '*/action.yml',
  'examples/**/*.{yml,py,Dockerfile}',
  '.github/**/*.{md,yml}',
  'demo/*.ts',
  'scripts/**/*.ts',
  'src/**/*.ts',
  'src/ssh/gpu.sh',
];
// What has happened is history.
const exclude = ['node_modules/**', 'build/**'];

const phrases: readonly RegExp[] = [
  /\bdearer\b/,
  /\bcannot be had\b/,
  /\bof which the next\b/,
  /\bcancelled in time\b/,
  /\bstill lives?\b/,
  /\bhas been over\b/,
  /\btold\b/,
  /\btells? of\b/,
  /\blets? it tell\b/,
  /\bnobody\b/i,
  /\bshows in no list\b/,
  /\bit is looked for\b/,
  /\bnothing remote\b/,
  /\bwhat is on offer\b/,
  /\bas the recipe has it\b/,
  /\bplayed as (?:they|it)\b/,
  /\bthen says\b/,
  /\bstands? in\b/,
  /\bstands for\b/,
  /\banew\b/,
  /\bno annotation tells\b/,
  /\bwhat the log says\b/i,
  /\bOffers before\b/,
  /\banswered last\b/,
  /\bWhat helps\b/,
  /\bgoes on\b/,
  /\bhad an error\b/,
  /\bNothing is (?:waited for|cooked where)\b/,
  /\bEvery offer is\b/,
  /\bwhat has not ended\b/i,
  /\bbecomes? of\b|\bbecame of\b/,
  /\bis to be\b|\bare to be\b/,
  /\bcomes later\b/,
  /\bleft alive\b/,
  /\bguises?\b/,
  /\blet go\b/,
  // British spelling; as values of the API and of outputs, some are in code.
  /\b[Cc]ancell(?:ed|ing)\b/,
  /\b(?:behaviour|colour|licence|favour|centre|misspelt|unauthoris|authoris|recognis|initialis)/i,
];

const files = globSync(places, { cwd: fileURLToPath(new URL('../../', import.meta.url)), exclude });

// In source code, texts are between backticks as well; words alone are names of values.
const codeOf = { page: /^```[^]*?^```$|`[^`\n]*`/gm, source: /(['`])[\w-]+\1|\bcancelled[:|]/g };

/** The lines of a text that have one of the phrases, outside of code. */
function oldLines(text: string, kind: keyof typeof codeOf = 'page'): readonly string[] {
  return text
    .replaceAll(codeOf[kind], '`')
    .split('\n')
    .filter((line) => phrases.some((phrase) => phrase.test(line)));
}

test.each(files)('%s has no phrase of the old kind', (file) => {
  expect(oldLines(projectFile(file), file.startsWith('src') ? 'source' : 'page')).toEqual([]);
});

test.each(['Nothing is cooked where every offer is dearer.', 'Nobody waits for a bill.'])(
  'a phrase is found: %s',
  (line) => {
    expect(oldLines(`Fine.\n${line}\n\`cancelled\``)).toEqual([line]);
    const text = `const text = \`${line}\`;`;
    expect(oldLines(`const result = 'cancelled';\n${text}`, 'source')).toEqual([text]);
  },
);
