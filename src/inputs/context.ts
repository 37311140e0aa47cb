import { tmpdir } from 'node:os';
import type { Runner } from '../runtime.ts';

/** Which step of which workflow run this is: all that tells it apart from every other. */
export interface Step {
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
export function readStep({ env }: Runner, matrixIndex: string): Step {
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

/** Where a step may keep files for later steps of its job. */
export function tempFolder({ env }: Runner): string {
  return env['RUNNER_TEMP'] || tmpdir();
}
