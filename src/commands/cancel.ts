import { asError } from '../errors.ts';
import { readCancelInputs, type CancelInputs } from '../inputs/job.ts';
import { stop } from '../jobs/cancel.ts';
import type { Outcome } from '../jobs/records.ts';
import { noCommitStatus } from '../report/commit-status.ts';
import { reportOutcomes, reportFailure } from '../report/report.ts';
import { isFinal } from '../jobs/status.ts';
import { resultOf } from '../jobs/policy.ts';
import { givenJob, unknownOutcome } from './given-jobs.ts';
import { withSession, type Session, type SessionPlan } from './session.ts';
import type { Deps } from './deps.ts';

/** Cancels jobs, and reports; that a job has already ended is no error. Never rejects. */
export async function cancel(world: Deps): Promise<void> {
  const { runner } = world;
  try {
    const inputs = await readCancelInputs(runner);
    const plan = planOf(inputs);
    const outcomes = await withSession(plan, world, async (session) =>
      Promise.all(
        inputs['job-uuids'].map(async (uuid, index) =>
          session.inTurn(async () => cancelOne(uuid, index, inputs.reason, session)),
        ),
      ),
    );
    await reportOutcomes(runner, outcomes, plan.policy, isFine);
  } catch (error) {
    await reportFailure(runner, error);
  }
}

// Time enough to see a container shut down.
const timeoutMs = 5 * 60_000;

function planOf(inputs: CancelInputs): SessionPlan {
  return {
    apiUrl: inputs['api-url'],
    keys: { publicKey: inputs['public-key'], secretKey: inputs['secret-key'] },
    timeoutMs,
    pollInterval: 'auto',
    waitUntil: undefined,
    policy: { onTimeout: 'fail', onWorkflowCancel: 'detach' },
    failFast: false,
    logs: 'none',
    jobCount: inputs['job-uuids'].length,
    commitStatus: noCommitStatus,
  };
}

// Here a cancelled job is what was asked for.
function isFine({ result }: Outcome): boolean {
  return result !== 'error';
}

async function cancelOne(
  jobUuid: string,
  index: number,
  reason = 'Cancelled by a workflow',
  session: Session,
): Promise<Outcome> {
  const { world, client, end, log, plan } = session;
  const subject = givenJob(jobUuid, index);
  log.cancelling(jobUuid, reason);
  try {
    const job = await stop(jobUuid, reason, { ...world, client, signal: end.signal });
    if (!isFinal(job.status)) log.notEnded(job);
    const timeline = [{ status: job.status, atMs: world.clock.now() }];
    const ending = isFinal(job.status) ? 'final' : 'interrupt';
    const result = resultOf(ending, job.status, { ...plan.policy, onWorkflowCancel: 'cancel' });
    return unknownOutcome(subject, { job, timeline, result });
  } catch (error) {
    return unknownOutcome(subject, { error: asError(error) });
  }
}
