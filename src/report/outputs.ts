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

// The outputs of a workflow's job hold about 1 MB, counted in UTF-16, and this step is one of several:
// with these bounds, and those of the texts that the service gives, a thousand jobs take less than
// half of it.
const maxReason = 4_000;
const maxNodeUrls = 60_000;
/** Most characters of the output `message`: no more than GitHub and chats show of a text. */
export const maxMessage = 1_000;
// Linux takes no environment variable above 128 KiB, and scripts read this output from one.
const maxJobsBytes = 100_000;

const unfinished = 'The step ended before it could report what became of its jobs: see its log.';

/**
 * Sets the step's outputs from what became of each job; without any, before anything else, so that
 * what is JSON is JSON on every way out: `fromJSON` fails for an empty text.
 */
export function writeOutputs(
  runner: Runner,
  outcomes: readonly Outcome[] = [],
  message = unfinished,
): void {
  const worstFirst = sortByResult(outcomes);
  const worstJob = worstFirst.find(({ job }) => job !== null)?.job;
  const uuids = outcomes.map(uuidOf);
  const urls = outcomes.flatMap(nodeUrlsOf);
  const cost = totalCostOf(outcomes);
  writeVerdict(runner, worstFirst[0]?.result ?? 'error', message);
  runner.output('job-uuid', uuids.find((uuid) => uuid !== null) ?? '');
  runner.output('job-uuids', JSON.stringify(uuids));
  runner.output('status', worstJob?.status ?? '');
  runner.output('status-reason', cut(worstJob?.status_reason ?? '', maxReason));
  if (cost !== null) runner.output('cost-usd', String(cost.usd));
  const shownUrls = firstThatFit(
    urls.map((url) => JSON.stringify(url)),
    maxNodeUrls,
  );
  runner.output('node-urls', `[${shownUrls.join(',')}]`);
  const url = mainUrlOf(urls, outcomes[0]?.readyCheck?.port ?? null)?.url;
  if (url !== undefined) runner.output('url', url);
  runner.output('results', JSON.stringify(outcomes[0]?.results ?? {}));
  const jobs = outcomes.map(describeJob);
  writeJobList(runner, 'jobs', jobs);
  writeOutputFile(runner, 'jobs-path', 'jobs.json', JSON.stringify(jobs));
}

/** Sets the outputs that every way out has, beside the JSON. */
export function writeVerdict(runner: Runner, result: Result, message: string): void {
  runner.output('result', result);
  runner.output('message', cut(message, maxMessage));
}

/** Sets an output to a list of jobs, which is shortened where it is long. */
export function writeJobList(
  runner: Runner,
  output: string,
  jobs: readonly ReturnType<typeof describeJob>[],
): void {
  const full = JSON.stringify(jobs);
  const shorten = ({ job_uuid, title, status, result }: (typeof jobs)[number]) => ({
    job_uuid,
    title: sanitizeLine(title, 60),
    status: status && sanitizeLine(status, 30),
    result,
  });
  const isLong = Buffer.byteLength(full) > maxJobsBytes;
  runner.output(output, isLong ? JSON.stringify(jobs.map(shorten)) : full);
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
  return (submitted) => {
    outcomes[submitted.ref.index] = createOutcome(submitted);
    known += 1;
    if (known <= maxEarly || known === refs.length) writeOutputs(runner, outcomes);
  };
}

/** Sets the output ssh-config: early, for steps that run though this one has failed. */
export function writeSshConfig(runner: Runner, path: string): void {
  runner.output('ssh-config', path);
}

/** Sets the output access-token. It is masked already. */
export function writeAccessToken(runner: Runner, token: string): void {
  runner.output('access-token', token);
}

const folders = new WeakMap<Runner, string>();

/**
 * Writes a file for the steps that follow, and sets an output to its path. Of the same name there is
 * one file, the last. A failure is a warning, and leaves the output empty.
 */
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
