import { cleanup } from './commands/post.ts';
import { runCommand } from './run.ts';

/** The post entry of the cook and wait actions. */
export async function run(): Promise<void> {
  await runCommand(cleanup);
}
