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

// Large logs must not delay the looks at the jobs.
const maxConcurrentLogs = 4;

/** Reads the logs of a step's jobs. Nothing here rejects because of them. */
export function createLogCollector(options: LogCollectorOptions) {
  const limit = pLimit(maxConcurrentLogs);
  return { open: (submitted: SubmittedJob) => openJobLog(submitted, options, limit) };
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
  const { known } = runs;
  const resultsOfLast = () => known.at(-1)?.log.results;
  const closing = new AbortController();
  const ended = AbortSignal.any([signal, closing.signal]);
  let dueAtMs = 0;

  const readNew = async () => {
    dueAtMs = Infinity;
    const pauseMs = await runs.read(ended, false).then(
      () => known.reduce((sum, { log }) => sum + log.size(), 0) / bytesPerMs,
      () => troublePauseMs,
    );
    dueAtMs = clock.monotonicMs() + pauseMs;
  };
  return {
    /** After a look at the job, starts reading what is new of its log where that is due. */
    onLook: ({ status }: Job) => {
      const isStreamed = mode === 'stream' && status === 'RUNNING';
      if (isStreamed && !ended.aborted && clock.monotonicMs() >= dueAtMs) void readNew();
    },
    /** Reads which runs there are, oldest first; rejects with ServiceError. */
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
        const isComplete = result === 'succeeded' && resultsOfLast()?.all() !== null;
        const mayComeLate = mode !== 'none' && isFinal(job.status) && !isComplete;
        if (mayComeLate) await readLateEnd(runs, clock, rest, interrupt);
      };
      await withDeadline(clock, maxCloseMs, deadline, readRest).catch((error: unknown) => {
        if (mode !== 'none') events.trouble(error);
      });
      for (const { log } of known) log.end();
      const logTail = tailOf(known);
      events.end(result, logTail);
      const problems = resultsOfLast()?.problems() ?? [];
      if (problems.length > 0) events.resultsIgnored(redactor.redact(problems.join('; ')));
      const results = resultsOfLast()?.all() ?? null;
      const data = { runs: known.map(({ run }) => run), logTail };
      return { ...data, results: results && redactor.redactJson(results) };
    },
  };
}

// The last lines may come a while after the end of a job: it is read as long as something new comes.
const lateReadsMs = [1_000, 3_000, 5_000, 7_000, 9_000, 11_000, 13_000, 15_000];
const minLateMs = 3_000;

async function readLateEnd(
  { known, read }: ReturnType<typeof openRuns>,
  clock: Clock,
  signal: AbortSignal,
  interrupt: AbortSignal,
): Promise<void> {
  const startMs = clock.monotonicMs();
  const late = AbortSignal.any([signal, interrupt]);
  for (const dueMs of lateReadsMs) {
    await clock.sleep(startMs + dueMs - clock.monotonicMs(), late);
    const before = tailOf(known).join('\n');
    await read(late, true).catch((error: unknown) => {
      if (!interrupt.aborted) throw error;
    });
    const isOver = dueMs >= minLateMs && tailOf(known).join('\n') === before;
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
  const known: KnownRun[] = [];
  let taking = Promise.resolve();

  const openLog = (number: number) => {
    const name = number === 1 ? `${jobUuid}.log` : `${jobUuid}.${number}.log`;
    return openRunLog(folder && join(folder, name), number, client.redactor, events);
  };
  const list = async (signal: AbortSignal): Promise<readonly JobRun[]> => {
    for (const run of await listJobRuns(client, jobUuid, signal)) {
      const before = known.find(({ run: { uuid } }) => uuid === run.uuid);
      if (before === undefined) known.push({ run, log: openLog(known.length + 1), isOver: false });
      else before.run = run;
    }
    return known.map(({ run }) => run);
  };
  const readLog = async (target: KnownRun, signal: AbortSignal) => {
    try {
      const { run, log } = await limit(async () => readJobRun(client, target.run.uuid, signal));
      signal.throwIfAborted();
      target.run = run;
      target.isOver = isFinal(run.status);
      for (const before of known.slice(0, known.indexOf(target))) before.log.end();
      taking = target.log.take(log);
      await taking;
    } catch (error) {
      if (!(error instanceof ServiceError) || error.trouble !== 'too-large') throw error;
      target.isOver = true;
      events.trouble(new Error(`it is larger than ${maxAnswerBytes / 1024 / 1024} MiB`));
    }
  };
  /**
   * Reads which runs there are and what is new of their logs; rejects at last with the first trouble.
   * @param isLast the last log is read again: its end may come a moment after the end of its run
   */
  const read = async (signal: AbortSignal, isLast: boolean) => {
    const troubles: unknown[] = [];
    const attempt = async (request: () => Promise<unknown>) =>
      withRetry(request, retryRules.run, { ...client, signal }).catch((error: unknown) =>
        troubles.push(error),
      );
    await taking;
    if (isLast || known.at(-1)?.run.status !== 'RUNNING') await attempt(async () => list(signal));
    for (const run of mode === 'none' ? [] : known) {
      const isLeft = !run.isOver || (isLast && run === known.at(-1));
      if (isLeft) await attempt(async () => readLog(run, signal));
    }
    if (troubles.length > 0) throw asError(troubles[0]);
  };
  return { known, list, read };
}

/** The last lines of the newest run that has any. */
function tailOf(known: readonly KnownRun[]): readonly string[] {
  return known.map(({ log }) => log.tail()).findLast((lines) => lines.length > 0) ?? [];
}
