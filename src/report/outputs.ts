import type { JsonMapping } from '../api/sign.ts';
import { noRunData, type Outcome, type JobRef, type SubmittedJob } from '../jobs/records.ts';
import type { Runner } from '../runtime.ts';
import { compareResults } from '../jobs/results.ts';
import { costOf } from '../jobs/cost.ts';
import { recipeOf, durationsOf, titleOf, uuidOf } from '../jobs/metrics.ts';
import { mainUrlOf, nodeUrlsOf } from '../jobs/node-urls.ts';

/** Sets the step's outputs from what became of each job. */
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
  writeRunOutputs(runner, outcomes);
}

// With more jobs, each of them would write all outputs once more.
const maxEarly = 50;

/**
 * Sets the outputs as soon as jobs are created, in case the process is killed: the runner reads what
 * was written, and the last value of an output that was set twice.
 * @param refs all jobs that the step may have, in their order
 * @returns to be called for each job as soon as it is created
 */
export function createEarlyOutputs(
  runner: Runner,
  refs: readonly JobRef[],
): (submitted: SubmittedJob) => void {
  const outcomes = refs.map((ref) => ({ ...notYetKnown, ref }));
  let known = 0;
  runner.output('result', notYetKnown.result);
  return (submitted) => {
    outcomes[submitted.ref.index] = { ...notYetKnown, ...submitted };
    known += 1;
    if (known <= maxEarly || known === refs.length) writeOutputs(runner, outcomes);
  };
}

// If it stays at that, the job was not watched to its end.
const notYetKnown: Omit<Outcome, 'ref'> = {
  ...noRunData,
  result: 'error',
  job: null,
  origin: null,
  submittedAtMs: null,
  timeline: [],
  ending: null,
  error: null,
  cancel: null,
  readyCheck: null,
  readiness: null,
  isKept: false,
  unansweredMark: null,
};

function describeJob(outcome: Outcome) {
  const { ref, job, result } = outcome;
  const { queueSeconds, runSeconds } = durationsOf(outcome);
  return {
    recipe_uuid: recipeOf(outcome),
    job_uuid: uuidOf(outcome),
    title: titleOf(ref, job),
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

/** Sets the output logs-path; early, so that it is set even if this process is killed. */
export function writeLogsPath(runner: Runner, folder: string): void {
  runner.output('logs-path', folder);
}

/**
 * Sets the output access-token: that of the first job that has one.
 * @param tokens of the jobs, in their order; masked already
 */
export function writeAccessToken(runner: Runner, tokens: readonly (string | null)[]): void {
  const token = tokens.find((each) => each !== null);
  if (token !== undefined) runner.output('access-token', token);
}

/** Sets the outputs that come from the jobs' runs, where there are any. */
export function writeRunOutputs(runner: Runner, outcomes: readonly Outcome[]): void {
  const urls = outcomes.flatMap(nodeUrlsOf);
  if (urls.length > 0) runner.output('node-urls', JSON.stringify(urls));
  const main = mainUrlOf(urls, outcomes[0]?.readyCheck?.port ?? null);
  if (main !== undefined) runner.output('url', main.url);
  const results = resultsOf(runner, outcomes);
  if (results !== null) runner.output('results', results);
}

// The outputs of a whole workflow job hold about 1 MB, and this step has others.
const maxCharacters = 500_000;

/** Of one job its own, of several an object by job UUID; null where there are none. */
function resultsOf(runner: Runner, outcomes: readonly Outcome[]): string | null {
  const reports = outcomes.filter(({ results }) => results !== null);
  if (reports.length === 0) return null;
  if (outcomes.length === 1) return JSON.stringify(reports[0]?.results);
  const members = reports.map((outcome) => member(uuidOf(outcome), outcome.results));
  let size = 0;
  const kept = members.filter((text) => (size += text.length) <= maxCharacters);
  const left = members.length - kept.length;
  if (left > 0) {
    runner.annotate(
      'warning',
      'The output results is incomplete',
      `The results of ${left} jobs do not fit into the limit of ${maxCharacters / 1000} KB. Each job's results are in its log.`,
    );
  }
  return `{${kept.join(',')}}`;
}

function member(uuid: string | null, results: JsonMapping | null): string {
  return `${JSON.stringify(uuid ?? '')}:${JSON.stringify(results)}`;
}
