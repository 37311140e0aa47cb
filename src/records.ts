import type { CookBody } from './dispersed/api.ts';
import type { JsonMapping } from './dispersed/sign.ts';
import type { Job } from './dispersed/schemas.ts';

// The records that go from room to room, one way: Inputs → Order → Ticket → Outcome. Each is made
// in one place and changed nowhere.

/** What is to be sent for one entry of `recipes`. */
export interface Order {
  /** Place in `recipes`, from 0. */
  readonly index: number;
  readonly recipeUuid: string;
  /** Marks the job as cooked by this entry of this step, in its description. */
  readonly cookKey: string;
  /** The cook fields to send, description and key included; the container's apart. */
  readonly fields: CookBody;
  /** What is to be laid on the recipe's container parameters; null where nothing is. */
  readonly container: JsonMapping | null;
}

/** A job that came to be. */
export interface Ticket {
  readonly order: Order;
  /** As the service answered the cook. */
  readonly job: Job;
  /** When the cook was sent, Unix ms on our clock. */
  readonly submittedAtMs: number;
}

/** A status, and when it was first seen, Unix ms on our clock. */
export interface Sighting {
  readonly status: string;
  readonly atMs: number;
}

/** Why a job is no longer watched. */
export type Ending =
  /** COMPLETED, FAILED or CANCELLED. */
  | 'final'
  /** It runs, and that was asked. */
  | 'running'
  /** The time for waiting is over. */
  | 'timeout'
  /** The workflow was cancelled. */
  | 'interrupt';

/** What was seen of one job while it was watched. */
export interface Watched {
  readonly ending: Ending;
  readonly job: Job;
  readonly timeline: readonly Sighting[];
}

/** What became of one order, as the output `result` names it. */
export type Result =
  | 'succeeded'
  | 'running'
  | 'submitted'
  | 'dry-run'
  | 'detached'
  | 'failed'
  | 'cancelled'
  | 'timed-out'
  | 'error';

/** The end of one order, for the reports. */
export interface Outcome {
  readonly order: Order;
  readonly result: Result;
  /** The job as last seen; null where none came to be. */
  readonly job: Job | null;
  /** When the cook was sent, Unix ms; null where it never was. */
  readonly submittedAtMs: number | null;
  /** Unix ms. */
  readonly endedAtMs: number;
  readonly timeline: readonly Sighting[];
  /** Why it was no longer watched; null where it never was, or sight of it was lost. */
  readonly ending: Ending | null;
  /** What kept us from cooking or following the job. */
  readonly error: Error | null;
}
