import { asError, InterruptedError } from '../errors.ts';
import { readWaitInputs } from '../inputs/job.ts';
import type { Outcome, SubmittedJob } from '../jobs/records.ts';
import { openCommitStatus } from '../report/commit-status.ts';
import { createEarlyOutputs } from '../report/outputs.ts';
import { reportOutcomes, reportTrouble } from '../report/report.ts';
import { resultOf } from '../jobs/policy.ts';
import { follow, settleUnwatched } from './follow.ts';
import { givenJob, unknownOutcome, type GivenJob } from './given-jobs.ts';
import { ended, planOf, withSession, type Session, type SessionPlan } from './session.ts';
import type { Deps } from './deps.ts';

/** Waits for jobs that were cooked elsewhere, and reports; never rejects. */
export async function wait(world: Deps): Promise<void> {
  const { runner } = world;
  try {
    const inputs = await readWaitInputs(runner);
    const subjects = inputs['job-uuids'].map(givenJob);
    const commitStatus = openCommitStatus(inputs, subjects, world);
    const plan: SessionPlan = { ...planOf(inputs), jobCount: subjects.length, commitStatus };
    const tellEarly = createEarlyOutputs(runner, subjects);
    const outcomes = await withSession(plan, world, async (session) =>
      Promise.all(
        subjects.map(async (each) => ended(await waitFor(each, tellEarly, session), session)),
      ),
    );
    await reportOutcomes(runner, outcomes, plan.policy);
  } catch (error) {
    await reportTrouble(runner, error);
  }
}

async function waitFor(
  subject: GivenJob,
  tellEarly: (ticket: SubmittedJob) => void,
  session: Session,
): Promise<Outcome> {
  const { world, plan, read, log, ledger } = session;
  const { index, jobUuid } = subject;
  // Unlike a cook's, this job was there before: only where that is asked does it end with the step.
  const isKept = plan.policy.onWorkflowCancel === 'detach';
  ledger.write(index, { jobUuid, fate: isKept ? 'kept' : 'followed' });
  let job;
  try {
    job = await read(jobUuid);
  } catch (error) {
    return notRead(subject, error, session);
  }
  const ticket = { subject, origin: 'given', job, submittedAtMs: world.clock.now() } as const;
  log.began(ticket);
  tellEarly(ticket);
  return follow(ticket, session);
}

// Time was up before the service told anything of the job, or it refused to.
async function notRead(subject: GivenJob, error: unknown, session: Session): Promise<Outcome> {
  const { plan, end, ledger } = session;
  if (!(error instanceof InterruptedError)) {
    ledger.write(subject.index, { fate: 'kept' });
    return unknownOutcome(subject, { error: asError(error) });
  }
  const ending = end.ended() ?? 'interrupt';
  const job = await settleUnwatched(subject, ending, session);
  return unknownOutcome(subject, {
    ending,
    job,
    result: resultOf(ending, job?.status ?? '', plan.policy),
  });
}
