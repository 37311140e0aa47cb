import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tempFolder } from '../inputs/context.ts';
import { createOutcome } from '../jobs/outcome.ts';
import type { Outcome, JobRef, SubmittedJob } from '../jobs/records.ts';
import type { Runner } from '../runner.ts';
import { sortByResult, type Result } from '../jobs/results.ts';
import { hourlyRateOf, pricedCostOf, totalCostOf } from '../money/cost.ts';
import { recipeOf, durationsOf, titleOf, uuidOf } from '../jobs/metrics.ts';
import { mainUrlOf, nodeUrlsOf } from '../jobs/node-urls.ts';
import { cut } from '../text.ts';
import { describeTrouble, firstThatFit } from './format.ts';
import { sanitizeLine } from './sanitize.ts';

// The outputs of a workflow's job hold about 1 MB, counted in UTF-16: with these bounds, a thousand
// jobs take less than half of it.
const maxReason = 4_000;
const maxNodeUrls = 60_000;
/** Most characters of the output `message`: no more than GitHub and chats show of a text. */
export const maxMessage = 1_000;
// Linux takes no environment variable above 128 KiB, and scripts read this output from one.
const maxJobsBytes = 100_000;

/**
 * Sets the step's outputs; without outcomes, before anything else, so that what is JSON is JSON on
 * every way out: `fromJSON` fails for an empty text.
 */
export function writeOutputs(
  runner: Runner,
  outcomes: readonly Outcome[] = [],
  message = 'The step ended before it could report its jobs. See the log of the step.',
): void {
  const worstFirst = sortByResult(outcomes);
  writeVerdict(runner, worstFirst[0]?.result ?? 'error', message);
  const uuids = outcomes.map(uuidOf);
  runner.output('job-uuid', uuids.find((uuid) => uuid !== null) ?? '');
  runner.output('job-uuids', JSON.stringify(uuids));
  const worstJob = worstFirst[0]?.job;
  runner.output('status', worstJob?.status ?? '');
  runner.output('status-reason', cut(worstJob?.status_reason ?? '', maxReason));
  const cost = totalCostOf(outcomes);
  if (cost !== null) runner.output('cost-usd', String(cost.usd));
  const urls = outcomes.flatMap(nodeUrlsOf);
  const texts = urls.map((each) => JSON.stringify(each));
  runner.output('node-urls', `[${firstThatFit(texts, maxNodeUrls).join(',')}]`);
  const url = mainUrlOf(
    outcomes.slice(0, 1).flatMap(nodeUrlsOf),
    outcomes[0]?.readyCheck?.port ?? null,
  )?.url;
  if (url !== undefined) runner.output('url', url);
  runner.output('results', JSON.stringify(outcomes[0]?.results ?? {}));
  const jobs = outcomes.map(describeJob);
  writeJobList(runner, 'jobs', jobs);
  writeOutputFile(runner, 'jobs-path', 'jobs.json', JSON.stringify(jobs));
}

/** Sets the outputs that say how the step ended. */
export function writeVerdict(runner: Runner, result: Result, message: string): void {
  runner.output('result', result);
  runner.output('message', cut(message, maxMessage));
}

/** Sets an output to a list of jobs, shortened from 100 KB on. */
export function writeJobList(
  runner: Runner,
  output: string,
  jobs: readonly ReturnType<typeof describeJob>[],
): void {
  const full = JSON.stringify(jobs);
  const short = jobs.map(({ job_uuid, title, status, result }) => ({
    job_uuid,
    title: sanitizeLine(title, 60),
    status: status && sanitizeLine(status, 30),
    result,
  }));
  const isLong = Buffer.byteLength(full) > maxJobsBytes;
  runner.output(output, isLong ? JSON.stringify(short) : full);
}

/** A job as the output `jobs` has it. */
export function describeJob(outcome: Outcome) {
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
    gpu_name: job?.gpu_name ?? null,
    attempts: outcome.earlierTries.length + 1,
    hourly_rate_usd: hourlyRateOf(outcome),
    cost_usd: cost?.usd ?? null,
    cost_is: cost?.is ?? null,
    node_urls: nodeUrlsOf(outcome),
    results: outcome.results ?? {},
  };
}

const maxEarly = 50;

/**
 * Sets the outputs as soon as jobs are created, in case the process is killed: the runner reads the
 * last value of an output that was set twice.
 * @param refs all jobs that the step may have, in their order
 */
export function createEarlyOutputs(
  runner: Runner,
  refs: readonly JobRef[],
): (submitted: SubmittedJob) => void {
  const outcomes = refs.map((ref) => createOutcome({ ref }));
  let known = 0;
  return (submitted) => {
    outcomes[submitted.ref.index] = createOutcome(submitted);
    known += 1;
    if (known <= maxEarly || known === refs.length) writeOutputs(runner, outcomes);
  };
}

const folders = new WeakMap<Runner, string>();

/** Writes a file for the next steps, and sets an output to its path. A failure is a warning. */
export function writeOutputFile(runner: Runner, output: string, name: string, text: string): void {
  try {
    const folder = folders.get(runner) ?? mkdtempSync(join(tempFolder(runner), 'dispersed-'));
    folders.set(runner, folder);
    const path = join(folder, name);
    writeFileSync(path, text);
    runner.output(output, path);
  } catch (error) {
    const title = `The file of the output ${output} could not be written`;
    runner.annotate('warning', title, describeTrouble(runner, error));
  }
}
