import { nowOf, type Client } from '../service/client.ts';
import { openService } from '../service/open.ts';
import { sleepLong } from '../clock.ts';
import { InputError } from '../errors.ts';
import { createGitHub, openOctokit, type GitHub, type OpenGitHub } from '../github/client.ts';
import {
  listOpenRuns,
  readRuns,
  repositoryOf,
  type Repository,
  type WorkflowRun,
} from '../github/runs.ts';
import { toAccess } from '../inputs/access.ts';
import { readCheckInputs, type CheckInputs } from '../inputs/check.ts';
import { readRunRef, type RunRef } from '../inputs/context.ts';
import { withBills } from '../money/bills.ts';
import { checkedJob, outcomeOf, type CheckResult } from '../check/checked-job.ts';
import {
  attemptStateOf,
  findRepositoryJobs,
  isOrphan,
  mayBeOrphan,
  type MarkedJob,
} from '../check/jobs.ts';
import { hasEndedForGood } from '../jobs/restart.ts';
import { readRunsOfJobs } from '../service/run-lists.ts';
import { createCheckConsole, type CheckConsole } from '../check/console.ts';
import { reportCheck, reportCheckFailure } from '../check/report.ts';
import type { Runner } from '../runner.ts';
import { cancelOrphans } from '../check/orphans.ts';
import { finishStatuses } from '../check/statuses.ts';
import type { Deps } from '../deps.ts';

/** What the parts of a check share. */
export interface Check {
  readonly deps: Deps;
  readonly inputs: CheckInputs;
  /** The run that checks. */
  readonly here: RunRef;
  readonly repository: Repository;
  readonly client: Client;
  readonly github: GitHub;
  readonly console: CheckConsole;
  /** Fires when nothing more may be asked. */
  readonly signal: AbortSignal;
  /** When the jobs were read, Unix ms, by the service's clock: the runner's may be wrong. */
  readonly nowMs: number;
}

// The cheapest runner has 15 minutes, and the report is still to be written.
const maxCheckMs = 10 * 60_000;

/** Looks once at the jobs that this repository's workflows have cooked, and ends; never rejects. */
export async function check(deps: Deps, openGitHub: OpenGitHub = openOctokit): Promise<void> {
  const { runner } = deps;
  try {
    const inputs = await readCheckInputs(runner);
    const here = await readHere(runner);
    await withCheck(inputs, here, deps, openGitHub, async (each) => {
      await reportCheck(runner, here, await look(each), each.console.problems());
    });
  } catch (error) {
    await reportCheckFailure(runner, error);
  }
}

async function readHere(runner: Runner): Promise<RunRef> {
  const here = await readRunRef(runner);
  if (here !== null) return here;
  const message = 'is not set: a check looks at the runs of a repository, from a workflow of it';
  throw new InputError([{ input: 'GITHUB_REPOSITORY', message }]);
}

async function withCheck(
  inputs: CheckInputs,
  here: RunRef,
  deps: Deps,
  openGitHub: OpenGitHub,
  work: (parts: Omit<Check, 'nowMs'>) => Promise<void>,
): Promise<void> {
  const { runner, clock, random, interrupt } = deps;
  const token = inputs['github-token'];
  if (token === undefined) {
    throw new InputError([{ input: 'github-token', message: 'is empty: it has no default here' }]);
  }
  const done = new AbortController();
  const late = new AbortController();
  const signal = AbortSignal.any([interrupt, late.signal]);
  void sleepLong(clock, maxCheckMs, done.signal).then(() => {
    late.abort();
  });
  const console = createCheckConsole(runner);
  const { client, close } = openService(deps, toAccess(inputs), console.clockOff);
  const github = createGitHub({ send: openGitHub(runner, token), clock, random, signal });
  const repository = repositoryOf(here.repository);
  try {
    await work({ deps, inputs, here, repository, client, github, console, signal });
  } finally {
    done.abort();
    await close();
  }
}

async function look(opened: Omit<Check, 'nowMs'>): Promise<CheckResult> {
  const { client, here, inputs, signal } = opened;
  const found = await findRepositoryJobs(client, here, inputs.since, signal);
  const nowMs = nowOf(client);
  const parts: Check = { ...opened, nowMs };
  // Read after the jobs: a run that has cooked one of them had begun by then.
  const openRuns = await listOpenRuns(parts.github, parts.repository);
  const orphans = await findOrphans(parts, found, openRuns);
  const unwanted = inputs.orphans === 'cancel' ? orphans : [];
  const cancelled = await cancelOrphans(parts, unwanted);
  const jobs = found.map(({ job, mark }) => ({ mark, job: cancelled.get(job.uuid) ?? job }));
  const ended = jobs.filter(({ job }) => hasEndedForGood(job, nowMs));
  if (inputs['commit-status']) await finishStatuses(parts, ended, openRuns);
  const sinceMs = nowMs - inputs.since;
  return { sinceMs, nowMs, ...(await readCosts(parts, jobs, orphans)) };
}

/** The jobs that live though their run is over, and were not to outlive it. */
async function findOrphans(
  { github, repository, nowMs }: Check,
  jobs: readonly MarkedJob[],
  openRuns: ReadonlyMap<string, WorkflowRun>,
): Promise<readonly MarkedJob[]> {
  const suspects = jobs.filter((each) => mayBeOrphan(each, nowMs));
  const unknown = suspects.map(({ mark }) => mark.runId).filter((id) => !openRuns.has(id));
  const overRuns = await readRuns(github, repository, [...new Set(unknown)]);
  return suspects.filter((each) => {
    const run = openRuns.get(each.mark.runId) ?? overRuns.get(each.mark.runId);
    return isOrphan(each, attemptStateOf(each.mark, run), nowMs);
  });
}

// Nobody reads the costs of so many one by one, and the service is not to be asked that often.
const maxSingleBills = 20;

async function readCosts(
  { client, signal, nowMs }: Check,
  jobs: readonly MarkedJob[],
  orphans: readonly MarkedJob[],
): Promise<Pick<CheckResult, 'running' | 'ended' | 'orphans'>> {
  const byRunning = jobs.toSorted(
    (a, b) => Number(hasEndedForGood(a.job, nowMs)) - Number(hasEndedForGood(b.job, nowMs)),
  );
  const runs = await readRunsOfJobs(
    client,
    byRunning.map(({ job }) => job.uuid),
    signal,
  );
  const estimated = jobs.map((each) => outcomeOf(each, runs.get(each.job.uuid) ?? []));
  const outcomes = await withBills(estimated, client, signal, maxSingleBills);
  const orphanUuids = new Set(orphans.map(({ job }) => job.uuid));
  const checked = jobs.flatMap((each, index) => {
    const outcome = outcomes[index];
    return outcome === undefined ? [] : [checkedJob(each, outcome, nowMs)];
  });
  return {
    running: checked.filter(({ job }) => !hasEndedForGood(job, nowMs)),
    ended: checked.filter(({ job }) => hasEndedForGood(job, nowMs)),
    orphans: checked.filter(({ job }) => orphanUuids.has(job.uuid)),
  };
}
