import * as z from 'zod/mini';
import { withDeadline } from '../clock.ts';
import type { Deps } from '../deps.ts';
import { readEvent } from '../inputs/context.ts';
import type { CookInputs } from '../inputs/cook.ts';
import { isCommitSha } from '../inputs/parsers.ts';
import { sanitizeLine } from '../report/sanitize.ts';
import { createGitHub } from './client.ts';
import { asError } from '../errors.ts';

const sha = z.string().check(z.refine(isCommitSha));
const head = z.object({ head: z.object({ sha }) });
const pullRequestEvent = z.object({ pull_request: head });
const workflowRunEvent = z.object({ workflow_run: z.object({ head_sha: sha }) });
const commentEvent = z.object({
  issue: z.object({ number: z.number(), pull_request: z.object({}) }),
});

type CommitInputs = Pick<CookInputs, 'commit-sha' | 'commit-status' | 'github-token'>;

/**
 * Reads which commit the jobs are about; empty where that is not known: the one that was given, else
 * the head of the pull request, since GITHUB_SHA is a merge commit there, or the default branch's.
 */
export async function readCommitSha(deps: Deps, inputs: CommitInputs): Promise<string> {
  const { env } = deps.runner;
  const name = env['GITHUB_EVENT_NAME'] ?? '';
  if (inputs['commit-sha'] !== undefined) return inputs['commit-sha'];
  if (name.startsWith('pull_request')) {
    const event = pullRequestEvent.safeParse(await readEvent(deps.runner));
    return event.data?.pull_request.head.sha ?? '';
  }
  return (await readOtherHead(name, deps, inputs)) ?? sha.safeParse(env['GITHUB_SHA']).data ?? '';
}

/** The commit of an event whose GITHUB_SHA is the default branch's. */
async function readOtherHead(
  name: string,
  deps: Deps,
  inputs: CommitInputs,
): Promise<string | undefined> {
  if (name === 'issue_comment') return readHead(deps, inputs);
  if (name !== 'workflow_run') return undefined;
  return workflowRunEvent.safeParse(await readEvent(deps.runner)).data?.workflow_run.head_sha;
}

// The jobs wait for it.
const maxReadMs = 10_000;

/** The head of the pull request that was commented on, if the token may read it. */
async function readHead(
  deps: Deps,
  { 'commit-status': isAsked, 'github-token': token }: CommitInputs,
): Promise<string | undefined> {
  const number = commentEvent.safeParse(await readEvent(deps.runner)).data?.issue.number;
  const repository = deps.runner.env['GITHUB_REPOSITORY'] ?? '';
  if (!isAsked || token === undefined || number === undefined) return undefined;
  try {
    return await withDeadline(deps.clock, maxReadMs, deps.interrupt, async (signal) => {
      const github = createGitHub(deps, { repository, token, signal });
      const route = 'GET /repos/{owner}/{repo}/pulls/{pull_number}';
      return (await github.read(head, route, { pull_number: number })).head.sha;
    });
  } catch (error) {
    const cause = sanitizeLine(deps.runner.redactor.redact(asError(error).message), 200);
    deps.runner.print(
      `The commit status is set on GITHUB_SHA: the pull request could not be read (${cause}). It needs the permission pull-requests: read, or the input commit-sha`,
    );
    return undefined;
  }
}
