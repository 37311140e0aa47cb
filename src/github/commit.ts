import * as z from 'zod/mini';
import { withDeadline } from '../clock.ts';
import type { Deps } from '../deps.ts';
import { asError } from '../errors.ts';
import { readEvent } from '../inputs/context.ts';
import type { CookInputs } from '../inputs/cook.ts';
import { commitShaForm } from '../inputs/parsers.ts';
import { sanitizeLine } from '../report/sanitize.ts';
import { createGitHub } from './client.ts';

const sha = z.string().check(z.regex(commitShaForm));
const pullRequest = z.object({ head: z.object({ sha }) });
const eventSchema = z.object({
  pull_request: z.optional(pullRequest),
  workflow_run: z.optional(z.object({ head_sha: sha })),
  issue: z.optional(z.object({ number: z.number(), pull_request: z.optional(z.object({})) })),
});

/**
 * Reads which commit the jobs are about; empty where that is not known: the one that was given, else
 * the head of the pull request, since GITHUB_SHA is a merge commit there, or the default branch's.
 */
export async function readCommitSha(
  deps: Deps,
  inputs: Pick<CookInputs, 'commit-sha' | 'commit-status' | 'github-token'>,
): Promise<string> {
  const { env } = deps.runner;
  if (inputs['commit-sha'] !== undefined) return inputs['commit-sha'];
  const pushed = sha.safeParse(env['GITHUB_SHA']).data ?? '';
  const [kind] = /^(?:pull_request|workflow_run$|issue_comment$)/.exec(
    env['GITHUB_EVENT_NAME'] ?? '',
  ) ?? [''];
  if (kind === '') return pushed;
  const event = eventSchema.safeParse(readEvent(deps.runner)).data;
  if (kind === 'pull_request') return event?.pull_request?.head.sha ?? '';
  if (kind === 'workflow_run') return event?.workflow_run?.head_sha ?? pushed;
  const { issue } = event ?? {};
  if (issue?.pull_request === undefined || !inputs['commit-status']) return pushed;
  return (await readHead(deps, inputs['github-token'], issue.number)) ?? pushed;
}

// The jobs wait for it.
const maxReadMs = 10_000;

async function readHead(deps: Deps, token = '', number: number) {
  const { runner, clock, interrupt } = deps;
  const repository = runner.env['GITHUB_REPOSITORY'] ?? '';
  try {
    return await withDeadline(clock, maxReadMs, interrupt, async (signal) => {
      const github = createGitHub(deps, { repository, token, signal });
      const route = 'GET /repos/{owner}/{repo}/pulls/{pull_number}';
      return (await github.read(pullRequest, route, { pull_number: number })).head.sha;
    });
  } catch (error) {
    const cause = sanitizeLine(runner.redactor.redact(asError(error).message), 200);
    runner.print(
      `The commit status is set on GITHUB_SHA, because the pull request could not be read (${cause}). Add the permission pull-requests: read, or set the input commit-sha`,
    );
    return undefined;
  }
}
