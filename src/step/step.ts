import type { Probe } from '../service/probe.ts';
import type { Client } from '../service/client.ts';
import { openService } from '../service/open.ts';
import type { Job } from '../service/schemas.ts';
import type { Keys } from '../service/sign.ts';
import { withBills } from '../money/bills.ts';
import { createFinder, type Finder } from '../custody/find.ts';
import type { Goal } from '../jobs/outcome.ts';
import { createPoller, type Poller, type PollInterval } from '../service/poll.ts';
import {
  noRunData,
  type JobRef,
  type Outcome,
  type RunData,
  type StatusChange,
  type SubmittedJob,
} from '../jobs/records.ts';
import { saveIfPossible, savePlan, saveStep } from '../custody/saved-state.ts';
import type { CommitStatus } from '../github/commit-status.ts';
import { createConsole, type Console } from '../report/log.ts';
import { writeAccessToken } from '../report/outputs.ts';
import { startProgress } from '../report/progress.ts';
import { createLogCollector, type LogCollector, type LogMode } from '../logs/collector.ts';
import { createBudget, type Budget } from '../money/budget.ts';
import type { Deps } from '../deps.ts';
import { createStepEnd, type StepEnd } from './end.ts';
import { createEntry, giveUpOverBudget, outcomeNow, tellEnd, type Entry } from './entry.ts';
import { lookAtRunning } from './last-look.ts';
import { reconcileEntry } from './reconcile-entry.ts';

/** What is waited for. */
export type WaitUntil = 'completed' | 'running' | 'ready';

/** How a step talks to the service, and for how long. */
export interface StepPlan extends Goal {
  readonly apiUrl: URL;
  readonly keys: Keys;
  /** Longest wait, in ms from now. */
  readonly timeoutMs: number;
  readonly pollInterval: PollInterval;
  readonly waitUntil: WaitUntil | undefined;
  /** Whether the first job that does not end well ends the wait for all. */
  readonly failFast: boolean;
  readonly logs: LogMode;
  /** With it, all jobs are to be cancelled from the start, for this reason. */
  readonly cancelReason?: string;
}

/** Told of what happens to the jobs: the console, the outputs, the commit status. */
export interface StepListener {
  readonly submitted?: (job: SubmittedJob) => void;
  readonly statusChanged?: (job: SubmittedJob, change: StatusChange, seen: Job) => void;
  readonly ended?: (outcome: Outcome) => void;
}

/** What the entries of one step share. */
export interface Step {
  readonly deps: Deps;
  readonly plan: StepPlan;
  /** The last try of each entry: what is reported. */
  readonly entries: Entry[];
  /** The tries before, and what earlier attempts left: what may still come of them is not lost sight of. */
  readonly earlier: Entry[];
  readonly client: Client;
  readonly probe: Probe;
  readonly end: StepEnd;
  readonly finder: Finder;
  readonly poller: Poller;
  readonly console: Console;
  readonly budget: Budget;
  readonly logs: LogCollector;
  readonly listeners: readonly StepListener[];
  /** Does with the jobs of an entry what is wanted; resolves when nothing is left to do. */
  readonly reconcile: (entry: Entry) => Promise<void>;
}

export interface StepJob {
  readonly ref: JobRef;
  /** null for a job given by its UUID. */
  readonly mark: string | null;
  /** How many records of facts it may have; one, where nothing is said. */
  readonly records?: number;
}

/** Opens a step, has the work done in it, and closes it, come what may. */
export async function withStep<T>(
  plan: StepPlan,
  jobs: readonly StepJob[],
  listeners: readonly StepListener[],
  deps: Deps,
  work: (step: Step) => Promise<T>,
): Promise<T> {
  const { runner } = deps;
  const console = createConsole(runner, jobs.length);
  const { client, close } = openService(deps, plan, console.clockOff);
  const records = Math.max(1, ...jobs.map((job) => job.records ?? 1));
  savePlan(runner, { count: jobs.length, records, policy: plan.policy });
  const end = createStepEnd(deps, plan.timeoutMs, (facts) => {
    const save = () => {
      saveStep(runner, facts);
    };
    if (facts.hasVerdict) {
      save();
      return;
    }
    saveIfPossible(save);
    reconcileAll(step);
  });
  const probe = deps.openProbe(plan.apiUrl);
  const over = new AbortController();
  const opened = openReports({ plan, jobs, deps, console, signal: over.signal });
  const step = createStep({
    plan,
    jobs,
    listeners: [...opened, ...listeners],
    deps,
    client,
    probe,
    console,
    end,
  });
  try {
    return await work(step);
  } finally {
    over.abort();
    end.release();
    step.budget.stop();
    await Promise.all([close(), probe.close()]);
  }
}

interface ReportParts extends Pick<StepParts, 'plan' | 'jobs' | 'deps' | 'console'> {
  readonly signal: AbortSignal;
}

