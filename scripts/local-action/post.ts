import { cleanup } from '../../src/commands/post.ts';
import { runCommand } from '../../src/run.ts';

/** What GitHub's local runner starts at the end of the job. */
export async function run(): Promise<void> {
  await runCommand(cleanup);
}
