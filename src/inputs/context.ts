import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as z from 'zod/mini';
import { parseJson } from '../service/json.ts';
import type { Runner } from '../runner.ts';

/** Which workflow run it is, for the mark of its jobs: nothing in it is secret. */
export interface RunRef {
  /** Host of GitHub's pages: `github.com`, or that of an Enterprise Server. */
  readonly server: string;
  readonly repository: string;
  /** Its number, which stays when it is renamed; empty where the runner does not tell it. */
  readonly repositoryId: string;
  readonly runId: string;
  /** From 1; a re-run counts one more. */
  readonly runAttempt: number;
  /** The commit whose statuses are kept; empty where there is none. */
  readonly sha: string;
  readonly workflow: string;
}

/** Which step of which workflow run this is: all that tells it apart from every other. */
export type StepIdentity = Readonly<ReturnType<typeof readStepIdentity>>;

// GitHub allows 50 re-runs of a workflow run.
const maxAttempts = 51;

/** @param matrixIndex tells the legs of a matrix apart, which share run, job and step */
export function readStepIdentity({ env }: Runner, matrixIndex: string) {
  return {
    repository: env['GITHUB_REPOSITORY'] ?? '',
    runId: env['GITHUB_RUN_ID'] ?? '',
    runAttempt: Math.min(maxAttempts, Number(env['GITHUB_RUN_ATTEMPT']) || 1),
    workflow: env['GITHUB_WORKFLOW'] ?? '',
    job: env['GITHUB_JOB'] ?? '',
    matrixIndex,
    step: env['GITHUB_ACTION'] ?? '',
  };
}

/**
 * Reads which workflow run it is; null outside of GitHub.
 * @param sha the commit that it is about; empty where there is none
 */
export function readRunRef(runner: Runner, sha: string): RunRef | null {
  const { env } = runner;
  const { repository, runId, runAttempt, workflow } = readStepIdentity(runner, '');
  const server = URL.parse(env['GITHUB_SERVER_URL'] ?? 'https://github.com')?.host ?? '';
  const isKnown = /^[\w.-]+\/[\w.-]+$/.test(repository) && /^\d+$/.test(runId) && server !== '';
  if (!isKnown) return null;
  const id = env['GITHUB_REPOSITORY_ID'] ?? '';
  const repositoryId = /^\d+$/.test(id) ? id : '';
  return { server, repository, repositoryId, runId, runAttempt, sha, workflow };
}

/** Address of a workflow run's page. */
export function runUrl({ server, repository, runId }: RunRef): string {
  return `https://${server}/${repository}/actions/runs/${runId}`;
}

/** Where a step may keep files for later steps of its job. */
export function tempFolder({ env }: Runner): string {
  return env['RUNNER_TEMP'] || tmpdir();
}

const forkPullRequest = z.object({
  pull_request: z.object({ head: z.object({ repo: z.nullable(z.object({ fork: z.boolean() })) }) }),
});

/** Whether a pull request from a fork has started the workflow, so that it has no secrets. */
export function isForkEvent(runner: Runner): boolean {
  // With pull_request_target it has them.
  if (runner.env['GITHUB_EVENT_NAME'] !== 'pull_request') return false;
  const event = forkPullRequest.safeParse(readEvent(runner));
  // The repository of the head is null where the fork was deleted.
  return event.success && event.data.pull_request.head.repo?.fork !== false;
}

/** The event that started the workflow, as GitHub describes it; undefined where that cannot be read. */
export function readEvent({ env }: Pick<Runner, 'env'>): unknown {
  try {
    return parseJson(readFileSync(env['GITHUB_EVENT_PATH'] ?? '', 'utf8'));
  } catch {
    return undefined;
  }
}
