import type { Probe } from '../api/probe.ts';
import { createClient, type Client } from '../api/client.ts';
import type { Job } from '../api/schemas.ts';
import type { Keys } from '../api/sign.ts';
import { asError } from '../errors.ts';
import { withBills } from '../jobs/bill.ts';
import { newEntryFacts, type EntryFacts } from '../jobs/entry.ts';
import { createFinder, type Finder } from '../jobs/find.ts';
import { createOutcome, type EntryRecord, type Goal } from '../jobs/outcome.ts';
import { wantedOf } from '../jobs/policy.ts';
import { createPoller, type Poller, type PollInterval } from '../jobs/poll.ts';
import { duplicateReason, ownReason, reconcile, type ReconcileEvents } from '../jobs/reconcile.ts';
import {
  noRunData,
  type CookRequest,
  type EarlierTry,
  type JobRef,
  type Outcome,
  type OverBudget,
  type RunData,
  type StatusChange,
  type SubmittedJob,
} from '../jobs/records.ts';
import type { Result } from '../jobs/results.ts';
import { saveEntry, savePlan, saveStep } from '../jobs/saved-state.ts';
import { createConsole, type Console } from '../report/console.ts';
import { startProgress } from '../report/progress.ts';
import { createLogCollector, type LogCollector, type LogMode } from '../logs/collector.ts';
import { createBudget, type Budget } from './budget.ts';
import type { Deps } from './deps.ts';
import { createStepEnd, type StepEnd } from './end.ts';

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

/** One entry of the step, as main keeps it. */
export type Entry = { -readonly [Name in keyof EntryRecord]: EntryRecord[Name] } & {
  timeline: StatusChange[];
  /** Whether a cook of it is under way: whoever sent it does what follows. */
  isSubmitting: boolean;
  /** What was tried with its jobs. */
  readonly cancels: Map<string, 'accepted' | 'failed'>;
  readonly confirmed: Set<string>;
  reconciling: Promise<void>;
  /** Its place among the tries of its entry, from 0; after them, what earlier attempts left. */
  readonly choice: number;
  /** Whether another model is left to be tried after it. */
  hasNext: boolean;
  /** Whether its job has ended so that the next one is to be tried. */
  isFollowed: boolean;
  /** Since when the server answers as it does, on the monotonic clock. */
  readySinceMs: number;
  /** What the server of the newest run asks for. A secret: for the output alone. */
  accessToken: string | null;
  /** Fired when it is no longer watched, though the wait goes on. */
  readonly unwatch: AbortController;
  /** The result that the listeners were told. */
  toldResult: Result | null;
};

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

/** Keeps what is known of an entry, for the post entry too, before anything else is done. */
export function record({ deps }: Step, entry: Entry, change: Partial<EntryFacts>): void {
  entry.facts = { ...entry.facts, ...change };
  saveEntry(deps.runner, entry.ref.index, entry.choice, entry.facts);
}

/** Takes what the service says of a job; its status changes go to the listeners. */
export function observe({ deps, listeners, budget }: Step, entry: Entry, job: Job): void {
  budget.onLook(job, entry.shareMs !== null);
  const isOwn = entry.facts.jobs[0]?.uuid === job.uuid;
  if (!isOwn) return;
  entry.job = job;
  if (entry.timeline.at(-1)?.status === job.status) return;
  const change = { status: job.status, atMs: deps.clock.now() };
  entry.timeline.push(change);
  const { submitted } = entry;
  if (submitted === null || entry.timeline.length === 1) return;
  for (const listener of listeners) listener.statusChanged?.(submitted, change, job);
}

/** Gives up a job that costs more than it may; its cancel follows from that. */
export function giveUpOverBudget(step: Step, entry: Entry, why: OverBudget): void {
  const { stop } = entry.facts;
  if (stop !== null && stop !== 'goal') return;
  entry.overBudget = why;
  record(step, entry, { stop: 'over-budget' });
  entry.unwatch.abort();
  // Of a job that did what was asked for, nobody else takes care any more.
  if (stop === 'goal') void step.reconcile(entry);
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
  const { runner, clock, random } = deps;
  const connection = deps.connect(plan.apiUrl);
  const console = createConsole(runner, jobs.length);
  const { exchange } = connection;
  const { keys } = plan;
  const { redactor } = runner;
  const { clockOff: onClockOff } = console;
  const client = createClient({ exchange, keys, redactor, clock, random, onClockOff });
  const records = Math.max(1, ...jobs.map((job) => job.records ?? 1));
  savePlan(runner, { count: jobs.length, records, policy: plan.policy });
  const end = createStepEnd(deps, plan.timeoutMs, (facts) => {
    saveStep(runner, facts);
    if (!facts.hasVerdict) reconcileAll(step);
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
    await Promise.all([connection.close(), probe.close()]);
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
  console.opening({ apiUrl, timeoutMs: isWaiting ? timeoutMs : null, atTimeout });
  const jobCount = jobs.length;
  return [startProgress({ runner, clock, jobCount, timeoutMs, atTimeout, signal })];
}

const timeoutWords = {
  cancel: 'what has not ended is cancelled, and the step fails',
  fail: 'what has not ended is left running, and the step fails',
  detach: 'what has not ended is left running, and the step passes',
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
      entry.reconciling = entry.reconciling.then(async () => reconcileEntry(step, entry));
      return entry.reconciling;
    },
  };
  return step;
}

/** Begins the next try of an entry, in place of the one before. */
export function startTry(
  step: Step,
  request: CookRequest,
  earlierTries: readonly EarlierTry[],
): Entry {
  const before = step.entries[request.index];
  if (before !== undefined) step.earlier.push(before);
  const entry = createEntry({ ref: request, mark: request.mark }, request.choice, earlierTries);
  step.entries[request.index] = entry;
  return entry;
}

