import type { Deps } from '../deps.ts';
import { InterruptedError } from '../errors.ts';
import { toAccess } from '../inputs/access.ts';
import { readInputs } from '../inputs/read.ts';
import { cancelInputs } from '../inputs/tables.ts';
import type { Outcome } from '../jobs/records.ts';
import { formatClosing } from '../report/format.ts';
import { writeOutputs, writeVerdict } from '../report/outputs.ts';
import { reportFailure, reportOutcomes } from '../report/report.ts';
import { givenJob, type Entry, setSeen } from '../step/entry.ts';
import { withStep } from '../step/open.ts';
import { cancelPlan, type Step } from '../step/step.ts';
import { outcomeNow, reconcileEntry } from '../step/update.ts';

/** Cancels jobs, and reports; that a job has already ended is no error. Never rejects. */
export async function cancel(deps: Deps): Promise<void> {
  const { runner } = deps;
  try {
    // 1. Inputs
    writeOutputs(runner);
    const inputs = readInputs(runner, cancelInputs);
    const jobs = inputs['job-uuids'].map(givenJob);
    if (jobs.length === 0) {
      runner.print(noJob);
      writeVerdict(runner, 'cancelled', noJob);
      return;
    }
    // 2. Cancel
    const cancelReason = inputs.reason ?? 'canceled by a workflow';
    const plan = { ...cancelPlan, ...toAccess(inputs), timeoutMs, cancelReason };
    const outcomes = await withStep(plan, jobs, [], deps, async (step) => {
      const ended = await Promise.all(step.entries.map(async (entry) => cancelEntry(step, entry)));
      step.log.print(formatClosing(ended));
      return ended;
    });
    // 3. Report: here a canceled job is a success.
    await reportOutcomes(runner, outcomes, { isFine: ({ result }) => result !== 'error' });
  } catch (error) {
    await reportFailure(runner, error);
  }
}

const noJob = 'There is no job to cancel';

// With what comes after a timeout, time enough to see a container shut down.
const timeoutMs = 60_000;

async function cancelEntry(step: Step, entry: Entry): Promise<Outcome> {
  await reconcileEntry(step, entry);
  const { cancel: state, error, job } = entry.seen;
  const isDone = state === 'accepted' || entry.facts.jobs.every(({ hasEnded }) => hasEnded);
  if (job?.status === 'FAILED') entry.facts = { ...entry.facts, stop: 'ended' };
  if (!isDone) setSeen(entry, { cancel: 'failed', error: error ?? new InterruptedError() });
  // A job that is still running counts as one that an interrupt canceled.
  return outcomeNow(step, entry, { ends: ['interrupt'], hasVerdict: true });
}
