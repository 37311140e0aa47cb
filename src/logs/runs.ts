import { join } from 'node:path';
import type { LimitFunction } from 'p-limit';
import type { Client } from '../service/client.ts';
import { listJobRuns, maxLogBytes, readJobRun } from '../service/endpoints.ts';
import { retryRules, withRetry } from '../service/retry.ts';
import type { JobRun } from '../service/schemas.ts';
import { asError, ServiceError } from '../errors.ts';
import { isFinal } from '../jobs/status.ts';
import { openRunLog, type RunLog, type JobLogEvents } from './run-log.ts';

/** When the containers' output is printed. */
export type LogMode = 'stream' | 'on-failure' | 'none';

export interface RunsOptions {
  readonly client: Client;
  readonly mode: LogMode;
  /** Where the logs are kept; null where they cannot be. */
  readonly folder: string | null;
  /** Lets so many logs be read at once. */
  readonly limit: LimitFunction;
}

interface KnownRun {
  run: JobRun;
  readonly log: RunLog;
  /** Its log was read after its end, or is too large to be read. */
  isOver: boolean;
}

/** Opens the runs of one job, and what was read of their logs. One log is read at a time. */
export function openRuns(jobUuid: string, options: RunsOptions, events: JobLogEvents) {
  const { client } = options;
  const { known, list } = createKnownRuns(jobUuid, options, events);
  let taking = Promise.resolve();

  const readLog = async (target: KnownRun, signal: AbortSignal) => {
    const answer = await requestLog(target.run.uuid, options, signal, events);
    target.isOver = answer === null || isFinal(answer.run.status);
    if (answer === null) return;
    target.run = answer.run;
    for (const before of known.slice(0, known.indexOf(target))) before.log.end();
    taking = target.log.take(answer.log);
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
      for (const run of options.mode === 'none' ? [] : known) {
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

/** Reads a run and its log; null where that is too large. */
async function requestLog(
  runUuid: string,
  { client, limit }: RunsOptions,
  signal: AbortSignal,
  events: JobLogEvents,
) {
  try {
    const answer = await limit(async () => readJobRun(client, runUuid, signal));
    // Who gave up meanwhile may have had the log read anew.
    signal.throwIfAborted();
    return answer;
  } catch (error) {
    if (!(error instanceof ServiceError) || error.trouble !== 'too-large') throw error;
    events.trouble(new Error(`it is larger than ${maxLogBytes / 1024 / 1024} MiB`));
    return null;
  }
}

/** The runs of a job, oldest first, each with its log. */
function createKnownRuns(jobUuid: string, { client, folder }: RunsOptions, events: JobLogEvents) {
  const known: KnownRun[] = [];

  const openLog = (runNumber: number) => {
    const name = runNumber === 1 ? `${jobUuid}.log` : `${jobUuid}.${runNumber}.log`;
    const path = folder === null ? null : join(folder, name);
    return openRunLog(path, runNumber, client.redactor, events);
  };
  const list = async (signal: AbortSignal): Promise<readonly JobRun[]> => {
    for (const run of await listJobRuns(client, jobUuid, signal)) {
      const before = known.find(({ run: { uuid } }) => uuid === run.uuid);
      if (before === undefined) known.push({ run, log: openLog(known.length + 1), isOver: false });
      else before.run = run;
    }
    return known.map(({ run }) => run);
  };
  return { known, list };
}
