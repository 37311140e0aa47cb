import { join } from 'node:path';
import pLimit, { type LimitFunction } from 'p-limit';
import { withDeadline, type Clock } from '../clock.ts';
import { asError, ServiceError } from '../errors.ts';
import type { RunData, SubmittedJob } from '../jobs/records.ts';
import type { Result } from '../jobs/results.ts';
import { isFinal } from '../jobs/status.ts';
import type { Client } from '../service/client.ts';
import { listJobRuns, readJobRun } from '../service/endpoints.ts';
import { maxAnswerBytes } from '../service/http.ts';
import { retryRules, withRetry } from '../service/retry.ts';
import type { Job, JobRun } from '../service/schemas.ts';
import { openRunLog, type JobLogEvents } from './run-log.ts';

/** When the containers' output is printed. */
export type LogMode = 'stream' | 'on-failure' | 'none';

interface LogCollectorOptions {
  readonly client: Client;
  readonly mode: LogMode;
  /** Where the logs are kept; null where they cannot be. */
  readonly folder: string | null;
  readonly printJob: (job: SubmittedJob) => JobLogEvents;
  /** Fires when watching ends. */
  readonly signal: AbortSignal;
  /** Fires when all requests must end. */
  readonly deadline: AbortSignal;
  /** Fires when there are only seconds left. */
  readonly interrupt: AbortSignal;
}

export type JobLog = ReturnType<typeof openJobLog>;

// Half of the connections to the service: large logs must not hold up the looks at the jobs.
const maxConcurrentLogs = 4;

/** Reads the logs of a step's jobs. Nothing here rejects because of them. */
export function createLogCollector(options: LogCollectorOptions) {
  const limit = pLimit(maxConcurrentLogs);
  return {
    open: (submitted: SubmittedJob) => openJobLog(submitted, options, limit),
  };
}

// What the log of a job may cost in traffic, on average: the service gives the whole text each time.
const bytesPerMs = 256;
const troublePauseMs = 60_000;
// What the end of a log is worth in time; an interrupt leaves less.
const maxCloseMs = 60_000;

function openJobLog(submitted: SubmittedJob, options: LogCollectorOptions, limit: LimitFunction) {
  const { client, mode, signal, deadline, interrupt } = options;
  const { clock, redactor } = client;
  const events = options.printJob(submitted);
  const runs = openRuns(submitted.job.uuid, options, limit, events);
  const closing = new AbortController();
  const ended = AbortSignal.any([signal, closing.signal]);
  let dueAtMs = 0;

  const readNew = async () => {
    dueAtMs = Infinity;
    const pauseMs = await runs.read(ended, false).then(
      () => runs.size() / bytesPerMs,
      () => troublePauseMs,
    );
    dueAtMs = clock.monotonicMs() + pauseMs;
  };
  return {
    /**
     * To be called after each look at the job. Starts reading what is new of its log where that is
     * due, and returns at once.
     */
    onLook: ({ status }: Job) => {
      const isStreamed = mode === 'stream' && status === 'RUNNING';
      if (isStreamed && !ended.aborted && clock.monotonicMs() >= dueAtMs) void readNew();
    },
    listRuns: runs.list,
    /**
     * Ends reading in the background, reads what is left, and gives what the runs brought.
     * @param job as last seen; null where the service does not show it, so that nothing is read
     */
    close: async (result: Result, job: Job | null): Promise<RunData> => {
      closing.abort();
      const readRest = async (rest: AbortSignal) => {
        if (job === null) return;
        await runs.read(rest, true);
        const isComplete = result === 'succeeded' && runs.results()?.all() !== null;
        const mayComeLate = mode !== 'none' && isFinal(job.status) && !isComplete;
        if (mayComeLate) await readLateEnd(runs, clock, rest, interrupt);
      };
      await withDeadline(clock, maxCloseMs, deadline, readRest).catch((error: unknown) => {
        if (mode !== 'none') events.trouble(error);
      });
      const data = { runs: runs.close(), logTail: runs.tail() };
      events.end(result, data.logTail);
      const problems = runs.results()?.problems() ?? [];
      if (problems.length > 0) events.resultsIgnored(redactor.redact(problems.join('; ')));
      const results = runs.results()?.all() ?? null;
      return { ...data, results: results && redactor.redactJson(results) };
    },
  };
}

// The last lines may come a while after the end of a job.
const lateReadsMs = [1_000, 3_000, 5_000, 7_000, 9_000, 11_000, 13_000, 15_000];
const minLateMs = 3_000;

