import * as z from 'zod/mini';
import { readEvent } from '../inputs/context.ts';
import type { Runner } from '../runner.ts';

// SHA-1 or SHA-256.
const sha = z.string().check(z.regex(/^[0-9a-f]{40}(?:[0-9a-f]{24})?$/));
const pullRequestEvent = z.object({ pull_request: z.object({ head: z.object({ sha }) }) });

/**
 * Reads which commit the workflow run is about; empty where that is not known. On pull requests it is
 * their head, since GITHUB_SHA is a merge commit that nobody looks at.
 */
export async function readCommitSha(runner: Runner): Promise<string> {
  const { env } = runner;
  if (env['GITHUB_EVENT_NAME']?.startsWith('pull_request')) {
    const event = pullRequestEvent.safeParse(await readEvent(runner));
    return event.success ? event.data.pull_request.head.sha : '';
  }
  const pushed = sha.safeParse(env['GITHUB_SHA']);
  return pushed.success ? pushed.data : '';
}
