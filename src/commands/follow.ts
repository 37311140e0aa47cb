import { readJob } from '../api/endpoints.ts';
import type { Job } from '../api/schemas.ts';
import { asError } from '../errors.ts';
import { stop } from '../jobs/cancel.ts';
import { watch } from '../jobs/watch.ts';
import {
  noRunData,
  type StopReason,
  type Outcome,
  type JobRef,
  type SubmittedJob,
  type Watched,
} from '../jobs/records.ts';
import { nodeUrlsOf } from '../jobs/node-urls.ts';
import { isFinal } from '../jobs/status.ts';
import { mustStop, resultOf } from '../jobs/policy.ts';
import { results } from '../jobs/results.ts';
import type { JobLog } from '../logs/collector.ts';
import type { Session } from './session.ts';

/**
 * Watches a job to its end, or to the end of the wait, and then does with it what was asked. Never
 * rejects: whatever goes wrong, the job is not lost sight of.
 */
export async function follow(ticket: SubmittedJob, session: Session): Promise<Outcome> {
  try {
    return await followToEnd(ticket, session);
  } catch (error) {
    const subject = { ...ticket.subject, jobUuid: ticket.job.uuid };
    const job = (await settleUnwatched(subject, 'lost', session)) ?? ticket.job;
    const lost = { ending: 'lost', result: 'error', timeline: [], error: asError(error) } as const;
    return { ...ticket, ...noRunData, ...lost, job };
  }
}

async function followToEnd(ticket: SubmittedJob, session: Session): Promise<Outcome> {
  const { world, plan, end, log, logbook, nextLook } = session;
  const chapter = logbook.open(ticket);
  const seen = await watch(ticket, {
    clock: world.clock,
    read: async () => {
      const job = await session.read(ticket.job.uuid);
      chapter.onLook(job);
      return job;
    },
    nextLook,
    ended: end.ended,
    enoughToRun: ({ task }) => (plan.waitUntil ?? waitedFor(task)) === 'running',
    onStatusChange: log.changed,
  });
  const watched = await settle(ticket, await untilOfUse(seen, chapter, session), session);
  const { ending, job, timeline, error } = watched;
  noteFate(ticket.subject, ending, job, session);
  const result = resultOf(ending, job.status, plan.policy);
  if (plan.failFast && !results[result].passes) end.failFast();
  const findings = await chapter.close(result, {
    reads: ending !== 'lost',
    signal: end.lastCall,
  });
  if (ending === 'running') log.reachable(ticket, nodeUrlsOf({ job, ...findings }));
  return { ...ticket, ...findings, job, timeline, ending, error, result };
}

const reachableMs = 30_000;

// A server is of use once it is known where it is.
async function untilOfUse(watched: Watched, chapter: JobLog, { end }: Session): Promise<Watched> {
  const { ending, job } = watched;
  if (ending !== 'running' || job.parameters?.isReachable === false) return watched;
  await chapter.untilReachable(reachableMs, end.signal);
  return end.ended() === 'interrupt' ? { ...watched, ending: 'interrupt' } : watched;
}

/**
 * Does with a job that never was watched what is to be done at this ending.
 * @returns the job, if it was cancelled
 */
export async function settleUnwatched(
  subject: JobRef & { readonly jobUuid: string },
  ending: StopReason,
  session: Session,
): Promise<Job | null> {
  const job = mustStop(ending, session.plan.policy)
    ? await stopOne(subject, subject.jobUuid, ending, session)
    : null;
  noteFate(subject, ending, job, session);
  return job;
}

// A job that was to be cancelled stays doomed until its end was seen.
function noteFate({ index }: JobRef, ending: StopReason, job: Job | null, session: Session): void {
  if (job !== null && isFinal(job.status)) session.ledger.write(index, { fate: 'over' });
  else if (!mustStop(ending, session.plan.policy)) session.ledger.write(index, { fate: 'kept' });
}

// A job that runs until it is cancelled never completes by itself.
function waitedFor(task: string | null): 'completed' | 'running' {
  return task === 'PERSISTENT' ? 'running' : 'completed';
}

async function settle(ticket: SubmittedJob, watched: Watched, session: Session): Promise<Watched> {
  const { ending } = watched;
  if (ending === 'final' || ending === 'running') return watched;
  const job = mustStop(ending, session.plan.policy)
    ? ((await stopOne(ticket.subject, watched.job.uuid, ending, session)) ?? watched.job)
    : await lastLook(watched, session);
  if (job.status === watched.job.status) return { ...watched, job };
  const sighting = { status: job.status, atMs: session.world.clock.now() };
  session.log.changed(ticket, sighting, job);
  return { ...watched, job, timeline: [...watched.timeline, sighting] };
}

// It may have ended since the last look, and its owner would like to know.
async function lastLook({ job, ending }: Watched, { client, end }: Session): Promise<Job> {
  if (ending === 'lost') return job;
  return readJob(client, job.uuid, end.lastCall).catch(() => job);
}

const reasons: Readonly<Record<StopReason, string>> = {
  final: 'it has ended',
  running: 'it runs',
  lost: 'the service does not tell how it is',
  timeout: 'the time for waiting is over',
  interrupt: 'the workflow was cancelled',
  'fail-fast': 'another job of the step failed',
};

async function stopOne(
  { index }: JobRef,
  jobUuid: string,
  ending: StopReason,
  session: Session,
): Promise<Job | null> {
  const { log, client, world, end, ledger } = session;
  ledger.write(index, { fate: 'doomed' });
  log.stopping(jobUuid, reasons[ending]);
  try {
    const parts = { ...world, client, signal: end.lastCall };
    const stopped = await stop(jobUuid, `GitHub Actions: ${reasons[ending]}`, parts);
    if (!isFinal(stopped.status)) log.stillAlive(stopped);
    return stopped;
  } catch (error) {
    log.notStopped(jobUuid, error);
    return null;
  }
}
