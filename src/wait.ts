import { wait } from './commands/wait.ts';
import { runCommand } from './run.ts';

/** The main entry of the wait action. */
export async function run(): Promise<void> {
  await runCommand(wait);
}
