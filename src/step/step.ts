import pLimit from 'p-limit';
import { createFinder } from '../custody/find.ts';
import type { Deps } from '../deps.ts';
import type { Outcome, StatusChange, SubmittedJob } from '../jobs/records.ts';
import { createLogCollector } from '../logs/collector.ts';
import { createBudget } from '../money/budget.ts';
import { hasCeiling } from '../money/ceilings.ts';
import { openLogPrinter } from '../report/container-log.ts';
import { createLog } from '../report/log.ts';
import { openService } from '../service/client.ts';
import { createPoller, maxAutoMs, type PollInterval } from '../service/poll.ts';
import type { Job } from '../service/schemas.ts';
import { createStepEnd } from './end.ts';
import { createEntry, type Entry, type StepJob } from './entry.ts';
import type { StepPlan } from './plan.ts';

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
