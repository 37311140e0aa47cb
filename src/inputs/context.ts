import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { parseJson } from '../service/json.ts';
import type { Runner } from '../runner.ts';

/**
 * Which workflow run it is, for the mark of its jobs: nothing in it is secret. `server` is the host of
 * GitHub's pages; `repositoryId`, a number that outlives renames, and `sha`, the commit whose statuses
 * are kept, may be empty; `runAttempt` counts from 1.
 */
export type RunRef = Readonly<NonNullable<ReturnType<typeof readRunRef>>>;

/** Which step of which workflow run this is: all that tells it apart from every other. */
export type StepIdentity = Readonly<ReturnType<typeof readStepIdentity>>;

/** @param matrixIndex tells the legs of a matrix apart, which share run, job and step */
export function readStepIdentity({ env }: Runner, matrixIndex: string) {
  return {
    repository: env['GITHUB_REPOSITORY'] ?? '',
    runId: env['GITHUB_RUN_ID'] ?? '',
    runAttempt: Number(env['GITHUB_RUN_ATTEMPT']) || 1,
    workflow: env['GITHUB_WORKFLOW'] ?? '',
    job: env['GITHUB_JOB'] ?? '',
    matrixIndex,
    step: env['GITHUB_ACTION'] ?? '',
  };
}

/** Reads which workflow run it is; null outside of GitHub. */
export function readRunRef(runner: Runner, sha: string) {
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

/** The event that started the workflow, as GitHub describes it; undefined if it cannot be read. */
export function readEvent({ env }: Runner): unknown {
  try {
    return parseJson(readFileSync(env['GITHUB_EVENT_PATH'] ?? '', 'utf8'));
  } catch {
    return undefined;
  }
}
