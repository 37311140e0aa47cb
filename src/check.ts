import { check } from './commands/check.ts';
import { runCommand } from './run.ts';

/** The main entry of the check action. */
export async function run(): Promise<void> {
  await runCommand(check);
}
