import type { Finder } from '../custody/find.ts';
import type { Deps } from '../deps.ts';
import type { Outcome, StatusChange, SubmittedJob } from '../jobs/records.ts';
import type { LogCollector } from '../logs/collector.ts';
import type { Budget } from '../money/budget.ts';
import type { Log } from '../report/log.ts';
import type { Client } from '../service/client.ts';
import type { Poller } from '../service/poll.ts';
import type { Probe } from '../service/probe.ts';
import type { Job } from '../service/schemas.ts';
import type { StepEnd } from './end.ts';
import type { Entry } from './entry.ts';
import type { StepPlan } from './plan.ts';

/** Told of what happens to the jobs of a step: the log, the early outputs, the commit status. */
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
  readonly log: Log;
  readonly budget: Budget;
  readonly jobLogs: LogCollector;
  readonly listeners: readonly StepListener[];
}

/** All entries of a step, the tries before included. */
export function allEntries({ entries, earlier }: Step): readonly Entry[] {
  return [...entries, ...earlier];
}
