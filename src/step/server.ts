import { asError } from '../errors.ts';
import { hostName, isSsh, mainUrlOf, nodeUrlsOfRun, type NodeUrl } from '../jobs/node-urls.ts';
import { formatReadyCheck, type Readiness, type SubmittedJob } from '../jobs/records.ts';
import { isFinal } from '../jobs/status.ts';
import type { JobLog } from '../logs/collector.ts';
import { readAccessToken } from '../service/endpoints.ts';
import type { Job } from '../service/schemas.ts';
import { type Entry, setSeen } from './entry.ts';
import type { Step, StepPlan, WaitUntil } from './step.ts';

// A job that runs is of use as a server once its addresses are known, which may be minutes later,
// and its application answers.

/** What is waited for: a job that runs until it is canceled never completes by itself. */
export function getWaitUntil(
  { waitUntil, readyCheck, ssh }: Pick<StepPlan, 'waitUntil' | 'readyCheck' | 'ssh'>,
  { task }: Pick<Job, 'task'>,
): WaitUntil {
  if (ssh !== null) return 'ready';
  const byTask = readyCheck === null ? 'running' : 'ready';
  return waitUntil ?? (task === 'PERSISTENT' ? byTask : 'completed');
}

// Of a container that names no ports it is not known whether its image has any.
const maxUnknownWaitMs = 10_000;
// While the application is not ready, its addresses are read again, for they may have changed.
const listEveryMs = 60_000;

interface Server {
  readonly runUuid: string | null;
  /** Addresses of use; there may be none among those that its node has reported. */
  readonly urls: readonly NodeUrl[];
  readonly isReported: boolean;
}

const noServer: Server = { runUuid: null, urls: [], isReported: false };

/** Looks at the server of a job while the job runs, until it is of use. */
export function watchServer(step: Step, entry: Entry, submitted: SubmittedJob, log: JobLog) {
  const { clock } = step.deps;
  const served = new AbortController();
  const over = new AbortController();
  const signal = AbortSignal.any([step.end.signal, over.signal, served.signal]);
  const waitUntil = getWaitUntil(step.plan, submitted.job);
  let work: Promise<void> | null = null;
  let isWaitReported = false;
  let server = noServer;
  let runsSinceMs = Infinity;
  let listedAtMs = -Infinity;

  const isServing = async (job: Job): Promise<boolean> => {
    const nowMs = clock.monotonicMs();
    runsSinceMs = Math.min(runsSinceMs, nowMs);
    if (server.urls.length === 0 || nowMs - listedAtMs >= listEveryMs) {
      listedAtMs = nowMs;
      server = await readServer(step, entry, job, log, server, signal);
    }
    if (waitUntil === 'running' && server.isReported) return true;
    const isWaiting = server.urls.length === 0 && server.runUuid !== null;
    if (!isWaitReported && isWaiting) step.log.noAddressYet(submitted);
    isWaitReported ||= isWaiting;
    if (server.urls.length > 0 || waitUntil === 'ready')
      return isReady(step, entry, submitted, server.urls, signal);
    const isSure = job.parameters?.isReachable === true;
    return waitUntil === 'running' && !isSure && nowMs - runsSinceMs >= maxUnknownWaitMs;
  };
  const check = async (job: Job) => {
    if (await isServing(job)) {
      setSeen(entry, { wasReady: true });
      served.abort();
    }
    work = null;
  };
  return {
    /** Fires when the server is of use, or there is nothing to wait for. */
    served: served.signal,
    /** Whether the log may be read: not before the access token is known, and masked. */
    mayReadLog: () => server.runUuid !== null,
    /** To be called after each look that shows the job RUNNING; returns at once. */
    onRunning: (job: Job) => {
      if (job.parameters?.isReachable === false && waitUntil === 'running') served.abort();
      else work ??= check(job);
    },
    /** To be called when it does not run any more: its next run has other addresses. */
    onStopped: () => {
      server = { ...noServer, runUuid: server.runUuid };
      setSeen(entry, { readiness: null });
    },
    /** Ends the wait; resolves when nothing is under way any more. */
    stop: async () => {
      over.abort();
      await work;
    },
  };
}

async function readServer(
  { client, deps }: Pick<Step, 'client' | 'deps'>,
  entry: Entry,
  { uuid }: Job,
  log: JobLog,
  before: Server,
  signal: AbortSignal,
): Promise<Server> {
  try {
    const runs = await log.listRuns(signal);
    const run = runs.findLast(({ status }) => !isFinal(status));
    if (run === undefined) return { ...noServer, runUuid: before.runUuid };
    const urls = nodeUrlsOfRun(run, uuid);
    if (run.uuid !== before.runUuid || (entry.accessToken === null && urls.length > 0)) {
      const token = await readAccessToken(client, uuid, signal);
      // Before anything else can be said with it, the container's log included.
      if (token !== null) deps.runner.redactor.addCredentials([token]);
      entry.accessToken = token;
    }
    return { runUuid: run.uuid, urls, isReported: (run.node_urls ?? []).length > 0 };
  } catch {
    return before;
  }
}

/** Asks the server once; keeps what it answered, and for how long it has. */
async function isReady(
  step: Step,
  entry: Entry,
  submitted: SubmittedJob,
  urls: readonly NodeUrl[],
  signal: AbortSignal,
): Promise<boolean> {
  const { clock } = step.deps;
  const sentMs = clock.monotonicMs();
  const refusal = await getRefusal(step, entry, urls, signal);
  // What was cut short by the end of the wait says nothing.
  if (refusal !== null && signal.aborted) return false;
  const before = entry.seen.readiness;
  const isSame = before?.answer === refusal?.answer && before?.check === refusal?.check;
  const sinceMs = isSame ? (before?.sinceMs ?? sentMs) : sentMs;
  const forMs = clock.monotonicMs() - sinceMs;
  setSeen(entry, { readiness: refusal && { ...refusal, sinceMs, forMs } });
  if (refusal !== null && !isSame && urls.length > 0)
    step.log.notReady(submitted, refusal.check, refusal.answer);
  return refusal === null;
}

/** @returns what was asked, and why the server is not ready; null where it is */
async function getRefusal(
  { plan: { ssh, readyCheck }, probe }: Step,
  { ref, accessToken }: Entry,
  urls: readonly NodeUrl[],
  signal: AbortSignal,
): Promise<Pick<Readiness, 'check' | 'answer'> | null> {
  if (ssh !== null) {
    const check = 'login over ssh';
    const address = urls.find(isSsh);
    if (address === undefined) return { check, answer: 'the job has no address for ssh yet' };
    ssh.addHost(hostName(ref.index), address);
    const answer = await ssh.login(hostName(ref.index), signal);
    if (answer !== null) return { check, answer };
  }
  if (readyCheck === null) return null;
  const { port, path } = readyCheck;
  const check = `ready-check ${formatReadyCheck(readyCheck)}`;
  const address = mainUrlOf(urls, port);
  // Put together, not resolved: a path such as `//host` is no other host.
  const url = address === undefined ? null : URL.parse(`${address.url}${path}`);
  if (url === null) return { check, answer: `the job has no address for port ${port} yet` };
  try {
    const status = await probe.get(url, accessToken, signal);
    return status < 400 ? null : { check, answer: `HTTP ${status}` };
  } catch (error) {
    return { check, answer: asError(error).message };
  }
}
