import type { Deps } from '../deps.ts';
import { ServiceError } from '../errors.ts';
import { openCommitStatus, readCommitSha } from '../github/commit-status.ts';
import { readRunRef } from '../inputs/context.ts';
import { readInputs } from '../inputs/read.ts';
import { waitInputs } from '../inputs/tables.ts';
import { createEarlyOutputs, writeOutputs } from '../report/outputs.ts';
import { reportFailure, reportOutcomes } from '../report/report.ts';
import { givenJob, type Entry } from '../step/entry.ts';
import { finish, withStep } from '../step/open.ts';
import { createPlan, type Step } from '../step/step.ts';
import { failFast, reconcileEntry, reportEnd, trackJob } from '../step/update.ts';
import { lookOnce, setLost, watchToEnd } from '../step/watch.ts';

/** Waits for jobs that were cooked elsewhere, and reports; never rejects. */
export async function wait(deps: Deps): Promise<void> {
  const { runner } = deps;
  try {
    // 1. Inputs
    writeOutputs(runner);
    const inputs = readInputs(runner, waitInputs);
    const jobs = inputs['job-uuids'].map(givenJob);
    // 2. Wait
    const run = readRunRef(runner, await readCommitSha(deps, inputs));
    const commitStatus = openCommitStatus(inputs, jobs, run, deps);
    const listeners = [{ submitted: createEarlyOutputs(runner, jobs) }, commitStatus];
    const outcomes = await withStep(createPlan(inputs), jobs, listeners, deps, async (step) => {
      await Promise.all(step.entries.map(async (entry) => waitFor(step, entry)));
      return finish(step, commitStatus);
    });
    // 3. Report
    await reportOutcomes(runner, outcomes);
  } catch (error) {
    await reportFailure(runner, error);
  }
}

async function waitFor(step: Step, entry: Entry): Promise<void> {
  // null where the wait ends before the service answers.
  const answer = await lookOnce(step, entry.ref.jobUuid ?? '', step.end.signal);
  if (answer !== null && !(answer instanceof ServiceError)) {
    trackJob(step, entry, answer, 'given');
    await watchToEnd(step, entry);
  } else {
    if (answer !== null) {
      setLost(step, entry, answer);
      failFast(step);
    }
    await reconcileEntry(step, entry);
  }
  reportEnd(step, entry);
}
