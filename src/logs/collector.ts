import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import pLimit, { type LimitFunction } from 'p-limit';
import type { Client } from '../service/client.ts';
import type { Job, JobRun } from '../service/schemas.ts';
import { InterruptedError, ServiceError } from '../errors.ts';
import { tempFolder } from '../inputs/context.ts';
import type { RunData, SubmittedJob } from '../jobs/records.ts';
import type { Result } from '../jobs/results.ts';
import { backoffMs } from '../service/retry.ts';
import type { Clock } from '../clock.ts';
import { jobPrefix, type Console } from '../report/log.ts';
import { minManyJobs } from '../report/progress.ts';
import { createLogPrinter, printTail } from '../report/container-log.ts';
import { writeLogsPath } from '../report/outputs.ts';
import type { Runner } from '../runner.ts';
import { createTail, type Line } from './lines.ts';
import { createContainerResults } from './results.ts';
import { openRuns } from './runs.ts';

/** When the containers' output is printed. */
export type LogMode = 'stream' | 'on-failure' | 'none';

export interface LogCollectorOptions {
  readonly runner: Runner;
  readonly client: Client;
  readonly mode: LogMode;
  /** How many jobs the step has. */
  readonly jobCount: number;
  /** Fires when watching ends. */
  readonly signal: AbortSignal;
  readonly console: Console;
}

/** The runs and logs of the jobs of a step. */
export interface LogCollector {
  readonly open: (job: SubmittedJob) => JobLog;
}

/** The runs and log of one job. Nothing here rejects because of them. */
export interface JobLog {
  /**
   * To be called after each look at the job. Starts reading what is new of its log where that is
   * due, and returns at once.
   */
  readonly onLook: (job: Job) => void;
  /** Reads which runs there are, oldest first; rejects with ServiceError. */
  readonly listRuns: (signal: AbortSignal) => Promise<readonly JobRun[]>;
  /**
   * Ends reading in the background, reads what is left, and gives what the runs brought.
   * @param options `reads`: false where the service will not tell of this job
   */
  readonly close: (
    result: Result,
    options: { readonly reads: boolean; readonly signal: AbortSignal },
  ) => Promise<RunData>;
}

interface JobLogOptions extends LogCollectorOptions {
  readonly folder: string | null;
  readonly limit: LimitFunction;
  /** UUIDs of the jobs whose logs are read while they run. */
  readonly streaming: Set<string>;
}

// Half of the connections to the service: large logs must not hold up the looks at the jobs.
const maxConcurrentLogs = 4;

/** Makes ready for the logs of a step, and tells where they are kept. */
export function createLogCollector(given: LogCollectorOptions): LogCollector {
  // The lines of many jobs at once would be read by nobody: the ends of those that failed are told.
  const isTooMany = given.mode === 'stream' && given.jobCount >= minManyJobs;
  const options = isTooMany ? { ...given, mode: 'on-failure' as const } : given;
  const folder = makeFolder(options);
  const limit = pLimit(maxConcurrentLogs);
  const streaming = new Set<string>();
  return { open: (job) => openJobLog(job, { ...options, folder, limit, streaming }) };
}

function makeFolder({ runner, mode, console }: LogCollectorOptions): string | null {
  if (mode === 'none') return null;
  try {
    const folder = mkdtempSync(join(tempFolder(runner), 'dispersed-logs-'));
    writeLogsPath(runner, folder);
    return folder;
  } catch (error) {
    console.logIncomplete('every job', error);
    return null;
  }
}

// What the end of a log is worth in time; an interrupt leaves less.
const maxCloseMs = 60_000;

