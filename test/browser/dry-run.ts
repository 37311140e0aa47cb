import { noCeilings } from '../../src/money/ceilings.ts';
import { reportDryRun } from '../../src/report/dry-run-report.ts';
import { plannedCook } from '../support/plans.ts';
import { rememberingRunner } from '../runner/in-process.ts';

/** The summary of a dry run of two entries, one of which cannot be cooked. */
export async function dryRunSummary(): Promise<string> {
  const runner = rememberingRunner({});
  const body = {
    title: 'Nightly render',
    max_timeout_run_ms: 7_200_000,
    parameters: { type: 'docker', parameters: { image: 'ghcr.io/acme/render', env: { KEY: 'x' } } },
  };
  const error = new Error('GET /v1/job-recipes (HTTP 404): x');
  const plans = [plannedCook(0, body), { ...plannedCook(1, body), body: {}, error }];
  await reportDryRun(runner, plans, noCeilings, error);
  return runner.summary();
}
