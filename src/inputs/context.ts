import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import * as z from 'zod/mini';
import { parseJson } from '../service/json.ts';
import type { Runner } from '../runner.ts';

/** Which step of which workflow run this is: all that tells it apart from every other. */
export interface StepIdentity {
  readonly repository: string;
  readonly runId: string;
  /** From 1; a re-run counts one more. */
  readonly runAttempt: number;
  readonly workflow: string;
  readonly job: string;
  /** Tells the legs of a matrix apart, which share run, job and step. */
  readonly matrixIndex: string;
  readonly step: string;
  /** Address of the workflow run's page; undefined outside of GitHub. */
  readonly runUrl: string | undefined;
}

// GitHub allows 50 re-runs of a workflow run.
const maxAttempts = 51;

/** Reads the step's identity from the runner's environment. */
export function readStepIdentity({ env }: Runner, matrixIndex: string): StepIdentity {
  const repository = env['GITHUB_REPOSITORY'] ?? '';
  const runId = env['GITHUB_RUN_ID'] ?? '';
  const server = env['GITHUB_SERVER_URL'] ?? 'https://github.com';
  return {
    repository,
    runId,
    runAttempt: Math.min(maxAttempts, Number(env['GITHUB_RUN_ATTEMPT']) || 1),
    workflow: env['GITHUB_WORKFLOW'] ?? '',
    job: env['GITHUB_JOB'] ?? '',
    matrixIndex,
    step: env['GITHUB_ACTION'] ?? '',
    runUrl: repository && runId ? `${server}/${repository}/actions/runs/${runId}` : undefined,
  };
}

/** Which workflow run it is, for the mark of its jobs: nothing in it is secret. */
export interface RunRef {
  /** Host of GitHub's pages: `github.com`, or that of an Enterprise Server. */
  readonly server: string;
  readonly repository: string;
  /** Its number, which stays when it is renamed; empty where the runner does not tell it. */
  readonly repositoryId: string;
  readonly runId: string;
  readonly runAttempt: number;
  /** The commit whose statuses are kept; empty where there is none. */
  readonly sha: string;
  readonly workflow: string;
}

/** Reads which workflow run it is; null outside of GitHub. */
export async function readRunRef(runner: Runner): Promise<RunRef | null> {
  const { env } = runner;
  const { repository, runId, runAttempt, workflow } = readStepIdentity(runner, '');
  const server = URL.parse(env['GITHUB_SERVER_URL'] ?? 'https://github.com')?.host ?? '';
  const isKnown = /^[\w.-]+\/[\w.-]+$/.test(repository) && /^\d+$/.test(runId) && server !== '';
  if (!isKnown) return null;
  const id = env['GITHUB_REPOSITORY_ID'] ?? '';
  const repositoryId = /^\d+$/.test(id) ? id : '';
  const sha = await readSha(env).catch(() => '');
  return { server, repository, repositoryId, runId, runAttempt, sha, workflow };
}

/** Where a step may keep files for later steps of its job. */
export function tempFolder({ env }: Runner): string {
  return env['RUNNER_TEMP'] || tmpdir();
}

/** The commit a workflow run is about. */
export interface Commit {
  readonly owner: string;
  readonly repo: string;
  readonly sha: string;
  /** Address of the workflow run's page; undefined outside of GitHub. */
  readonly runUrl: string | undefined;
}

// SHA-1 or SHA-256.
const sha = z.string().check(z.regex(/^[0-9a-f]{40}(?:[0-9a-f]{24})?$/));
const pullRequest = z.object({ pull_request: z.object({ head: z.object({ sha }) }) });

/**
 * Reads which commit the workflow run is about: on pull requests their head, since GITHUB_SHA is a
 * merge commit that nobody looks at.
 * @throws Error with a sentence for the user
 */
export async function readCommit(runner: Runner): Promise<Commit> {
  const { env } = runner;
  const { repository, runUrl } = readStepIdentity(runner, '');
  const [owner, repo] = repository.split('/');
  if (!owner || !repo) throw new Error('GITHUB_REPOSITORY has no repository');
  return { owner, repo, sha: await readSha(env), runUrl };
}

const forkPullRequest = z.object({
  pull_request: z.object({ head: z.object({ repo: z.nullable(z.object({ fork: z.boolean() })) }) }),
});

/** Whether a pull request from a fork has started the workflow, so that it has no secrets. */
export async function isForkEvent({ env }: Runner): Promise<boolean> {
  // With pull_request_target it has them.
  if (env['GITHUB_EVENT_NAME'] !== 'pull_request') return false;
  const event = forkPullRequest.safeParse(await readEvent(env));
  // The repository of the head is null where the fork was deleted.
  return event.success && event.data.pull_request.head.repo?.fork !== false;
}

async function readEvent(env: Runner['env']): Promise<unknown> {
  return parseJson(await readFile(env['GITHUB_EVENT_PATH'] ?? '', 'utf8').catch(() => '{}'));
}

async function readSha(env: Runner['env']): Promise<string> {
  if (env['GITHUB_EVENT_NAME']?.startsWith('pull_request')) {
    const event = pullRequest.safeParse(await readEvent(env));
    if (event.success) return event.data.pull_request.head.sha;
    throw new Error('the event in GITHUB_EVENT_PATH has no head commit of a pull request');
  }
  const given = sha.safeParse(env['GITHUB_SHA']);
  if (given.success) return given.data;
  throw new Error('GITHUB_SHA has no commit');
}