// The cancel action and a dry run say what they do themselves.
function openReports({ plan, jobs, deps, console, signal }: ReportParts): readonly StepListener[] {
  if (jobs.length === 0 || plan.cancelReason !== undefined) return [];
  const { runner, clock } = deps;
  const atTimeout = timeoutWords[plan.policy.onTimeout];
  const isWaiting = plan.goalResult !== 'submitted';
  const { apiUrl, timeoutMs } = plan;
  console.opening(apiUrl, isWaiting ? timeoutMs : null, atTimeout);
  const jobCount = jobs.length;
  return [startProgress({ runner, clock, jobCount, timeoutMs, atTimeout, signal })];
}

const timeoutWords = {
  cancel: 'unfinished jobs are then cancelled, and the step fails',
  fail: 'unfinished jobs are then left running, and the step fails',
  detach: 'unfinished jobs are then left running, and the step passes',
} as const;

interface StepParts {
  readonly plan: StepPlan;
  readonly jobs: readonly StepJob[];
  readonly listeners: readonly StepListener[];
  readonly deps: Deps;
  readonly client: Client;
  readonly probe: Probe;
  readonly console: Console;
  readonly end: StepEnd;
}

function createStep({ plan, jobs, listeners, deps, client, probe, console, end }: StepParts): Step {
  const poller = createPoller({
    client,
    interval: plan.pollInterval,
    maxIntervalMs: (jobUuid) => step.budget.maxIntervalMs(jobUuid),
    signal: end.deadline,
    onUnavailable: console.serviceUnavailable,
    onAvailable: console.serviceAvailable,
  });
  const step: Step = {
    deps,
    plan,
    client,
    probe,
    end,
    poller,
    console,
    listeners: [console, ...listeners],
    entries: jobs.map((job) => createEntry(job)),
    earlier: [],
    finder: createFinder(client),
    budget: createBudget({
      client,
      ceilings: plan.ceilings,
      ended: end.signal,
      onOverRate: (jobUuid, why) => {
        const entry = [...step.entries, ...step.earlier].find(
          ({ facts }) => facts.jobs[0]?.uuid === jobUuid,
        );
        if (entry !== undefined) giveUpOverBudget(step, entry, why);
      },
      onOverCost: (why) => {
        for (const entry of step.entries) entry.overBudget ??= why;
        end.endFor('max-cost');
      },
    }),
    logs: createLogCollector({
      runner: deps.runner,
      client,
      console,
      mode: plan.logs,
      jobCount: jobs.length,
      signal: end.signal,
    }),
    reconcile: async (entry) => {
      // Not one after the other: what is unwanted now is not to wait for what is being confirmed.
      const both = Promise.all([entry.reconciling, reconcileEntry(step, entry)]);
      entry.reconciling = both.then(() => {});
      // Whoever waits for it is told of what it throws; where nobody does, whoever reconciles it next.
      entry.reconciling.catch(() => {});
      return entry.reconciling;
    },
  };
  return step;
}

// A signal, the timeout or a failed job ends the wait for all, also for those that are done: nothing
// is let go before the verdict.
function reconcileAll(step: Step): void {
  for (const entry of [...step.entries, ...step.earlier]) {
    if (!entry.isSubmitting) void step.reconcile(entry);
  }
}

/**
 * Ends the step, and has told of it whoever is told before the reports.
 * @param runData what the runs of each entry's job brought, in the order of the entries
 */
export async function conclude(
  step: Step,
  runData: readonly RunData[],
  commitStatus: CommitStatus,
): Promise<readonly Outcome[]> {
  await lookAtRunning(step);
  const outcomes = await decide(step, runData);
  writeAccessToken(
    step.deps.runner,
    step.entries.map(({ accessToken }) => accessToken),
  );
  await commitStatus.settle(step.end.deadline);
  return outcomes;
}

/**
 * Decides what became of the jobs: once nothing is left to do about any of its jobs, nothing that happens later changes
 * what becomes of them.
 */
async function decide(step: Step, runData: readonly RunData[]): Promise<readonly Outcome[]> {
  const { end, entries, earlier, client, deps } = step;
  // After an interrupt, there are only seconds for the reports.
  const noTime = AbortSignal.any([end.deadline, deps.interrupt]);
  const outcomesNow = () => entries.map((entry, index) => outcomeNow(step, entry, runData[index]));
  let billed: readonly Outcome[] = [];
  for (let known = -1; known !== end.facts().ends.length;) {
    known = end.facts().ends.length;
    await Promise.all([...entries, ...earlier].map(step.reconcile));
    // Before the verdict: an interrupt meanwhile is still one.
    billed = await withBills(outcomesNow(), client, noTime);
  }
  end.decide();
  for (const [index, entry] of entries.entries()) tellEnd(step, entry, runData[index] ?? noRunData);
  return outcomesNow().map((outcome, index) => ({
    ...outcome,
    bills: billed[index]?.bills ?? outcome.bills,
  }));
}
