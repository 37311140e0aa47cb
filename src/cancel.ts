import { cancel } from './commands/cancel.ts';
import { runCommand } from './run.ts';

/** The main entry of the cancel action. */
export async function run(): Promise<void> {
  await runCommand(cancel);
}
