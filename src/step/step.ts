import pLimit from 'p-limit';
import { createFinder } from '../custody/find.ts';
import type { Policy } from '../custody/facts.ts';
import type { Deps } from '../deps.ts';
import { toAccess } from '../inputs/access.ts';
import type { CookInputs } from '../inputs/cook.ts';
import type { Values } from '../inputs/read.ts';
import type { waitInputs } from '../inputs/tables.ts';
import type { Outcome, ReadyCheck, StatusChange, SubmittedJob } from '../jobs/records.ts';
import { createLogCollector, type LogMode } from '../logs/collector.ts';
import { createBudget } from '../money/budget.ts';
import { hasCeiling, noCeilings, type Ceilings } from '../money/ceilings.ts';
import { openLogPrinter } from '../report/container-log.ts';
import { createLog } from '../report/log.ts';
import { openService, type Access } from '../service/client.ts';
import { createPoller, maxAutoMs, type PollInterval } from '../service/poll.ts';
import type { Job } from '../service/schemas.ts';
import type { SshFolder } from '../ssh/folder.ts';
import { createStepEnd } from './end.ts';
import { createEntry, type Entry, type StepJob } from './entry.ts';

/** What is waited for. */
export type WaitUntil = 'completed' | 'running' | 'ready';

/** How a step talks to the service, for how long, and what it asks of its jobs. */
export interface StepPlan extends Access {
  /** Longest wait, in ms from the start of the step. */
  readonly timeoutMs: number;
  readonly pollInterval: PollInterval;
  /** undefined: by the task of the job. */
  readonly waitUntil: WaitUntil | undefined;
  readonly policy: Policy;
  /** Result of a job that has done what was asked for without having ended. */
  readonly goalResult: 'running' | 'submitted';
  /** What a server is asked to know whether it is ready; null where it is not. */
  readonly readyCheck: ReadyCheck | null;
  /** Where its jobs can be logged in to; null where they are not. */
  readonly ssh: SshFolder | null;
  readonly ceilings: Ceilings;
  /** Whether the first job that does not end well ends the wait for all. */
  readonly failFast: boolean;
  readonly logs: LogMode;
  /** With it, all jobs are canceled from the start, for this reason. */
  readonly cancelReason?: string;
}

/** What a step asks that only cancels: nothing of its jobs. */
export const cancelPlan = {
  pollInterval: 'auto',
  waitUntil: undefined,
  policy: { onTimeout: 'cancel', onWorkflowCancel: 'cancel', onJobEnd: 'keep' },
  goalResult: 'running',
  readyCheck: null,
  ssh: null,
  ceilings: noCeilings,
  failFast: false,
  logs: 'none',
} as const satisfies Partial<StepPlan>;

/** The inputs that cook and wait have in common, and those of cook alone. */
type PlanInputs = Omit<Values<typeof waitInputs>, 'job-uuids' | 'wait-until'> &
  Pick<CookInputs, 'wait-until'> &
  Partial<Pick<CookInputs, 'ready-check' | 'on-job-end'>>;

/** The plan of a step that follows from its inputs alone. */
export function createPlan(inputs: PlanInputs): StepPlan {
  return {
    ...cancelPlan,
    ...toAccess(inputs),
    timeoutMs: inputs.timeout,
    pollInterval: inputs['poll-interval'],
    waitUntil: inputs['wait-until'],
    policy: {
      onTimeout: inputs['on-timeout'],
      onWorkflowCancel: inputs['on-workflow-cancel'],
      onJobEnd: inputs['on-job-end'] ?? 'keep',
    },
    readyCheck: inputs['ready-check'] ?? null,
    failFast: inputs['fail-fast'],
    logs: inputs.logs,
  };
}

/** What follows the jobs of a step: the log, the early outputs, the commit status. */
export interface StepListener {
  readonly submitted?: (job: SubmittedJob) => void;
  readonly statusChanged?: (job: SubmittedJob, change: StatusChange, seen: Job) => void;
  readonly ended?: (outcome: Outcome) => void;
}

// A cook may start a machine: few at a time spare the service, and stay below its limits.
const maxConcurrentCooks = 8;

/** What the entries of one step share. */
export type Step = ReturnType<typeof createStep>;

/**
 * Puts together what a step works with; nothing happens before it is started.
 * @param closed fires when the step is over
 */
export function createStep(
  plan: StepPlan,
  jobs: readonly StepJob[],
  listeners: readonly StepListener[],
  deps: Deps,
  closed: AbortSignal,
) {
  const { runner, clock } = deps;
  const log = createLog(runner, clock, jobs.length);
  const { client, close } = openService(deps, plan, log.clockOff);
  const probe = deps.openProbe(plan.apiUrl);
  const end = createStepEnd(deps, plan.timeoutMs, closed);
  const budget = createBudget(client, plan.ceilings, AbortSignal.any([end.signal, closed]));
  const printer = openLogPrinter(runner, log, plan.logs, jobs.length);
  return {
    deps,
    plan,
    /** The last try of each entry: what is reported. */
    entries: jobs.map((job, place) => createEntry(job, place)),
    /** The tries before, and what earlier attempts left: more may come of them. */
    earlier: new Array<Entry>(),
    client,
    probe,
    end,
    find: createFinder(client, end.deadline),
    poller: createPoller({
      client,
      interval: hasCeiling(plan.ceilings) ? watchfulInterval(plan.pollInterval) : plan.pollInterval,
      signal: end.deadline,
      onUnavailable: log.serviceUnavailable,
      onAvailable: log.serviceAvailable,
    }),
    log,
    budget,
    inTurn: pLimit(maxConcurrentCooks),
    jobLogs: createLogCollector({
      client,
      signal: end.signal,
      deadline: end.deadline,
      interrupt: deps.interrupt,
      ...printer,
    }),
    listeners: [log, ...listeners] as StepListener[],
    /** Drops every open socket, so that the process can end. */
    close: async () => Promise.all([close(), probe.close()]),
  };
}

/** All entries of a step, the tries before included. */
export function allEntries({ entries, earlier }: Pick<Step, 'entries' | 'earlier'>) {
  return [...entries, ...earlier];
}

// What a job costs an hour is looked at often, however seldom its status is.
function watchfulInterval(interval: PollInterval): PollInterval {
  return interval === 'auto' ? interval : Math.min(interval, maxAutoMs);
}