/** Ends jobs that earlier attempts cooked for an entry that is cooked anew. */
export function endEarlier(step: Step, request: CookRequest, jobs: readonly Job[]): void {
  if (jobs.length === 0) return;
  const entry = createEntry({ ref: request, mark: null }, 1 + request.alternatives.length);
  step.earlier.push(entry);
  const left = jobs.map(({ uuid }) => ({ uuid, hasEnded: false }));
  record(step, entry, { jobs: left, stop: 'ended' });
  void step.reconcile(entry);
}

function createEntry(
  { ref, mark }: StepJob,
  choice = 0,
  earlierTries: readonly EarlierTry[] = [],
): Entry {
  return {
    ref,
    facts: newEntryFacts(mark),
    submitted: null,
    job: null,
    timeline: [],
    error: null,
    cancel: null,
    overBudget: null,
    offers: null,
    shareMs: null,
    isSubmitting: false,
    unwatch: new AbortController(),
    cancels: new Map(),
    confirmed: new Set(),
    reconciling: Promise.resolve(),
    choice,
    earlierTries,
    hasNext: false,
    isFollowed: false,
    readiness: null,
    readySinceMs: 0,
    accessToken: null,
    toldResult: null,
  };
}

// A signal, the timeout or a failed job ends the wait for all, also for those that are done: nothing
// is let go before the verdict.
function reconcileAll(step: Step): void {
  for (const entry of [...step.entries, ...step.earlier]) {
    if (!entry.isSubmitting) void step.reconcile(entry);
  }
}

async function reconcileEntry(step: Step, entry: Entry): Promise<void> {
  const { client, finder, poller, end, plan } = step;
  // Nobody comes after the cancel action.
  const phase = plan.cancelReason === undefined ? 'main' : 'post';
  const options = { client, finder, poller, deadline: end.deadline, phase } as const;
  await reconcile(
    {
      facts: () => entry.facts,
      record: (change) => {
        record(step, entry, change);
      },
      wanted: () =>
        plan.cancelReason === undefined
          ? wantedOf(entry.facts, end.facts(), plan.policy, 'main')
          : 'gone',
      cancels: entry.cancels,
      confirmed: entry.confirmed,
      reason: (jobUuid) => reasonFor(entry, jobUuid, step),
      onJob: (job) => {
        observe(step, entry, job);
      },
    },
    { ...options, events: eventsOf(step, entry) },
  );
}

function eventsOf({ console, plan }: Step, entry: Entry): ReconcileEvents {
  const isOwn = (jobUuid: string) => entry.facts.jobs[0]?.uuid === jobUuid;
  return {
    ...console,
    cancelling: (jobUuid, reason) => {
      if (isOwn(jobUuid)) entry.cancel = 'accepted';
      console.cancelling(jobUuid, reason);
    },
    cancelFailed: (jobUuid, error) => {
      if (isOwn(jobUuid)) entry.cancel = 'failed';
      // Where the cancel is all that was asked for, its failure is that of the step.
      if (plan.cancelReason === undefined) console.cancelFailed(jobUuid, error);
      else entry.error = asError(error);
    },
  };
}

function reasonFor({ facts }: Entry, jobUuid: string, { end, plan }: Step) {
  const { cancelReason } = plan;
  if (cancelReason !== undefined) return { told: cancelReason, sent: cancelReason };
  const isDuplicate = facts.mark !== null && facts.jobs[0]?.uuid !== jobUuid;
  return ownReason(isDuplicate ? duplicateReason : whyUnwanted(facts, end));
}

function whyUnwanted(facts: EntryFacts, end: StepEnd): string {
  const [reason] = end.facts().ends;
  if (reason !== undefined) return endWords[reason];
  if (facts.stop === 'over-budget') return 'it is over budget';
  return facts.stop === 'ended'
    ? 'it has failed, and may be started once more'
    : 'its status is unknown';
}

const endWords = {
  timeout: 'the timeout was reached',
  interrupt: 'the workflow was cancelled',
  'fail-fast': 'another job of the step failed',
  'max-cost': 'max-cost is nearly reached',
} as const;

/**
 * Ends the step: once nothing is left to do about any of its jobs, nothing that happens later changes
 * what becomes of them.
 * @param runData what the runs of each entry's job brought, in the order of the entries
 */
export async function decide(step: Step, runData: readonly RunData[]): Promise<readonly Outcome[]> {
  const { end, entries, earlier, plan, client, deps } = step;
  for (let known = -1; known !== end.facts().ends.length;) {
    known = end.facts().ends.length;
    await Promise.all([...entries, ...earlier].map(step.reconcile));
  }
  end.decide();
  for (const [index, entry] of entries.entries()) tellEnd(step, entry, runData[index] ?? noRunData);
  const outcomes = entries.map((entry, index) =>
    createOutcome(entry, end.facts(), plan, runData[index] ?? noRunData),
  );
  // After an interrupt, there are only seconds for the reports.
  const noTime = AbortSignal.any([end.deadline, deps.interrupt]);
  return withBills(outcomes, client, noTime);
}

/** Tells the listeners what became of an entry, and once more where that has changed since. */
export function tellEnd(step: Step, entry: Entry, runData: RunData): void {
  const outcome = createOutcome(entry, step.end.facts(), step.plan, runData);
  if (outcome.result === entry.toldResult) return;
  entry.toldResult = outcome.result;
  for (const listener of step.listeners) listener.ended?.(outcome);
}

/** A job that was given by its UUID. */
export function givenJob(jobUuid: string, index: number): StepJob {
  const ref = { index, jobUuid, recipeUuid: null, title: null, namesRegions: false };
  return { ref, mark: null };
}
