import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { releaseNotes } from './changelog.ts';

// Prints the notes of a release, `node scripts/release-notes.ts v1.2.3`; fails unless package.json
// and CHANGELOG.md know of it.
const tag = process.argv[2] ?? '';
const read = (file: string) =>
  readFileSync(fileURLToPath(new URL(`../${file}`, import.meta.url)), 'utf8');

// Nothing is installed yet when this runs.
const [, version = ''] = /"version": "(.+?)"/.exec(read('package.json')) ?? [];
if (tag !== `v${version}`) throw new Error(`package.json has ${version}, the tag is ${tag}`);
console.log(releaseNotes(read('CHANGELOG.md'), version));
