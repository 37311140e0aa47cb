import type { IncomingHttpHeaders } from 'node:http';
import type { OfferScript } from './offers.ts';
import type { Quirks } from './quirks.ts';
import type { CookFields, Job, JobRun, NodeUrl } from './resources.ts';

/** 'new' is api.dispersed.com, 'old' the host before it: plain dates, no regions. */
export type Generation = 'new' | 'old';

/** Text that the container prints `atMs` after its phase began. */
export interface LogChunk {
  atMs: number;
  text: string;
  /** It takes the place of the last line, as of a progress bar that is drawn in place. */
  isInPlace?: boolean;
}

/** A stretch of a job's life. */
export interface Phase {
  /** Any text: the service's set of statuses is open. */
  status: string;
  /** How long it lasts; missing on the last phase, which lasts for ever. */
  forMs?: number;
  statusReason?: string;
  /** It is an end, with a time of completion, though its status is none of the known ones. */
  isEnd?: boolean;
  /** The phase starts a new run. */
  retry?: boolean;
  /** Of the run, in this phase and after it. */
  nodeUrls?: readonly NodeUrl[];
  log?: readonly LogChunk[];
}

/** A recipe and the life that its jobs lead. */
export interface RecipeScript {
  uuid?: string;
  name: string;
  description?: string | null;
  /** What the recipe sets; an image and, for BATCH, a run timeout are set where it does not. */
  payload?: CookFields;
  life: readonly Phase[];
  /** How it goes for a cook with this `gpu_name`, where that is another life. */
  lifeOnGpu?: Readonly<Record<string, readonly Phase[]>>;
  /** How long a job is CANCELLING before it is CANCELLED; 0: at once. */
  cancelTakesMs?: number;
  /** A cancel is answered 200, and the job goes on. */
  cancelIgnored?: boolean;
  /** Of a run on one node; of several runs, one each, the last for all that follow. */
  hourlyRateUsd?: number | readonly number[];
  /** How long after the start of a run its rate shows; default 0. */
  rateAfterMs?: number;
  /** What shows before that, such as 0; default: no rate. */
  firstRateUsd?: number;
  /** How many nodes a run is on; default 1. */
  nodes?: number;
  bill?: BillScript;
  inputSchema?: readonly unknown[];
  /** Whether its jobs and runs have access tokens; default true. */
  accessTokens?: boolean;
  /** `logs` as an array of lines, or of objects with a line each, instead of one string. */
  logsAsArray?: boolean | 'objects';
  /** The service keeps so many characters of a log, the last ones. */
  logWindow?: number;
}

/** How the ledger has what a run costs: nothing of it is documented. */
export interface BillScript {
  /** How long after the end of a run it is billed; default 0. */
  afterMs?: number;
  /** Amounts are below zero. */
  isNegative?: boolean;
  /** Default `CAPTURE`. */
  type?: string;
}

/** What each kind of fault needs to be told. */
export interface FaultDetails {
  /** Every connection is cut and new ones are refused for so long. */
  refuse: { forMs: number };
  /** RST. */
  reset: object;
  /** FIN without an answer. */
  close: object;
  /** No answer ever, or a FIN after `forMs`. */
  hang: { forMs?: number };
  /** Headers, then a byte every `everyMs`. */
  'slow-body': { everyMs: number };
  /** Half of the announced body, then FIN. */
  truncate: object;
  /** Announces half of the body that it sends. */
  'wrong-length': object;
  /** A page, as a proxy sends it; default 502. */
  html: { status?: number };
  /** 200 without a body. */
  empty: object;
  /** 200 with JSON that breaks off. */
  'wrong-json': object;
  /** 200 with JSON of another shape; default `{"hello":"world"}`. */
  'other-shape': { body?: unknown };
  /** 200 with JSON of so many bytes. */
  huge: { bytes: number };
  redirect: { status?: 301 | 302 | 303 | 307 | 308; location: string };
  /** An error, 400..504; a `body` of text is sent as text. */
  status: { status: number; retryAfter?: string; body?: unknown };
  /** The proper answer after `forMs`. */
  delay: { forMs: number };
  /** The proper answer with null for its uuid. */
  'no-uuid': object;
  /** The proper answer, once `until` is settled. */
  hold: { until: Promise<void> };
}

