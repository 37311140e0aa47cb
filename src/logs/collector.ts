import pLimit from 'p-limit';
import type { Client } from '../service/client.ts';
import type { Job } from '../service/schemas.ts';
import { withDeadline } from '../clock.ts';
import { ServiceError } from '../errors.ts';
import type { RunData, SubmittedJob } from '../jobs/records.ts';
import type { Result } from '../jobs/results.ts';
import type { RunLogEvents } from './run-log.ts';
import { openRuns } from './runs.ts';

/** When the containers' output is printed. */
export type LogMode = 'stream' | 'on-failure' | 'none';

/** What happens to the log of a job, all its runs together. */
export interface JobLogEvents extends RunLogEvents {
  /** Nothing follows. @param tail the last lines of the newest run */
  readonly end: (result: Result, tail: readonly string[]) => void;
  /** Why a line of results is of no use. */
  readonly resultsIgnored: (reason: string) => void;
}

export interface LogCollectorOptions {
  readonly client: Client;
  readonly mode: LogMode;
  /** Where the logs are kept; null where none are read. */
  readonly folder: string | null;
  /** Fires when watching ends. */
  readonly signal: AbortSignal;
  readonly printJob: (job: SubmittedJob) => JobLogEvents;
}

export type LogCollector = ReturnType<typeof createLogCollector>;
export type JobLog = ReturnType<LogCollector['open']>;

// Half of the connections to the service: large logs must not hold up the looks at the jobs.
const maxConcurrentLogs = 4;
// What the log of a job may cost in traffic, on average: the service gives the whole text each time.
const bytesPerMs = 256;
// After trouble that may pass.
const troublePauseMs = 30_000;
// What the end of a log is worth in time; an interrupt leaves less.
const maxCloseMs = 60_000;

/** Makes ready for the logs of a step. Nothing here rejects because of them. */
export function createLogCollector(options: LogCollectorOptions) {
  const { client, mode, folder, signal } = options;
  const { clock } = client;
  const limit = pLimit(maxConcurrentLogs);

  /** Opens the runs and the log of one job. */
  const open = (submitted: SubmittedJob) => {
    const events = options.printJob(submitted);
    const runs = openRuns(submitted.job.uuid, { client, folder, limit, events });
    const closing = new AbortController();
    const ended = AbortSignal.any([signal, closing.signal]);
    let dueAtMs = 0;

    const readNew = async () => {
      dueAtMs = Infinity;
      try {
        await runs.read(ended, false);
        dueAtMs = clock.monotonicMs() + runs.size() / bytesPerMs;
      } catch (error) {
        // After a refusal, it is of no use to ask again while the job runs.
        const mayPass = error instanceof ServiceError && (error.retryable || error.status === 404);
        if (mayPass) dueAtMs = clock.monotonicMs() + troublePauseMs;
      }
    };
    return {
      /**
       * To be called after each look at the job. Starts reading what is new of its log where that
       * is due, and returns at once.
       */
      onLook: ({ status }: Job) => {
        const isRead = mode === 'stream' && folder !== null && status === 'RUNNING';
        if (isRead && !ended.aborted && clock.monotonicMs() >= dueAtMs) void readNew();
      },
      listRuns: runs.list,
      /**
       * Ends reading in the background, reads what is left, and gives what the runs brought.
       * @param options `reads` is false where the service will not tell of this job
       */
      close: async (
        result: Result,
        { reads, signal: outer }: { readonly reads: boolean; readonly signal: AbortSignal },
      ): Promise<RunData> => {
        closing.abort();
        const readRest = async (rest: AbortSignal) => runs.read(rest, true);
        if (reads) {
          await withDeadline(clock, maxCloseMs, outer, readRest).catch((error) => {
            if (folder !== null) events.trouble(error);
          });
        }
        const { reported, ...rest } = runs.close();
        events.end(result, rest.logTail);
        for (const problem of reported?.problems() ?? []) events.resultsIgnored(problem);
        const results = reported?.all() ?? null;
        return { ...rest, results: results && client.redactor.redactJson(results) };
      },
    };
  };
  return { open };
}
