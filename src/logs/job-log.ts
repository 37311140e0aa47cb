import type { LimitFunction } from 'p-limit';
import { listJobRuns } from '../api/endpoints.ts';
import type { Client } from '../api/client.ts';
import { withRetry } from '../api/retry.ts';
import type { JobRun } from '../api/schemas.ts';
import { asError, InterruptedError, ServiceError } from '../errors.ts';
import type { Clock, Random } from '../clock.ts';
import { backoffMs } from '../api/retry.ts';
import { isFinal } from '../jobs/status.ts';
import type { Line } from './lines.ts';
import { openRunLog, type RunLog } from './run-log.ts';

export interface JobLogParts {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
  /** Where the logs are kept; null where they are not to be read. */
  readonly folder: string | null;
  /** Lets so many logs be read at once. */
  readonly inTurn: LimitFunction;
  /** How many jobs of the step have their logs read while they run. */
  readonly streams: () => number;
  /** Told each new line, and the number of its run from 1. */
  readonly onLine: (line: Line, runNumber: number) => void;
}

/** The runs of one job, and their logs. */
export interface JobLog {
  /** Reads what is new, where that is due. Whether all runs are RUNNING; false where in doubt. */
  readonly look: (signal: AbortSignal) => Promise<boolean>;
  /** Reads which runs there are. */
  readonly list: (signal: AbortSignal) => Promise<readonly JobRun[]>;
  /** Reads all that is left, once the job is no longer watched. Rejects where that fails. */
  readonly finish: (signal: AbortSignal) => Promise<void>;
  /** Tells the last lines, even those without an end. */
  readonly end: () => void;
  /** As last seen, oldest first. */
  readonly runs: () => readonly JobRun[];
}

interface KnownRun {
  run: JobRun;
  /** Its log was read when it had ended. */
  isOver: boolean;
  readonly log: RunLog | null;
}

// The end of a log may come a moment after the end of its run, so it is read once more; a large
// one costs more than that is worth.
const largeBytes = 1_000_000;

/** Opens the logs of a job. */
export function openJobLog(jobUuid: string, parts: JobLogParts): JobLog {
  const { client, clock, random, folder, inTurn, streams, onLine } = parts;
  const known = new Map<string, KnownRun>();
  let mustList = true;
  let failures = 0;
  let dueAtMs = 0;

  const openLog = (number: number) => {
    if (folder === null) return null;
    const name = number === 1 ? `${jobUuid}.log` : `${jobUuid}.${number}.log`;
    const onRunLine = (line: Line) => {
      onLine(line, number);
    };
    return openRunLog({ client, folder, name, onLine: onRunLine });
  };
  const list = async (signal: AbortSignal) => {
    for (const run of await listJobRuns(client, jobUuid, signal)) {
      const before = known.get(run.uuid);
      if (before !== undefined) before.run = run;
      else known.set(run.uuid, { run, isOver: false, log: openLog(known.size + 1) });
    }
    return runs();
  };
  const runs = () => [...known.values()].map(({ run }) => run);
  const read = async (each: KnownRun, signal: AbortSignal) => {
    if (each.log === null) return;
    const { log, run } = each;
    const reading = inTurn(async () => {
      signal.throwIfAborted();
      return log.read(run.uuid, signal);
    });
    each.run = await unlessAborted(reading, signal);
    each.isOver = isFinal(each.run.status);
  };
  const readAlive = async (signal: AbortSignal) => {
    if (mustList) await list(signal);
    const alive = [...known.values()].filter(({ isOver }) => !isOver);
    await Promise.all(alive.map(async (each) => read(each, signal)));
    const isRunning = alive.length > 0 && alive.every(({ run }) => run.status === 'RUNNING');
    mustList = !isRunning;
    return isRunning;
  };
  const size = () => [...known.values()].reduce((sum, { log }) => sum + (log?.size() ?? 0), 0);

  return {
    list,
    runs,
    look: async (signal) => {
      if (clock.now() < dueAtMs || signal.aborted) return false;
      try {
        const isRunning = await readAlive(signal);
        failures = 0;
        dueAtMs = clock.now() + logPauseMs(size(), streams());
        return isRunning;
      } catch (error) {
        failures += 1;
        mustList = true;
        dueAtMs = isLasting(error) ? Infinity : clock.now() + backoffMs(failures, random);
        return false;
      }
    },
    finish: async (signal) => {
      const troubles: unknown[] = [];
      const attempt = async (request: () => Promise<unknown>) =>
        withRetry(request, { clock, random, signal, shouldRetry }).catch((error: unknown) => {
          troubles.push(error);
        });
      await attempt(async () => list(signal));
      for (const each of known.values()) {
        const isWhole = each.isOver && (each.log?.size() ?? 0) > largeBytes;
        if (!isWhole) await attempt(async () => read(each, signal));
      }
      if (troubles.length > 0) throw asError(troubles[0]);
    },
    end: () => {
      for (const { log } of known.values()) log?.end();
    },
  };
}

// What the logs of a step may cost in traffic, on average, and in requests.
const bytesPerMs = 256;
const streamEveryMs = 1_000;

/**
 * How long to leave the logs of a job alone, in ms. The service gives the whole text each time, so
 * a large one is read less often, and so is each of many.
 */
export function logPauseMs(bytes: number, streams: number): number {
  return Math.max(bytes / bytesPerMs, (streams - 1) * streamEveryMs);
}

const maxTries = 4;

function shouldRetry(error: ServiceError, failures: number): boolean {
  return failures < maxTries && (error.retryable || (error.status === 404 && failures === 1));
}

/** Whether it is of no use to ask again while the job runs: a refusal, or a fault of the disk. */
function isLasting(error: unknown): boolean {
  if (error instanceof InterruptedError) return false;
  return !(error instanceof ServiceError) || !(error.retryable || error.status === 404);
}

/** Gives up waiting for a turn, too: those before may take long. */
async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const over = new AbortController();
  const aborted = new Promise<never>((_, reject) => {
    const giveUp = () => {
      reject(new InterruptedError());
    };
    if (signal.aborted) giveUp();
    signal.addEventListener('abort', giveUp, { signal: over.signal });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    over.abort();
  }
}
