import { startDeadline } from '../clock.ts';
import { hasFinished } from '../jobs/restart.ts';
import { passes } from '../jobs/results.ts';
import { readJob } from '../service/endpoints.ts';
import type { Entry } from './entry.ts';
import type { Step } from './step.ts';
import { applyUpdate, failFast, outcomeNow, saveEnded } from './update.ts';

// A step whose jobs do all that was asked is not to wait for it.
const maxRefreshMs = 10_000;

/**
 * Reads once more the jobs that did what was asked for while others were waited for: they may have
 * ended since, and are then reported as jobs that have.
 */
export async function refreshRunning(step: Step): Promise<void> {
  const { entries, end, deps, plan } = step;
  const running = entries.filter(({ facts }) => facts.stop === 'goal');
  if (entries.length < 2 || plan.goalResult !== 'running' || end.signal.aborted) return;
  const { signal, clear } = startDeadline(deps.clock, maxRefreshMs, end.signal);
  await Promise.all(running.map(async (entry) => refreshOne(step, entry, signal)));
  clear();
  if (running.some((entry) => !passes(outcomeNow(step, entry).result))) failFast(step);
}

async function refreshOne(step: Step, entry: Entry, signal: AbortSignal): Promise<void> {
  const [own] = entry.facts.jobs;
  if (own === undefined) return;
  await step.poller.watch(
    own.uuid,
    (answer) => {
      if (answer instanceof Error || signal.aborted || !hasFinished(answer)) return true;
      applyUpdate(step, entry, answer);
      saveEnded(step, entry, answer, 'ended');
      return true;
    },
    signal,
    false,
  );
}

/** Reads a job once more that may have ended since the last look, when the wait was cut short. */
export async function refreshStatus(step: Step, entry: Entry): Promise<void> {
  const { job, cancel } = entry.seen;
  if (job === null || entry.facts.stop !== null || cancel !== null) return;
  const seen = await readJob(step.client, job.uuid, step.end.deadline).catch(() => null);
  if (seen === null) return;
  applyUpdate(step, entry, seen);
  if (hasFinished(seen)) saveEnded(step, entry, seen);
}
