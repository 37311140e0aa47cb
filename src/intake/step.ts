import type { Runner } from '../runner.ts';

/** Which step of which workflow run this is: all that tells it apart from every other. */
export interface Step {
  readonly repository: string;
  readonly runId: string;
  readonly runAttempt: string;
  readonly workflow: string;
  readonly job: string;
  /** Tells the legs of a matrix apart, which share run, job and step. */
  readonly matrixIndex: string;
  readonly step: string;
  /** Address of the workflow run's page; undefined outside of GitHub. */
  readonly runUrl: string | undefined;
}

/** Reads the step's identity from the runner's environment. */
export function readStep({ env }: Runner, matrixIndex: string): Step {
  const repository = env['GITHUB_REPOSITORY'] ?? '';
  const runId = env['GITHUB_RUN_ID'] ?? '';
  const server = env['GITHUB_SERVER_URL'] ?? 'https://github.com';
  return {
    repository,
    runId,
    runAttempt: env['GITHUB_RUN_ATTEMPT'] ?? '1',
    workflow: env['GITHUB_WORKFLOW'] ?? '',
    job: env['GITHUB_JOB'] ?? '',
    matrixIndex,
    step: env['GITHUB_ACTION'] ?? '',
    runUrl: repository && runId ? `${server}/${repository}/actions/runs/${runId}` : undefined,
  };
}
