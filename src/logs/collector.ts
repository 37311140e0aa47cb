import pLimit from 'p-limit';
import type { Job } from '../service/schemas.ts';
import { withDeadline, type Clock } from '../clock.ts';
import type { RunData, SubmittedJob } from '../jobs/records.ts';
import type { Result } from '../jobs/results.ts';
import { isFinal } from '../jobs/status.ts';
import type { JobLogEvents } from './run-log.ts';
import { openRuns, type RunsOptions } from './runs.ts';

export interface LogCollectorOptions extends Omit<RunsOptions, 'limit'> {
  /** Fires when watching ends. */
  readonly signal: AbortSignal;
  /** Fires when all requests must end. */
  readonly deadline: AbortSignal;
  /** Fires when there are only seconds left. */
  readonly interrupt: AbortSignal;
  readonly printJob: (job: SubmittedJob) => JobLogEvents;
}

export type LogCollector = ReturnType<typeof createLogCollector>;
export type JobLog = ReturnType<LogCollector['open']>;

// Half of the connections to the service: large logs must not hold up the looks at the jobs.
const maxConcurrentLogs = 4;

/** Makes ready for the logs of a step. Nothing here rejects because of them. */
export function createLogCollector(options: LogCollectorOptions) {
  const limit = pLimit(maxConcurrentLogs);
  return {
    /** Opens the runs and the log of one job. */
    open: (submitted: SubmittedJob) => openJobLog(submitted, { ...options, limit }),
  };
}

// What the log of a job may cost in traffic, on average: the service gives the whole text each time.
const bytesPerMs = 256;
const troublePauseMs = 60_000;
// What the end of a log is worth in time; an interrupt leaves less.
const maxCloseMs = 60_000;

function openJobLog(submitted: SubmittedJob, options: LogCollectorOptions & RunsOptions) {
  const { client, mode, signal, deadline, interrupt } = options;
  const { clock, redactor } = client;
  const events = options.printJob(submitted);
  const runs = openRuns(submitted.job.uuid, options, events);
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
     * @param job as last seen; null where the service will not tell of it, so that nothing is read
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
