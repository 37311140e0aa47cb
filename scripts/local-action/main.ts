import { cook } from '../../src/commands/cook.ts';
import { runCommand } from '../../src/run.ts';

/** What GitHub's local runner starts. */
export async function run(): Promise<void> {
  await runCommand(cook);
}
