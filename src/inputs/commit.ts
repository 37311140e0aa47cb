import { readFile } from 'node:fs/promises';
import * as z from 'zod/mini';
import { parseJson } from '../api/json.ts';
import type { Commit } from '../github.ts';
import type { Runner } from '../runtime.ts';
import { readStep } from './context.ts';

// SHA-1 or SHA-256.
const sha = z.string().check(z.regex(/^[0-9a-f]{40}(?:[0-9a-f]{24})?$/));
const payload = z.object({ pull_request: z.object({ head: z.object({ sha }) }) });

/**
 * Reads which commit the workflow run is about: on pull requests their head, since GITHUB_SHA is a
 * merge commit that is not shown.
 * @throws Error with a sentence for the user
 */
export async function readCommit(runner: Runner): Promise<Commit> {
  const { env } = runner;
  const { repository, runUrl } = readStep(runner, '');
  const [owner, repo] = repository.split('/');
  if (!owner || !repo) throw new Error('GITHUB_REPOSITORY does not name a repository');
  const apiUrl = env['GITHUB_API_URL'] || 'https://api.github.com';
  return { apiUrl, owner, repo, sha: await readSha(env), runUrl };
}

async function readSha(env: Runner['env']): Promise<string> {
  if (env['GITHUB_EVENT_NAME']?.startsWith('pull_request')) {
    const text = await readFile(env['GITHUB_EVENT_PATH'] ?? '', 'utf8').catch(() => '{}');
    const event = payload.safeParse(parseJson(text));
    if (event.success) return event.data.pull_request.head.sha;
    throw new Error('the event in GITHUB_EVENT_PATH has no head commit of the pull request');
  }
  const given = sha.safeParse(env['GITHUB_SHA']);
  if (given.success) return given.data;
  throw new Error('GITHUB_SHA is not a commit SHA');
}
