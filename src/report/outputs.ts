import type { JsonMapping } from '../service/sign.ts';
import { createOutcome } from '../jobs/outcome.ts';
import type { Outcome, JobRef, SubmittedJob } from '../jobs/records.ts';
import type { Runner } from '../runner.ts';
import { compareResults } from '../jobs/results.ts';
import { hourlyRateOf, pricedCostOf, totalCostOf } from '../money/cost.ts';
import { recipeOf, durationsOf, titleOf, uuidOf } from '../jobs/metrics.ts';
import { writeJobsOutput, type JobDescription } from './jobs-output.ts';
import { mainUrlOf, nodeUrlsOf } from '../jobs/node-urls.ts';
import { cut } from '../text.ts';

/** Sets the step's outputs from what became of each job. */
export function writeOutputs(runner: Runner, outcomes: readonly Outcome[]): void {
  const worstFirst = outcomes.toSorted((a, b) => compareResults(a.result, b.result));
  const worstJob = worstFirst.find(({ job }) => job !== null)?.job;
  const uuids = outcomes.map(uuidOf);
  runner.output('result', worstFirst[0]?.result ?? 'error');
  runner.output('job-uuid', uuids.find((uuid) => uuid !== null) ?? '');
  runner.output('job-uuids', JSON.stringify(uuids));
  runner.output('status', worstJob?.status ?? '');
  runner.output('status-reason', cut(worstJob?.status_reason ?? '', maxReason));
  const total = totalCostOf(outcomes);
  if (total !== null) runner.output('cost-usd', String(total.usd));
  const taken = JSON.stringify(uuids).length + writeRunOutputs(runner, outcomes);
  writeJobsOutput(runner, outcomes.map(describeJob), maxCharacters - ownCharacters - taken);
}

// The outputs of a workflow's job hold about 1 MB, counted in UTF-16, and this step is one of several.
const maxCharacters = 450_000;
const maxReason = 4_000;
// For all outputs that are one short text each.
const ownCharacters = 15_000;
// Together they leave room for the UUID, status and result of a thousand jobs.
const maxResults = 200_000;
const maxNodeUrls = 60_000;

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
  // If it stays at that, the job was not watched to its end.
  const outcomes = refs.map((ref) => createOutcome({ ref }));
  let known = 0;
  runner.output('result', 'error');
  return (submitted) => {
    outcomes[submitted.ref.index] = createOutcome(submitted);
    known += 1;
    if (known <= maxEarly || known === refs.length) writeOutputs(runner, outcomes);
  };
}

/** A job as the output `jobs` tells it. */
export function describeJob(outcome: Outcome): JobDescription {
  const { ref, job, result } = outcome;
  const { queueSeconds, runSeconds } = durationsOf(outcome);
  const cost = pricedCostOf(outcome);
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
    attempts: outcome.earlierTries.length + 1,
    hourly_rate_usd: hourlyRateOf(outcome),
    cost_usd: cost?.usd ?? null,
    cost_is: cost?.is ?? null,
    node_urls: nodeUrlsOf(outcome),
  };
}

/** Sets the output summary-path. */
export function writeSummaryPath(runner: Runner, path: string): void {
  runner.output('summary-path', path);
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

/**
 * Sets the outputs that come from the jobs' runs, where there are any.
 * @returns how many characters they have
 */
export function writeRunOutputs(runner: Runner, outcomes: readonly Outcome[]): number {
  const urls = outcomes.flatMap(nodeUrlsOf);
  const addresses = `[${thatFit(
    urls.map((url) => JSON.stringify(url)),
    maxNodeUrls,
  ).join(',')}]`;
  if (urls.length > 0) runner.output('node-urls', addresses);
  const main = mainUrlOf(urls, outcomes[0]?.readyCheck?.port ?? null);
  if (main !== undefined) runner.output('url', main.url);
  const results = resultsOf(runner, outcomes);
  if (results !== null) runner.output('results', results);
  return addresses.length + (results?.length ?? 0);
}

/** The first of these texts that fit into so many characters, commas between them included. */
function thatFit(texts: readonly string[], max: number): readonly string[] {
  let size = 0;
  return texts.filter((text) => (size += text.length + 1) <= max);
}

/** Of one job its own, of several an object by job UUID; null where there are none. */
function resultsOf(runner: Runner, outcomes: readonly Outcome[]): string | null {
  const reports = outcomes.filter(({ results }) => results !== null);
  if (reports.length === 0) return null;
  if (outcomes.length === 1) return JSON.stringify(reports[0]?.results);
  const members = reports.map((outcome) => member(uuidOf(outcome), outcome.results));
  const kept = thatFit(members, maxResults);
  const left = members.length - kept.length;
  if (left > 0) {
    runner.annotate(
      'warning',
      'The output results is incomplete',
      `The results of ${left} jobs do not fit into the limit of ${maxResults / 1000} KB. Each job's results are in its log.`,
    );
  }
  return `{${kept.join(',')}}`;
}

function member(uuid: string | null, results: JsonMapping | null): string {
  return `${JSON.stringify(uuid ?? '')}:${JSON.stringify(results)}`;
}