/** Reads a log some more after the end of its job, for as long as something new comes. */
async function readLateEnd(
  runs: ReturnType<typeof openRuns>,
  clock: Clock,
  signal: AbortSignal,
  interrupt: AbortSignal,
): Promise<void> {
  const startMs = clock.monotonicMs();
  const late = AbortSignal.any([signal, interrupt]);
  for (const dueMs of lateReadsMs) {
    await clock.sleep(startMs + dueMs - clock.monotonicMs(), late);
    const before = runs.tail().join('\n');
    await runs.read(late, true).catch((error: unknown) => {
      if (!interrupt.aborted) throw error;
    });
    const isOver = dueMs >= minLateMs && runs.tail().join('\n') === before;
    if (isOver || interrupt.aborted) return;
  }
}

interface KnownRun {
  run: JobRun;
  readonly log: ReturnType<typeof openRunLog>;
  /** Its log was read after its end, or is too large to be read. */
  isOver: boolean;
}

function openRuns(
  jobUuid: string,
  { client, mode, folder }: LogCollectorOptions,
  limit: LimitFunction,
  events: JobLogEvents,
) {
  const { known, list } = createKnownRuns(jobUuid, client, folder, events);
  let taking = Promise.resolve();

  const readLog = async (target: KnownRun, signal: AbortSignal) => {
    const log = await limit(async () => readLogOf(target, client, events, signal));
    if (log === null) return;
    for (const before of known.slice(0, known.indexOf(target))) before.log.end();
    taking = target.log.take(log);
    await taking;
  };
  return {
    /** Reads which runs there are, oldest first; rejects with ServiceError. */
    list,
    /**
     * Reads which runs there are and what is new of their logs; rejects in the end with the first
     * trouble.
     * @param isLast whether the job is no longer watched: the end of a log may come a moment after
     * the end of its run, so the last one is then read again
     */
    read: async (signal: AbortSignal, isLast: boolean) => {
      const troubles: unknown[] = [];
      const attempt = async (request: () => Promise<unknown>) => {
        await withRetry(request, retryRules.run, { ...client, signal }).catch((error: unknown) => {
          troubles.push(error);
        });
      };
      await taking;
      if (isLast || known.at(-1)?.run.status !== 'RUNNING') await attempt(async () => list(signal));
      for (const run of mode === 'none' ? [] : known) {
        const isLeft = !run.isOver || (isLast && run === known.at(-1));
        if (isLeft) await attempt(async () => readLog(run, signal));
      }
      if (troubles.length > 0) throw asError(troubles[0]);
    },
    /** How large the logs were when last read, in all. */
    size: () => known.reduce((sum, { log }) => sum + log.size(), 0),
    /** The last lines of the newest run that has any. */
    tail: () => known.map(({ log }) => log.tail()).findLast((lines) => lines.length > 0) ?? [],
    /** What the last run reported; undefined where there is none. */
    results: () => known.at(-1)?.log.results,
    /** Ends the last line of each log, and gives the runs. */
    close: () => {
      for (const { log } of known) log.end();
      return known.map(({ run }) => run);
    },
  };
}

/** Reads a run and the text of its log; null where that is too large. */
async function readLogOf(
  target: KnownRun,
  client: Client,
  events: JobLogEvents,
  signal: AbortSignal,
): Promise<string | null> {
  try {
    const { run, log } = await readJobRun(client, target.run.uuid, signal);
    // Another read may have begun since.
    signal.throwIfAborted();
    target.run = run;
    target.isOver = isFinal(run.status);
    return log;
  } catch (error) {
    if (!(error instanceof ServiceError) || error.trouble !== 'too-large') throw error;
    target.isOver = true;
    events.trouble(new Error(`it is larger than ${maxAnswerBytes / 1024 / 1024} MiB`));
    return null;
  }
}

function createKnownRuns(
  jobUuid: string,
  client: Client,
  folder: string | null,
  events: JobLogEvents,
) {
  const known: KnownRun[] = [];
  const addRun = (run: JobRun) => {
    const number = known.length + 1;
    const name = number === 1 ? `${jobUuid}.log` : `${jobUuid}.${number}.log`;
    const path = folder === null ? null : join(folder, name);
    known.push({ run, log: openRunLog(path, number, client.redactor, events), isOver: false });
  };
  const list = async (signal: AbortSignal): Promise<readonly JobRun[]> => {
    for (const run of await listJobRuns(client, jobUuid, signal)) {
      const before = known.find(({ run: { uuid } }) => uuid === run.uuid);
      if (before === undefined) addRun(run);
      else before.run = run;
    }
    return known.map(({ run }) => run);
  };
  return { known, list };
}
