import { InterruptedError } from '../errors.ts';
import { toAccess } from '../inputs/access.ts';
import { readCancelInputs, type CancelInputs } from '../inputs/job.ts';
import { noCeilings } from '../money/ceilings.ts';
import { createOutcome } from '../jobs/outcome.ts';
import { noRunData, type Outcome } from '../jobs/records.ts';
import { reportOutcomes, reportFailure } from '../report/report.ts';
import type { Deps } from '../deps.ts';
import { givenJob, record, type Entry } from '../step/entry.ts';
import { withStep, type Step, type StepPlan } from '../step/step.ts';

/** Cancels jobs, and reports; that a job has already ended is no error. Never rejects. */
export async function cancel(deps: Deps): Promise<void> {
  const { runner } = deps;
  try {
    const inputs = await readCancelInputs(runner);
    const plan = cancelPlan(inputs);
    const jobs = inputs['job-uuids'].map(givenJob);
    const outcomes = await withStep(plan, jobs, [], deps, async (step) =>
      Promise.all(step.entries.map(async (entry) => cancelEntry(step, entry))),
    );
    await reportOutcomes(runner, outcomes, isFine);
  } catch (error) {
    await reportFailure(runner, error);
  }
}

// With what comes after a timeout, time enough to see a container shut down.
const timeoutMs = 60_000;

function cancelPlan(inputs: CancelInputs): StepPlan {
  return {
    ...toAccess(inputs),
    timeoutMs,
    pollInterval: 'auto',
    waitUntil: undefined,
    policy: { onTimeout: 'cancel', onWorkflowCancel: 'cancel', onJobEnd: 'keep' },
    goalResult: 'running',
    readyCheck: null,
    failFast: false,
    logs: 'none',
    ceilings: noCeilings,
    cancelReason: inputs.reason ?? 'cancelled by a workflow',
  };
}

// Here a cancelled job is what was asked for.
function isFine({ result }: Outcome): boolean {
  return result !== 'error';
}

async function cancelEntry(step: Step, entry: Entry): Promise<Outcome> {
  record(step, entry, { jobs: [{ uuid: entry.ref.jobUuid ?? '', hasEnded: false }] });
  await step.reconcile(entry);
  const isDone = entry.cancel === 'accepted' || entry.facts.jobs.every(({ hasEnded }) => hasEnded);
  if (!isDone) entry.error ??= new InterruptedError();
  // What has not ended in spite of the cancel is as if an interrupt had cancelled it.
  const facts = { ends: ['interrupt' as const], hasVerdict: true };
  return createOutcome(entry, facts, step.plan, noRunData);
}
