import { basename } from 'node:path';
import { run as cancel } from './cancel.ts';
import { run as check } from './check.ts';
import { run as main } from './main.ts';
import { run as post } from './post.ts';
import { reportFailure } from './report/report.ts';
import { actionsRunner } from './runner.ts';
import { run as wait } from './wait.ts';

// Each entry of an action is a file of its own that imports this one. Its name says what to do:
// the saved state would not, where main was killed before it could save any.
const entryPoints: ReadonlyMap<string, () => Promise<void>> = new Map([
  ['index.js', main],
  ['wait.js', wait],
  ['cancel.js', cancel],
  ['check.js', check],
  ['post.js', post],
]);

function entryOf(name: string): () => Promise<void> {
  const run = entryPoints.get(name);
  if (run === undefined) throw new Error(`this action has no entry ${name}`);
  return run;
}

try {
  await entryOf(basename(process.argv[1] ?? ''))();
} catch (error) {
  // Where not even that can be told, a stack trace would tell no more.
  await reportFailure(actionsRunner, error).catch(() => {});
}
