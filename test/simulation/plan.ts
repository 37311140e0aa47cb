import type { Generation, RecipeScript } from '../simulator/types.ts';
import type { ClockStep } from './clock.ts';

// A life before it is lived: everything that is drawn, as plain data.

/** Everything about one life. All times are in ms. */
export interface LifePlan {
  readonly seed: number;
  readonly service: ServicePlan;
  readonly weather: Weather;
  /** The attempts of the workflow run: a re-run is one more. */
  readonly attempts: readonly AttemptPlan[];
  readonly checks: ChecksPlan | null;
}

/** The checks that come by after the last attempt. */
export interface ChecksPlan {
  /** When each begins, since the end of the one before, the first since that of the attempt. */
  readonly afterMs: readonly number[];
  /** What GitHub says of the run at the first one; one that is open is over right after it. */
  readonly runAtFirst: 'completed' | 'gone' | 'in_progress' | 'queued' | 'waiting' | 'pending';
  /** When the first one is killed, since its start; null: never. */
  readonly killedAfterMs: number | null;
  /** Of the machine that they run on. */
  readonly clockOffsetMs: number;
  /** How likely each request to GitHub is to go wrong. */
  readonly blips: number;
  /** Whether the steps have left the commit statuses pending; else they died. */
  readonly areStatusesLeft: boolean;
}

export type PlannedRecipe = RecipeScript & { readonly uuid: string };

/** How the service is. */
export interface ServicePlan {
  readonly generation: Generation;
  readonly recipes: readonly PlannedRecipe[];
  /** GPU models on offer. */
  readonly offers: readonly string[];
  /** Jobs of other people on the same account. */
  readonly strangers: number;
  /** They are created from so long before the life begins to so long after. */
  readonly strangersSpanMs: number;
  readonly wrapData: boolean;
  readonly rawUtf8: boolean;
  /** Whether UUIDs come in capitals. */
  readonly capitals: boolean;
  readonly listLagMs: number;
  readonly readLagMs: number;
  readonly latencyMs: number;
  readonly maxPage: number;
  readonly tellsTotal: boolean;
  /** Whether the members of a list have descriptions. */
  readonly tellsDescriptions: boolean;
  readonly tellsLimit: boolean;
  /** Whether jobs have `max_retry_count`. */
  readonly tellsRetries: boolean;
  /** Whether they have `max_node_count`. */
  readonly tellsNodes: boolean;
  readonly uuidFilter: 'takes-list' | 'takes-first' | 'refuses-several' | 'too-large' | 'fails';
  /** So many cancels of each job are answered well, and nothing happens. */
  readonly ignoredCancels: number;
  /** What a cancel does while a job shows FAILED, perhaps between two runs. */
  readonly cancelsOfFailed: 'work' | 'are ignored' | 'are refused';
}

/** What requests are for. */
export type RequestKind = 'cook' | 'cancel' | 'read' | 'list' | 'recipe' | 'runs' | 'other';

/** Something that goes wrong with a request. */
export interface Fault {
  /**
   * Whether the request was taken: `before` the fault, so it was not; `after`; or `late`, a while
   * after its sender was answered.
   */
  readonly taken: 'no' | 'yes' | 'late';
  readonly lateMs: number;
  readonly effect: Effect;
}

export type Effect =
  | { readonly type: 'unreachable'; readonly afterMs: number }
  | { readonly type: 'reset' }
  | { readonly type: 'hang' }
  | {
      readonly type: 'answer';
      readonly status: number;
      readonly text: string;
      readonly retryAfter?: string;
    };

/** What goes wrong, and when. */
export interface Weather {
  /** How likely each request is to meet a fault of its own. */
  readonly blips: number;
  readonly outages: readonly Outage[];
  readonly strikes: readonly Strike[];
}

/** A time in which every request meets the same fault. */
export interface Outage {
  /** Since the start of the life. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly kinds: readonly RequestKind[] | 'all';
  readonly fault: Fault;
}

/** A fault for some requests of a kind, in the order in which they are sent. */
export interface Strike {
  readonly kind: RequestKind;
  /** From 1. */
  readonly nth: number;
  readonly times: number;
  readonly fault: Fault;
}

/** One attempt of the workflow run. */
export interface AttemptPlan {
  /** Since the end of the attempt before. */
  readonly afterMs: number;
  readonly steps: readonly StepPlan[];
  readonly order: 'one-by-one' | 'side-by-side';
  readonly end: AttemptEnd | null;
  /** From the end of the last step to the first post entry. */
  readonly beforePostMs: number;
  /** When each post entry gets a signal, which must not keep it from its work; null: never. */
  readonly postSignalMs: number | null;
  /** Since the start of the attempt. */
  readonly clock: { readonly offsetMs: number; readonly steps: readonly ClockStep[] };
}

/** What ends an attempt from outside. */
export interface AttemptEnd {
  /**
   * `cancel`: SIGINT to every step that runs, a kill 10 s later, then post. `kill`: one step is
   * killed outright. `runner-gone`: everything is, and there is no post.
   */
  readonly kind: 'cancel' | 'kill' | 'runner-gone';
  /** Since the start of the attempt. */
  readonly atMs: number;
}

export type Command = 'cook' | 'wait' | 'cancel';

/** One step of the workflow. */
export interface StepPlan {
  readonly name: string;
  readonly command: Command;
  /** `GITHUB_ACTION`: the steps of a composite action share it. */
  readonly action: string;
  readonly inputs: Readonly<Record<string, string>>;
  /** What the inputs say, for the checks. */
  readonly entries: readonly EntryPlan[];
  readonly policy: StepPolicy;
  /** For wait and cancel: the step whose jobs it is about. */
  readonly of: string | null;
  /** For wait and cancel: a UUID that nobody knows, besides. */
  readonly unknownUuid: string | null;
  /** A secret that the inputs hold, besides the key. */
  readonly secret: string | null;
}

/** One entry of `recipes`. */
export interface EntryPlan {
  readonly recipeUuid: string;
  readonly title: string | null;
}

/** What was asked for, as the checks understand the inputs. */
export interface StepPolicy {
  readonly wait: boolean;
  readonly waitUntil: 'completed' | 'running' | 'by-task';
  readonly timeoutMs: number;
  readonly pollMs: number;
  readonly onTimeout: 'cancel' | 'fail' | 'detach';
  readonly onWorkflowCancel: 'cancel' | 'detach';
  readonly onJobEnd: 'keep' | 'cancel';
  readonly onRerun: 'cook' | 'attach';
  readonly maxParallel: number;
  readonly failFast: boolean;
  /** GPU models to be tried in turn; none: the recipe's. */
  readonly gpuNames: readonly string[];
  readonly readyCheck: boolean;
  readonly minVramGb: number | null;
  /** In US dollars; null: any. */
  readonly maxHourlyRateUsd: number | null;
  readonly maxCostUsd: number | null;
  readonly logs: 'none' | 'on-failure' | 'stream';
}
