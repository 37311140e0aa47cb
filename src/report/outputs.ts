import type { Outcome } from '../records.ts';
import type { Runner } from '../runner.ts';
import { compareResults } from '../verdict.ts';
import { costOf } from './cost.ts';
import { recipeOf, spansOf, titleOf, uuidOf } from './facts.ts';
import { writeFindings } from './findings.ts';
import { nodeUrlsOf } from './node-urls.ts';

/** Sets the step's outputs from what became of each order. */
export function writeOutputs(runner: Runner, outcomes: readonly Outcome[]): void {
  const worstFirst = outcomes.toSorted((a, b) => compareResults(a.result, b.result));
  const worstJob = worstFirst.find(({ job }) => job !== null)?.job;
  const uuids = outcomes.map(uuidOf);
  runner.output('result', worstFirst[0]?.result ?? 'error');
  runner.output('job-uuid', uuids.find((uuid) => uuid !== null) ?? '');
  runner.output('job-uuids', JSON.stringify(uuids));
  runner.output('status', worstJob?.status ?? '');
  runner.output('status-reason', worstJob?.status_reason ?? '');
  runner.output('jobs', JSON.stringify(outcomes.map(describeJob)));
  writeFindings(runner, outcomes);
}

function describeJob(outcome: Outcome) {
  const { subject, job, result } = outcome;
  const { queueSeconds, runSeconds } = spansOf(outcome);
  return {
    recipe_uuid: recipeOf(outcome),
    job_uuid: uuidOf(outcome),
    title: titleOf(subject, job),
    status: job?.status ?? null,
    result,
    status_reason: job?.status_reason ?? null,
    created_at: job?.created_at ?? null,
    started_at: job?.started_at ?? null,
    completed_at: job?.completed_at ?? null,
    queue_seconds: queueSeconds,
    run_seconds: runSeconds,
    cost_usd: costOf(outcome),
    node_urls: nodeUrlsOf(outcome),
  };
}
