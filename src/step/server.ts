import { readAccessToken } from '../service/endpoints.ts';
import type { Job, JobRun } from '../service/schemas.ts';
import { asError } from '../errors.ts';
import { mainUrlOf, nodeUrlsOfRun, type NodeUrl } from '../jobs/node-urls.ts';
import { pollIntervalMs } from '../service/poll.ts';
import type { SubmittedJob } from '../jobs/records.ts';
import { isFinal } from '../jobs/status.ts';
import type { JobLog } from '../logs/collector.ts';
import type { Entry } from './entry.ts';
import type { Step, WaitUntil } from './step.ts';

// A job that runs is of use as a server once its addresses are known, which may be minutes later,
// and its application answers.

/** A job that runs until it is cancelled never completes by itself. */
export function waitUntilOf({ plan }: Step, { task }: Job): WaitUntil {
  const byTask = plan.readyCheck === null ? 'running' : 'ready';
  return plan.waitUntil ?? (task === 'PERSISTENT' ? byTask : 'completed');
}

/** The wait for the server of one job. */
export interface ServerWatch {
  /** To be told of each look that shows the job RUNNING; returns at once. */
  readonly onRunning: (job: Job) => void;
  /** To be told when it does not run any more: its next run has other addresses. */
  readonly onStopped: () => void;
  /** Fires when the server is of use, or nothing is to be waited for. */
  readonly served: AbortSignal;
  /** Whether the log may be read: not before its secret is known, and masked. */
  readonly mayReadLog: () => boolean;
  /** Ends the wait; resolves when nothing is under way any more. */
  readonly stop: () => Promise<void>;
}

// Of a container that names no ports nobody knows whether it has any.
const maxUnknownWaitMs = 30_000;
// While the application is not ready, its addresses are read again, for they may have changed: more
// rarely the longer it takes.
const minListEveryMs = 20_000;
const maxListEveryMs = 300_000;
const listShare = 1 / 15;

/** Begins to wait for the server of a job; asks nothing before the job runs. */
export function watchServer(
  step: Step,
  entry: Entry,
  submitted: SubmittedJob,
  log: JobLog,
): ServerWatch {
  const { end, plan, console } = step;
  const { clock } = step.deps;
  const served = new AbortController();
  const over = new AbortController();
  const signal = AbortSignal.any([end.signal, over.signal, served.signal]);
  const waitUntil = waitUntilOf(step, submitted.job);
  let work: Promise<void> | null = null;
  let isTold = false;
  let known: Found = nothingFound;
  let listedAtMs = -Infinity;

  const find = async (job: Job, waitedMs: number): Promise<Found> => {
    const nowMs = clock.monotonicMs();
    const everyMs = Math.min(maxListEveryMs, Math.max(minListEveryMs, waitedMs * listShare));
    if (known.urls.length > 0 && nowMs - listedAtMs < everyMs) return known;
    listedAtMs = nowMs;
    return findServer(step, entry, job, log, known, signal);
  };
  const isServing = async (job: Job, waitedMs: number): Promise<boolean> => {
    known = await find(job, waitedMs);
    if (waitUntil === 'running' && known.isReported) return true;
    if (known.urls.length === 0) {
      if (!isTold && known.runUuid !== null) console.noAddressYet(submitted);
      isTold ||= known.runUuid !== null;
      return waitUntil === 'running' && mayHaveNone(job) && waitedMs >= maxUnknownWaitMs;
    }
    return isReady(step, entry, submitted, known.urls, signal);
  };
  const wait = async (job: Job) => {
    const sinceMs = clock.monotonicMs();
    while (!signal.aborted) {
      const startedMs = clock.monotonicMs();
      if (await isServing(job, startedMs - sinceMs)) {
        served.abort();
        return;
      }
      const interval = known.urls.length === 0 ? plan.pollInterval : 'auto';
      const everyMs = pollIntervalMs(interval, startedMs - sinceMs);
      await clock.sleep(startedMs + everyMs - clock.monotonicMs(), signal);
    }
  };
  return {
    served: served.signal,
    mayReadLog: () => known.runUuid !== null,
    onRunning: (job) => {
      if (job.parameters?.isReachable === false && waitUntil === 'running') served.abort();
      work ??= wait(job);
    },
    onStopped: () => {
      known = { ...nothingFound, runUuid: known.runUuid };
      entry.readiness = null;
    },
    stop: async () => {
      over.abort();
      await work;
    },
  };
}

