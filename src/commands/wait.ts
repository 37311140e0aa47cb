import type { Deps } from '../deps.ts';
import { ServiceError } from '../errors.ts';
import { readCommitSha } from '../github/commit.ts';
import { openCommitStatus } from '../github/commit-status.ts';
import { readRunRef } from '../inputs/context.ts';
import { readInputs } from '../inputs/read.ts';
import { waitInputs } from '../inputs/tables.ts';
import { noRunData, type RunData } from '../jobs/records.ts';
import { createEarlyOutputs, writeInitialOutputs } from '../report/outputs.ts';
import { reportFailure, reportOutcomes } from '../report/report.ts';
import type { Job } from '../service/schemas.ts';
import { givenJob, type Entry, setSeen } from '../step/entry.ts';
import { finish } from '../step/finish.ts';
import { withStep } from '../step/open.ts';
import { createPlan } from '../step/plan.ts';
import { reconcileEntry } from '../step/reconcile-entry.ts';
import type { Step } from '../step/step.ts';
import { failFast, reportEnd, saveFacts, trackJob } from '../step/update.ts';
import { watchToEnd } from '../step/watch.ts';

/** Waits for jobs that were cooked elsewhere, and reports; never rejects. */
export async function wait(deps: Deps): Promise<void> {
  const { runner } = deps;
  try {
    // 1. Inputs
    writeInitialOutputs(runner);
    const inputs = readInputs(runner, waitInputs);
    const jobs = inputs['job-uuids'].map(givenJob);
    const refs = jobs.map(({ ref }) => ref);
    // 2. Wait
    const run = readRunRef(runner, await readCommitSha(deps, inputs));
    const commitStatus = openCommitStatus(inputs, refs, run, deps);
    const listeners = [{ submitted: createEarlyOutputs(runner, refs) }, commitStatus];
    const outcomes = await withStep(createPlan(inputs), jobs, listeners, deps, async (step) => {
      const runData = await Promise.all(step.entries.map(async (entry) => waitFor(step, entry)));
      return finish(step, runData, commitStatus);
    });
    // 3. Report
    await reportOutcomes(runner, outcomes);
  } catch (error) {
    await reportFailure(runner, error);
  }
}

async function waitFor(step: Step, entry: Entry): Promise<RunData> {
  const answer = await readFirst(step, entry.ref.jobUuid ?? '');
  let runData = noRunData;
  if (answer !== null && !(answer instanceof ServiceError)) {
    trackJob(step, entry, answer, 'given');
    runData = await watchToEnd(step, entry);
  } else {
    if (answer !== null) {
      setSeen(entry, { error: answer });
      saveFacts(step, entry, { stop: 'lost' });
      failFast(step);
    }
    await reconcileEntry(step, entry);
  }
  reportEnd(step, entry, runData);
  return runData;
}

/** The job as it is when the step comes to it; null where the wait ends before the service tells. */
async function readFirst(
  { poller, end }: Pick<Step, 'poller' | 'end'>,
  jobUuid: string,
): Promise<Job | ServiceError | null> {
  let first: Job | ServiceError | null = null;
  const take = (answer: Job | ServiceError) => {
    first = answer;
    return true;
  };
  // When it was cooked is not known: it may have been a moment ago.
  await poller.watch(jobUuid, take, end.signal, { isKnown: false, isNew: true });
  return first;
}
