import { readWaitInputs } from '../inputs/job.ts';
import type { Job } from '../service/schemas.ts';
import { ServiceError } from '../errors.ts';
import { noRunData, type RunData } from '../jobs/records.ts';
import { openCommitStatus } from '../github/commit-status.ts';
import { createEarlyOutputs } from '../report/outputs.ts';
import { reportOutcomes, reportFailure } from '../report/report.ts';
import type { Deps } from '../deps.ts';
import { givenJob, record, tellEnd, type Entry } from '../step/entry.ts';
import { planOf } from '../step/plan.ts';
import { conclude, withStep, type Step } from '../step/step.ts';
import { adopt, watchToEnd } from '../step/watch.ts';

/** Waits for jobs that were cooked elsewhere, and reports; never rejects. */
export async function wait(deps: Deps): Promise<void> {
  const { runner } = deps;
  try {
    const inputs = await readWaitInputs(runner);
    const jobs = inputs['job-uuids'].map(givenJob);
    const refs = jobs.map(({ ref }) => ref);
    const commitStatus = openCommitStatus(inputs, refs, deps);
    const plan = planOf(inputs);
    const listeners = [{ submitted: createEarlyOutputs(runner, refs) }, commitStatus];
    const outcomes = await withStep(plan, jobs, listeners, deps, async (step) => {
      const runData = await Promise.all(step.entries.map(async (entry) => waitFor(step, entry)));
      return conclude(step, runData, commitStatus);
    });
    await reportOutcomes(runner, outcomes);
  } catch (error) {
    await reportFailure(runner, error);
  }
}

async function waitFor(step: Step, entry: Entry): Promise<RunData> {
  const job = await firstLook(step, entry);
  if (job !== null) adopt(step, entry, job, 'given');
  const runData = job === null ? noRunData : await watchToEnd(step, entry);
  tellEnd(step, entry, runData);
  return runData;
}

/** The job as it is when the step comes to it; null where the service does not tell before the end. */
async function firstLook(step: Step, entry: Entry): Promise<Job | null> {
  const uuid = entry.ref.jobUuid ?? '';
  record(step, entry, { jobs: [{ uuid, hasEnded: false }] });
  let job: Job | null = null;
  const take = (answer: Job | ServiceError) => {
    if (answer instanceof ServiceError) entry.error = answer;
    else job = answer;
    return true;
  };
  await step.poller.watch(uuid, take, step.end.signal, false);
  if (job !== null) return job;
  if (entry.error !== null) {
    record(step, entry, { stop: 'lost' });
    if (step.plan.failFast) step.end.endFor('fail-fast');
  }
  await step.reconcile(entry);
  return null;
}