/** One kind of fault, or any of them: `{ type: 'delay', forMs: 50 }`. */
export type FaultKind<T extends keyof FaultDetails = keyof FaultDetails> = {
  [K in T]: { type: K } & FaultDetails[K];
}[T];

/** Something that goes wrong with the requests it is meant for. */
export interface Fault {
  /** Default: any. */
  method?: string;
  /** The path, `*` for any one segment of it: `/v1/jobs/*`. Default: any. */
  path?: string;
  /** Strikes at the n-th matching request since its injection, from 1; default 1. */
  nth?: number;
  /** And at so many in a row; default 1. */
  times?: number;
  /**
   * Before or after the request was taken, that is, its handler ran; default 'before'.
   * 'delay', 'no-uuid' and 'hold' give the proper answer, so with them it is always taken.
   */
  when?: 'before' | 'after';
  kind: FaultKind;
}

/** A request that arrived. */
export interface RequestRecord {
  /** By the service's clock. */
  readonly atMs: number;
  readonly method: string;
  readonly path: string;
  /** As on the wire, without `?`. */
  readonly search: string;
  /** Decoded; the last value of a repeated name. */
  readonly query: Readonly<Record<string, string>>;
  /** Parsed; null if none or no JSON. */
  readonly body: unknown;
  /** Without the signature. */
  readonly headers: IncomingHttpHeaders;
  /** null: no answer was sent. */
  readonly status: number | null;
  /** Its handler ran; not so where key, time, nonce or signature were refused. */
  readonly taken: boolean;
  readonly fault: Fault | null;
}

/** How the simulator differs from a service that always works. */
export interface SimulatorOptions {
  /** Default 0: a free one. */
  port?: number;
  generation?: Generation;
  publicKey?: string;
  secretKey?: string;
  recipes?: readonly RecipeScript[];
  faults?: readonly Fault[];
  /** Each answer is held back so long. */
  latencyMs?: number;
  /** The service's clock, Unix ms; default `Date.now`. */
  now?: () => number;
  /** Single resources come inside `{"data": {...}}`. */
  wrapData?: boolean;
  /** Bodies are signed as raw UTF-8, not ASCII-escaped. */
  rawUtf8Signing?: boolean;
  /** `filter[uuid]` takes no list. */
  singleUuidFilter?: boolean;
  /** How long after its cook a job is missing from the list. */
  listingLagMs?: number;
  /** How long after its cook a job reads as 404. */
  readLagMs?: number;
  quirks?: Quirks;
  /** What is on offer; default: three kinds of machines, for 0.35 to 4.14 USD an hour. */
  offers?: readonly OfferScript[];
  /** The ledger gives the lines of all runs, whatever it is asked for. */
  ledgerIgnoresFilter?: boolean;
  /** Told one line a request. */
  log?: (line: string) => void;
}

/** A running simulator. */
export interface Simulator {
  readonly url: string;
  readonly publicKey: string;
  readonly secretKey: string;
  readonly recipeUuids: readonly string[];
  /** Every request that arrived, in order. */
  readonly requests: readonly RequestRecord[];
  /** All jobs as of now, oldest first, whatever the lags. */
  jobs: () => readonly Job[];
  /** All runs as of now, with their logs. */
  runs: () => readonly JobRun[];
  /** What all jobs have cost as of now, in US dollars, billed or not. */
  costUsd: () => number;
  /** Returns the recipe's UUID. */
  addRecipe: (script: RecipeScript) => string;
  /** Other people of the account cook so many jobs of a recipe. */
  cookForOthers: (recipeUuid: string, count: number) => void;
  inject: (...faults: Fault[]) => void;
  clearFaults: () => void;
  /** As from the console: works on `cancelIgnored` scripts too. */
  cancelJob: (uuid: string, reason?: string) => void;
  /** From then on the job and its runs are 404. */
  removeJob: (uuid: string) => void;
  /** Cuts open connections too. */
  close: () => Promise<void>;
}
