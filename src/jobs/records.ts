import type { Job, JobRun } from '../service/schemas.ts';
import type { JsonMapping } from '../service/json.ts';
import type { Result } from './results.ts';

// JobRef → SubmittedJob → Outcome: each is made in one place and changed nowhere.

/** What is known of a job of this step before the service answers. */
export interface JobRef {
  /** Place in `recipes` or `job-uuids`, from 0. */
  readonly index: number;
  /** null where the job was given by its UUID. */
  readonly recipeUuid: string | null;
  /** null where the step cooks it. */
  readonly jobUuid: string | null;
  readonly title: string | null;
}

/**
 * How we came by a job:
 * - `cooked`: the service answered the cook with it
 * - `found`: the answer was lost, and the job was found by its mark
 * - `attached`: an earlier attempt of the workflow run cooked it
 * - `given`: its UUID was an input
 */
export type Origin = 'cooked' | 'found' | 'attached' | 'given';

export interface SubmittedJob {
  readonly ref: JobRef;
  readonly origin: Origin;
  /** As the service first described it. */
  readonly job: Job;
  /** When the cook was sent, Unix ms on our clock; for a job that was there before, when we came to it. */
  readonly submittedAtMs: number;
}

/** A status, and when it was first seen, Unix ms on our clock. */
export interface StatusChange {
  readonly status: string;
  readonly atMs: number;
}

export const endReasons = ['timeout', 'interrupt', 'fail-fast', 'max-cost'] as const;
export type EndReason = (typeof endReasons)[number];

/** Why a job is no longer watched: `running` as was requested, `lost` where it can no longer be read. */
export type StopReason = 'final' | 'running' | 'lost' | 'over-budget' | EndReason;

/** What a ceiling was compared with, in US dollars. */
export type OverBudget =
  | {
      /**
       * - `offers`: nothing was cooked: the cheapest offer costs more than `max-hourly-rate`
       * - `rate`: a run costs more an hour than `max-hourly-rate`, all its nodes together
       * - `cost`: what the jobs had cost together when `max-cost` was about to be passed
       * - `rest`: nothing was cooked: what is left of `max-cost` does not pay for a minute
       */
      readonly kind: 'offers' | 'rate' | 'cost' | 'rest';
      readonly amountUsd: number;
      readonly ceilingUsd: number;
    }
  /** The job ran as long as its share of `max-cost` lasts, in ms. */
  | { readonly kind: 'share'; readonly limitMs: number; readonly ceilingUsd: number };

/** The offers for a job before it was cooked. */
export interface OfferSummary {
  readonly count: number;
  readonly isCut: boolean;
  /** What the job costs an hour at the least and at the most, all its nodes together, in US dollars. */
  readonly minUsd: number;
  readonly maxUsd: number;
  /** How long it can run at the most, all its runs together; null where nothing limits it. */
  readonly maxHours: number | null;
}

export interface RunData {
  /** Oldest first, without their logs; empty where they were not read. */
  readonly runs: readonly JobRun[];
  /** The last lines of the newest run's log. Foreign text. */
  readonly logTail: readonly string[];
  /** What the container printed as `dispersed-output: {…}`, merged; null where it printed none. */
  readonly results: JsonMapping | null;
}

export const noRunData: RunData = { runs: [], logTail: [], results: null };

/** A try of an entry before the last one: its job ended without a start. */
export interface EarlierTry {
  readonly gpuName: string | null;
  readonly jobUuid: string | null;
  readonly phase: 'assign' | 'start';
  /** From its cook to its end, in ms. */
  readonly waitedMs: number;
  /** In US dollars: rate × time; 0 where it is not known. */
  readonly costUsd: number;
}

/** The request that shows whether a server is ready. */
export interface ReadyCheck {
  readonly port: number;
  /** Begins with `/`; may have a query. */
  readonly path: string;
}

export function formatReadyCheck({ port, path }: ReadyCheck): string {
  return `${port}${path}`;
}

/** The last response of a server that is not ready. */
export interface Readiness {
  /** `ready-check 8080/health` or `login over ssh`. */
  readonly check: string;
  /** `HTTP 502`, or what went wrong with the request. Foreign text. */
  readonly answer: string;
  /** Since when it answers that, on the monotonic clock, ms. */
  readonly sinceMs: number;
  /** How long it has answered that, in ms. */
  readonly forMs: number;
}

/** How one job ended or stands, for the reports. */
export interface Outcome extends RunData {
  readonly ref: JobRef;
  readonly result: Result;
  /** The job as last seen; null where none was created. */
  readonly job: Job | null;
  readonly origin: Origin | null;
  readonly submittedAtMs: number | null;
  readonly timeline: readonly StatusChange[];
  /** null where it never was watched. */
  readonly ending: StopReason | null;
  /** What kept us from cooking or watching the job. */
  readonly error: Error | null;
  /** The ceiling that ended it. */
  readonly overBudget: OverBudget | null;
  readonly offers: OfferSummary | null;
  /** What was billed for each of its runs so far, in US dollars, by the runs' UUIDs. */
  readonly bills: ReadonlyMap<string, number>;
  /** Our own cancel; null where none was sent. */
  readonly cancel: 'accepted' | 'failed' | null;
  readonly earlierTries: readonly EarlierTry[];
  readonly readyCheck: ReadyCheck | null;
  readonly sshUser: string;
  /** null where no server was asked, or it is ready. */
  readonly readiness: Readiness | null;
  /** Why the job cannot be read at the end, and for how long: its status may be another. */
  readonly unread: Pick<Readiness, 'answer' | 'forMs'> | null;
  /** Whether the job is left running on request. */
  readonly isKept: boolean;
  /** The mark of a job that a cook without an answer may have created. */
  readonly unansweredMark: string | null;
}