function openJobLog(submitted: SubmittedJob, options: JobLogOptions): JobLog {
  const { client, console, mode, folder, streaming } = options;
  const { clock, random } = client;
  const { uuid } = submitted.job;
  const onTrouble = (error: unknown) => {
    if (folder !== null) console.logIncomplete(`job ${uuid}`, error);
  };
  const handler = createLineHandler(submitted, options);
  const runs = openRuns(uuid, { ...options, ...handler, onTooLarge: onTrouble });
  const closing = new AbortController();
  const signal = AbortSignal.any([options.signal, closing.signal]);
  let isReading = false;
  let failures = 0;
  let dueAtMs = 0;

  const readNew = async () => {
    isReading = true;
    try {
      await runs.readNew(signal);
      failures = 0;
      dueAtMs = clock.monotonicMs() + logPauseMs(runs.size(), streaming.size);
    } catch (error) {
      failures += 1;
      dueAtMs = isLasting(error) ? Infinity : clock.monotonicMs() + backoffMs(failures, random);
    }
    isReading = false;
  };
  return {
    onLook: ({ status }) => {
      if (mode !== 'stream' || folder === null || status !== 'RUNNING') return;
      streaming.add(uuid);
      if (!isReading && !signal.aborted && clock.monotonicMs() >= dueAtMs) void readNew();
    },
    listRuns: runs.list,
    close: async (result, { reads, signal: outer }) => {
      closing.abort();
      streaming.delete(uuid);
      await endBy(maxCloseMs, clock, outer, reads ? runs.readRest : runs.told).catch(onTrouble);
      runs.end();
      return { runs: runs.all(), ...handler.close(result) };
    },
  };
}

// A tail is what one reads first; the summary shows less of it.
const tailLines = 100;
const summaryLines = 30;

/** What comes of the lines of a job's log. */
function createLineHandler(submitted: SubmittedJob, options: JobLogOptions) {
  const { runner, client, mode, jobCount, console, folder } = options;
  const { redact, redactJson } = client.redactor;
  const { uuid, title } = submitted.job;
  const tail = createTail(tailLines);
  const results = createContainerResults((why) => {
    console.resultsIgnored(uuid, why);
  });
  const place = { prefix: jobPrefix(submitted, jobCount), folder: folder ?? '', jobCount };
  const printer = mode === 'stream' ? createLogPrinter(runner, place) : null;
  return {
    onLine: (line: Line, runNumber: number) => {
      // Read as they were written: a number that is hidden would be no JSON.
      results.take(line, runNumber);
      const shown = { ...line, text: redact(line.text) };
      tail.add(shown, runNumber);
      printer?.line(shown, runNumber);
    },
    onRestart: () => {
      runner.print(`  ${place.prefix}── the log begins anew ──`);
    },
    close: (result: Result) => {
      printer?.end(tail.lines());
      const isBad = ['failed', 'timed-out', 'over-budget'].includes(result);
      if (mode === 'on-failure' && isBad) {
        printTail(runner, `job ${uuid} ${title ?? ''}`, tail.lines());
      }
      const reported = results.all();
      return {
        logTail: tail.lines().slice(-summaryLines),
        results: reported === null ? null : redactJson(reported),
      };
    },
  };
}

// What the logs of a step may cost in traffic, on average, and in requests.
const bytesPerMs = 256;
const streamEveryMs = 1_000;

/**
 * How long to leave the log of a job alone, in ms. The service gives the whole text each time, so
 * a large one is read less often, and so is each of many.
 */
export function logPauseMs(bytes: number, streams: number): number {
  return Math.max(bytes / bytesPerMs, (streams - 1) * streamEveryMs);
}

/** Whether it is of no use to ask again while the job runs: a refusal, or trouble with the disk. */
function isLasting(error: unknown): boolean {
  if (error instanceof InterruptedError) return false;
  return !(error instanceof ServiceError) || !(error.retryable || error.status === 404);
}

/** Does some work, and leaves it when time is up or the signal fires. */
async function endBy(
  maxMs: number,
  clock: Clock,
  outer: AbortSignal,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const over = new AbortController();
  const signal = AbortSignal.any([outer, over.signal]);
  const tooLate = clock.sleep(maxMs, signal).then(() => {
    throw new InterruptedError();
  });
  try {
    await Promise.race([work(signal), tooLate]);
  } finally {
    over.abort();
  }
}
