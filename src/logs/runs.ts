import { join } from 'node:path';
import type { LimitFunction } from 'p-limit';
import type { Client } from '../service/client.ts';
import { listJobRuns, maxLogBytes, readJobRun } from '../service/endpoints.ts';
import { retryRules, withRetry } from '../service/retry.ts';
import type { JobRun } from '../service/schemas.ts';
import { asError, ServiceError } from '../errors.ts';
import { isFinal } from '../jobs/status.ts';
import type { Line } from './lines.ts';
import { openRunLog, type RunLog } from './run-log.ts';

export interface RunsOptions {
  readonly client: Client;
  /** Where the logs are kept; null where none are read. */
  readonly folder: string | null;
  /** Lets so many logs be read at once. */
  readonly limit: LimitFunction;
  /** Told each new line, and the number of its run from 1. */
  readonly onLine: (line: Line, runNumber: number) => void;
  /** Told where a log turns out to be another text. */
  readonly onRestart: () => void;
  /** Told where a log is not read on while the job runs. */
  readonly onTooLarge: (error: Error) => void;
}

/** The runs of one job, and what was read of their logs. One log is read at a time. */
export interface Runs {
  /** As last seen, oldest first. */
  readonly all: () => readonly JobRun[];
  /** Reads which runs there are. */
  readonly list: (signal: AbortSignal) => Promise<readonly JobRun[]>;
  /** Reads the logs of the runs that had not ended when they were last read. */
  readonly readNew: (signal: AbortSignal) => Promise<void>;
  /** Reads all that is left, once the job is no longer watched. */
  readonly readRest: (signal: AbortSignal) => Promise<void>;
  /** How large the logs were when last read, in all. */
  readonly size: () => number;
  /** Tells what is being told to its end, without a request. */
  readonly told: () => Promise<void>;
  /** Tells the last lines, even those without an end, and no more after that. */
  readonly end: () => void;
}

interface KnownRun {
  run: JobRun;
  readonly number: number;
  readonly log: RunLog | null;
  /** Of its log when that was last read. */
  size: number;
  /** Its log was read after its end, or is too large to be read. */
  isOver: boolean;
}

// The end of a log may come a moment after the end of its run, so it is read once more; a large
// one costs more than that is worth.
const largeSize = 1_000_000;

/** Opens the runs of one job. */
export function openRuns(jobUuid: string, options: RunsOptions): Runs {
  const { client, onTooLarge } = options;
  const { known, add, end } = createKnownRuns(jobUuid, options);
  let mustList = true;
  let telling = Promise.resolve();

  const all = () => [...known.values()].map(({ run }) => run);
  const list = async (signal: AbortSignal) => {
    for (const run of await listJobRuns(client, jobUuid, signal)) {
      const before = known.get(run.uuid);
      if (before === undefined) add(run);
      else before.run = run;
    }
    return all();
  };
  const read = async (each: KnownRun, signal: AbortSignal) => {
    if (each.log === null) return;
    const { run, log } = await readLimited(each.run.uuid, options, signal);
    each.run = run;
    each.size = log.length;
    each.isOver = isFinal(run.status);
    telling = each.log.take(log, each.isOver);
    await telling;
  };
  const readBounded = async (each: KnownRun, signal: AbortSignal) =>
    read(each, signal).catch((error: unknown) => {
      if (!(error instanceof ServiceError) || error.trouble !== 'too-large') throw error;
      each.isOver = true;
      each.size = maxLogBytes;
      onTooLarge(new Error(`it is larger than ${maxLogBytes / 1024 / 1024} MiB`));
    });

  return {
    all,
    list,
    end,
    size: () => [...known.values()].reduce((sum, { size }) => sum + size, 0),
    told: async () => telling,
    readNew: async (signal) => {
      if (mustList) await list(signal);
      mustList = true;
      const open = [...known.values()].filter(({ isOver }) => !isOver);
      await oneByOne(open, async (each) => readBounded(each, signal));
      mustList = open.length === 0 || open.some(({ run }) => run.status !== 'RUNNING');
    },
    readRest: async (signal) => {
      const retried = async (request: () => Promise<unknown>) =>
        withRetry(request, retryRules.run, { ...client, signal });
      await telling.catch(() => {});
      const listing = retried(async () => list(signal));
      await listing.catch(() => {});
      const left = [...known.values()].filter(({ isOver, size }) => !isOver || size <= largeSize);
      await oneByOne(left, async (each) => retried(async () => readBounded(each, signal)));
      await listing;
    },
  };
}

/** Does some work for one after the other, and rejects in the end with the first trouble. */
async function oneByOne<T>(
  items: readonly T[],
  work: (item: T) => Promise<unknown>,
): Promise<void> {
  const troubles: unknown[] = [];
  for (const item of items) {
    await work(item).catch((error: unknown) => {
      troubles.push(error);
    });
  }
  if (troubles.length > 0) throw asError(troubles[0]);
}

/** Keeps the runs in order, and their lines: where a run's come, those before it have had theirs. */
function createKnownRuns(jobUuid: string, { folder, onLine, onRestart }: RunsOptions) {
  const known = new Map<string, KnownRun>();
  let newest = 1;
  let isEnded = false;

  const endBefore = (number: number) => {
    for (const each of known.values()) if (each.number < number) each.log?.end();
  };
  const onRunLine = (line: Line, number: number) => {
    if (isEnded) return;
    if (number > newest) {
      newest = number;
      endBefore(number);
    }
    onLine(line, number);
  };
  const openLog = (number: number) => {
    if (folder === null) return null;
    const name = number === 1 ? `${jobUuid}.log` : `${jobUuid}.${number}.log`;
    return openRunLog({
      path: join(folder, name),
      onRestart,
      onLine: (line) => {
        onRunLine(line, number);
      },
    });
  };
  return {
    known,
    add: (run: JobRun) => {
      const number = known.size + 1;
      known.set(run.uuid, { run, number, log: openLog(number), size: 0, isOver: false });
    },
    end: () => {
      endBefore(Infinity);
      isEnded = true;
    },
  };
}

async function readLimited(runUuid: string, { client, limit }: RunsOptions, signal: AbortSignal) {
  const answer = await limit(async () => {
    signal.throwIfAborted();
    return readJobRun(client, runUuid, signal);
  });
  // Who gave up meanwhile may have had the log read anew.
  signal.throwIfAborted();
  return answer;
}
