import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import pLimit, { type LimitFunction } from 'p-limit';
import type { Client } from '../api/client.ts';
import type { Job } from '../api/schemas.ts';
import { tempFolder } from '../inputs/context.ts';
import { openJobLog, type JobLog } from './job-log.ts';
import { createTail, type Line } from './lines.ts';
import type { Reader } from '../jobs/poll.ts';
import { createResults } from './results.ts';
import type { Clock } from '../pace.ts';
import type { StopReason, RunData, SubmittedJob } from '../jobs/records.ts';
import type { Result } from '../jobs/results.ts';
import { writeLogsPath } from '../report/outputs.ts';
import { createLogPrinter, printTail } from '../report/container-log.ts';
import { jobPrefix, type Console } from '../report/console.ts';
import type { EndOfWait } from '../commands/end-of-wait.ts';
import { watchByLog } from './watch-by-log.ts';
import type { Deps } from '../commands/deps.ts';

/** When the containers' output is printed. */
export type LogMode = 'stream' | 'on-failure' | 'none';

export interface LogCollectorParts {
  readonly world: Deps;
  readonly plan: { readonly logs: LogMode; readonly jobCount: number };
  readonly client: Client;
  readonly end: EndOfWait;
  readonly log: Console;
  readonly read: Reader;
}

/** The runs and logs of the jobs of a step. */
export interface LogCollector {
  readonly open: (ticket: SubmittedJob) => JobLogHandler;
}

/** The runs and logs of one job. None of it ever rejects because of them. */
export interface JobLogHandler {
  /** Reads the job. While its log is streamed, its runs' answers serve as its status, too. */
  readonly read: () => Promise<Job>;
  /** Waits a little until the ways to a job that runs are known. */
  readonly untilReachable: () => Promise<void>;
  /** Reads what is left, once the job is no longer watched. */
  readonly close: (ending: StopReason, result: Result) => Promise<RunData>;
}

// Half of the connections to the service: large logs must not hold up the looks at the jobs.
const maxConcurrentLogs = 4;

/** Opens the logs of a step, and tells where they are kept. */
export function openLogCollector(parts: LogCollectorParts): LogCollector {
  const inTurn = pLimit(maxConcurrentLogs);
  const streaming = new Set<string>();
  const folder = makeFolder(parts);
  return {
    open: (ticket) => openJobLogHandler(ticket, { ...parts, folder, inTurn, streaming }),
  };
}

function makeFolder({ world: { runner }, plan, log }: LogCollectorParts): string | null {
  if (plan.logs === 'none') return null;
  try {
    const folder = mkdtempSync(join(tempFolder(runner), 'dispersed-logs-'));
    writeLogsPath(runner, folder);
    return folder;
  } catch (error) {
    log.logIncomplete('every job', error);
    return null;
  }
}

interface JobLogHandlerParts extends LogCollectorParts {
  readonly folder: string | null;
  readonly inTurn: LimitFunction;
  /** UUIDs of the jobs whose logs are read while they run. */
  readonly streaming: Set<string>;
}

// A tail is what one reads first; the summary shows less of it.
const tailLines = 100;
const summaryLines = 30;

// What the end of a log is worth in time; an interrupt leaves less.
const finishMs = 60_000;

function openJobLogHandler(ticket: SubmittedJob, parts: JobLogHandlerParts): JobLogHandler {
  const { world, plan, end, log, folder } = parts;
  const { uuid } = ticket.job;
  const story = tellStory(ticket, parts);
  const jobLog = openJobLog(uuid, {
    ...parts,
    ...world,
    streams: () => parts.streaming.size,
    onLine: story.add,
  });
  const isStreamed = plan.logs === 'stream' && folder !== null;
  const watching = watchByLog(ticket.job, isStreamed ? jobLog : null, { ...parts, ...world });
  return {
    read: watching.read,
    untilReachable: async () => untilReachable(jobLog, world.clock, end.signal),
    close: async (ending, result) => {
      await watching.stop();
      const finishing = { clock: world.clock, signal: end.lastCall, maxMs: finishMs };
      // Where the service does not tell of a job, it does not tell of its runs.
      const work = ending === 'lost' ? async () => {} : jobLog.finish;
      await within(finishing, work).catch((error: unknown) => {
        if (folder !== null) log.logIncomplete(`job ${uuid}`, error);
      });
      jobLog.end();
      const isBad = result === 'failed' || result === 'timed-out';
      story.end(plan.logs === 'on-failure' && isBad);
      return { ...story.findings(), runs: jobLog.runs() };
    },
  };
}

/** What comes of the lines of a job's log. */
function tellStory(ticket: SubmittedJob, { world, plan, log, folder }: JobLogHandlerParts) {
  const { uuid, title } = ticket.job;
  const { logs: mode, jobCount } = plan;
  const tail = createTail(tailLines);
  const results = createResults((why) => {
    log.resultsIgnored(uuid, why);
  });
  const place = { whose: jobPrefix(ticket, jobCount), folder: folder ?? '', jobCount };
  const printer = mode === 'stream' ? createLogPrinter(world.runner, place) : null;
  return {
    add: (line: Line, runNumber: number) => {
      tail.add(line, runNumber);
      results.take(line);
      printer?.line(line, runNumber);
    },
    end: (isTold: boolean) => {
      printer?.end(tail.lines());
      if (isTold) printTail(world.runner, `job ${uuid} ${title ?? ''}`, tail.lines());
    },
    findings: () => ({ logTail: tail.lines().slice(-summaryLines), results: results.all() }),
  };
}

const reachableMs = 30_000;
const listEveryMs = 2_000;

async function untilReachable(jobLog: JobLog, clock: Clock, signal: AbortSignal): Promise<void> {
  const giveUpAtMs = clock.now() + reachableMs;
  while (!signal.aborted) {
    const runs = await jobLog.list(signal).catch(() => []);
    const isReachable = runs.some(({ node_urls: urls }) => (urls ?? []).length > 0);
    if (isReachable || clock.now() >= giveUpAtMs) return;
    await clock.sleep(listEveryMs, signal);
  }
}

interface Deadline {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly maxMs: number;
}

/** Does some work, and has it end when time is up. */
async function within<T>(
  { clock, signal, maxMs }: Deadline,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const late = new AbortController();
  const done = new AbortController();
  void clock.sleep(maxMs, AbortSignal.any([signal, done.signal])).then(() => {
    late.abort();
  });
  try {
    return await work(AbortSignal.any([signal, late.signal]));
  } finally {
    done.abort();
  }
}
