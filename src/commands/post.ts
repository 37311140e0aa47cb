import { rmSync } from 'node:fs';
import { openService, type Client } from '../service/client.ts';
import { readRunsOfJobs } from '../service/lists.ts';
import type { Job } from '../service/schemas.ts';
import { startDeadline } from '../clock.ts';
import { finishOwnStatuses } from '../github/statuses.ts';
import { toAccess } from '../inputs/access.ts';
import { readRunRef } from '../inputs/context.ts';
import { readInputs } from '../inputs/read.ts';
import { cleanUpInputs } from '../inputs/tables.ts';
import { readSavedState, stateNames, type EntryFacts } from '../custody/facts.ts';
import { getWanted, nextAction, type Wanted } from '../custody/policy.ts';
import { createFactsReconciler } from '../custody/reconcile.ts';
import { createJobOutcome } from '../jobs/outcome.ts';
import { withBills } from '../money/bills.ts';
import { formatClosing } from '../report/format.ts';
import { createLog, type Log } from '../report/log.ts';
import type { Deps } from '../deps.ts';

/**
 * Cancels the unwanted jobs of the step, also where main was killed before it knew of them, and sets
 * their commit statuses. Never changes the verdict, and never rejects. An interrupt does not end it: it
 * is the last that can cancel a job.
 */
export async function cleanup(deps: Deps): Promise<void> {
  const { runner } = deps;
  try {
    await cleanUpJobs(deps);
  } finally {
    const folder = runner.state(stateNames.sshFolder);
    if (folder !== '') rmSync(folder, { recursive: true, force: true });
  }
}

async function cleanUpJobs(deps: Deps): Promise<void> {
  const { runner } = deps;
  const saved = readSavedState(runner);
  if (saved === null) return;
  const log = createLog(runner, deps.clock, saved.entries.length);
  const wanted = (facts: EntryFacts) => getWanted(facts, saved.step, saved.policy, 'post');
  const nothing = { canceled: new Set<string>(), hasLooked: false };
  const open = saved.entries.filter(
    (facts) => nextAction(facts, wanted(facts), nothing, 'post').do !== 'done',
  );
  if (open.length === 0 && saved.pendingSha === '') return;
  try {
    const inputs = readInputs(runner, cleanUpInputs);
    const { client, close } = openService(deps, toAccess(inputs), log.clockOff, Infinity);
    // Where main was killed, or has sent a cook, what answers there now instead of the API is trouble
    // of the moment.
    const hasSent = open.some(({ mark }) => mark !== null);
    if (hasSent || !saved.step.hasVerdict) client.host.answered();
    try {
      const stopped = await reconcileAll(open, wanted, client, log);
      if (saved.policy.onJobEnd === 'cancel') await reportStopped(stopped, log, client);
      const run = readRunRef(runner, saved.pendingSha);
      const token = inputs['github-token'];
      if (run === null || run.sha === '' || token === undefined) return;
      const uuids = saved.entries.flatMap(({ jobs }) => jobs.map(({ uuid }) => uuid));
      await finishOwnStatuses(deps, run, token, new Set(uuids), client);
    } finally {
      await close();
    }
  } catch (error) {
    log.cleanupFailed(error);
  }
}

// After a cancel of the workflow all posts together have some 4 minutes and 45 seconds.
const maxCleanupMs = 225_000;
const maxReportMs = 5_000;

/** @returns the jobs that were canceled, as last seen */
async function reconcileAll(
  open: readonly EntryFacts[],
  wanted: (facts: EntryFacts) => Wanted,
  client: Client,
  log: Log,
): Promise<readonly Job[]> {
  const { signal: deadline, clear } = startDeadline(client.clock, maxCleanupMs);
  const reason = "the workflow's job has ended";
  const { reconcile, seen } = createFactsReconciler({
    client,
    log,
    phase: 'post',
    deadline,
    reason,
  });
  await Promise.all(open.map(async (facts) => reconcile(facts, wanted))).finally(clear);
  return [...seen.values()];
}

async function reportStopped(jobs: readonly Job[], log: Log, client: Client): Promise<void> {
  const { signal, clear } = startDeadline(client.clock, maxReportMs);
  const uuids = jobs.map(({ uuid }) => uuid);
  const runs = await readRunsOfJobs(client, uuids, signal);
  const outcomes = jobs.map((job) => createJobOutcome(job, runs.get(job.uuid)));
  if (outcomes.length > 0) log.print(formatClosing(await withBills(outcomes, client, signal)));
  clear();
}
