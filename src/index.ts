import { basename } from 'node:path';
import { cancel } from './commands/cancel.ts';
import { check } from './commands/check.ts';
import { cook } from './commands/cook.ts';
import { cleanup } from './commands/post.ts';
import { wait } from './commands/wait.ts';
import { reportFailure } from './report/report.ts';
import { runCommand } from './run.ts';
import { actionsRunner } from './runner.ts';

// Each entry of an action is a file that imports this one, and its name says what to do: there is no
// saved state where main was killed early.
const commands: ReadonlyMap<string, Parameters<typeof runCommand>[0]> = new Map([
  ['index.js', cook],
  ['wait.js', wait],
  ['cancel.js', cancel],
  ['check.js', check],
  ['post.js', cleanup],
]);

try {
  const name = basename(process.argv[1] ?? '');
  const command = commands.get(name);
  if (command === undefined) throw new Error(`this action has no entry ${name}`);
  await runCommand(command);
} catch (error) {
  await reportFailure(actionsRunner, error).catch(() => {});
}
