import { cook } from './commands/cook.ts';
import { runCommand } from './run.ts';

/** The main entry of the cook action. */
export async function run(): Promise<void> {
  await runCommand(cook);
}