function mayHaveNone({ parameters }: Job): boolean {
  return parameters?.isReachable !== true;
}

/** What is known of the newest run. */
interface Found {
  readonly runUuid: string | null;
  /** Those of use; there may be none among those that its node has reported. */
  readonly urls: readonly NodeUrl[];
  readonly isReported: boolean;
}

const nothingFound: Found = { runUuid: null, urls: [], isReported: false };

async function findServer(
  step: Step,
  entry: Entry,
  job: Job,
  log: JobLog,
  before: Found,
  signal: AbortSignal,
): Promise<Found> {
  try {
    const runs = await log.listRuns(signal);
    const run = runs.findLast(({ status }) => !isFinal(status));
    if (run === undefined) return { ...nothingFound, runUuid: before.runUuid };
    const urls = nodeUrlsOfRun(run, job.uuid);
    await findToken(step, entry, job, { run, urls, before }, signal);
    return { runUuid: run.uuid, urls, isReported: (run.node_urls ?? []).length > 0 };
  } catch {
    // The next turn reads them again.
    return before;
  }
}

interface FoundRun {
  readonly run: JobRun;
  readonly urls: readonly NodeUrl[];
  readonly before: Found;
}

/** Reads the token of a run when the run is new, and once more when it has addresses. */
async function findToken(
  { client, deps }: Step,
  entry: Entry,
  { uuid }: Job,
  { run, urls, before }: FoundRun,
  signal: AbortSignal,
): Promise<void> {
  const isNew = run.uuid !== before.runUuid;
  const isReachedNow = entry.accessToken === null && urls.length > 0 && before.urls.length === 0;
  if (!isNew && !isReachedNow) return;
  const token = await readAccessToken(client, uuid, signal);
  // Before anything else can be said with it, the container's log included.
  if (token !== null) deps.runner.mask(token);
  entry.accessToken = token;
}

/** Asks the server once; keeps what it answered, and since when. */
async function isReady(
  step: Step,
  entry: Entry,
  submitted: SubmittedJob,
  urls: readonly NodeUrl[],
  signal: AbortSignal,
): Promise<boolean> {
  const { readyCheck } = step.plan;
  const { clock } = step.deps;
  if (readyCheck === null) return true;
  const sentMs = clock.monotonicMs();
  const answer = await ask(step, entry, urls, signal);
  if (answer === 'ready') {
    entry.readiness = null;
    return true;
  }
  // What was cut short by the end of the wait says nothing.
  if (signal.aborted) return false;
  const before = entry.readiness;
  if (before?.answer === answer) {
    entry.readiness = { ...before, forMs: clock.monotonicMs() - entry.readySinceMs };
    return false;
  }
  entry.readySinceMs = sentMs;
  entry.readiness = { answer, forMs: clock.monotonicMs() - sentMs };
  step.console.notReady(submitted, readyCheck, answer);
  return false;
}

async function ask(
  { plan, probe }: Step,
  entry: Entry,
  urls: readonly NodeUrl[],
  signal: AbortSignal,
): Promise<string> {
  const { port = 0, path = '/' } = plan.readyCheck ?? {};
  const address = mainUrlOf(urls, port);
  // Put together, not resolved: a path such as `//host` is no other host.
  const url = address === undefined ? null : URL.parse(`${address.url}${path}`);
  if (url === null) return `port ${port} is not among the addresses`;
  try {
    const status = await probe.get(url, entry.accessToken, signal);
    return status < 400 ? 'ready' : `HTTP ${status}`;
  } catch (error) {
    return asError(error).message;
  }
}
