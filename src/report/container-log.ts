import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { tempFolder } from '../inputs/context.ts';
import type { SubmittedJob } from '../jobs/records.ts';
import type { LogMode } from '../logs/runs.ts';
import type { JobLogEvents } from '../logs/run-log.ts';
import type { Runner } from '../runner.ts';
import { stripInvisible } from '../text.ts';
import { jobPrefix, type Log } from './log.ts';
import { minManyJobs } from './progress.ts';
import { sanitizeLine, sanitizeLogLine } from './sanitize.ts';

/**
 * Makes a folder for the logs of a step, and prints them: as they come, or the ends of those that
 * failed. What the collector of the logs is to be given.
 */
export function openLogPrinter(
  runner: Runner,
  { logIncomplete, resultsIgnored }: Pick<Log, 'logIncomplete' | 'resultsIgnored'>,
  wanted: LogMode,
  jobCount: number,
) {
  // The lines of many jobs at once would be read by nobody.
  const mode: LogMode = wanted === 'stream' && jobCount >= minManyJobs ? 'on-failure' : wanted;
  const folder = mode === 'none' ? null : makeFolder(runner, logIncomplete);
  const printJob = (submitted: SubmittedJob): JobLogEvents => {
    const { uuid, title } = submitted.job;
    const prefix = jobPrefix(submitted, jobCount);
    const printer = createLogPrinter(runner, prefix, folder, jobCount);
    const { line, restart, end } = mode === 'stream' ? printer : silent;
    return {
      line,
      restart,
      end: (result, tail) => {
        end(tail);
        const isBad = ['failed', 'timed-out', 'over-budget'].includes(result);
        if (mode === 'on-failure' && isBad) printTail(runner, `job ${uuid} ${title ?? ''}`, tail);
      },
      trouble: (error) => {
        logIncomplete(`job ${uuid}`, error);
      },
      resultsIgnored: (reason) => {
        resultsIgnored(uuid, reason);
      },
    };
  };
  return { mode, folder, printJob };
}

const silent = { line: () => {}, restart: () => {}, end: () => {} };

function makeFolder(runner: Runner, logIncomplete: Log['logIncomplete']): string | null {
  try {
    const folder = mkdtempSync(join(tempFolder(runner), 'dispersed-logs-'));
    // Early, so that it is set even if this process is killed.
    runner.output('logs-path', folder);
    return folder;
  } catch (error) {
    logIncomplete('every job', error);
    return null;
  }
}

// GitHub's page grows slow, and the log too large to be read by anyone; the file has everything.
const linesOfStep = 20_000;
const minLines = 1_000;
const lastLines = 30;

/**
 * Prints the log of one job, the whole of which is in the folder. Not folded: GitHub's groups hide
 * the lines while a job runs, and a status in between with them. Each line has a mark before it, so
 * that it can neither be a command nor be taken for our own.
 */
export function createLogPrinter(
  runner: Runner,
  prefix: string,
  folder: string | null,
  jobCount: number,
) {
  let linesLeft = Math.max(minLines, Math.floor(linesOfStep / jobCount));
  let shownRun = 1;
  /** How often each line of the run was printed, and may be repeated after a restart. */
  const printed = new Map<string, number>();
  let repeated = new Map<string, number>();
  let isRestarted = false;

  const say = (text: string) => {
    runner.print(`  ${prefix}── ${text} ──`);
  };
  return {
    line: (text: string, runNumber: number) => {
      if (linesLeft < 0) return;
      if (runNumber !== shownRun) {
        say(`run ${runNumber}`);
        shownRun = runNumber;
        printed.clear();
        repeated.clear();
      }
      const times = repeated.get(text) ?? 0;
      repeated.set(text, times - 1);
      if (times > 0) return;
      printed.set(text, (printed.get(text) ?? 0) + 1);
      if (linesLeft > 0) linesLeft = Math.max(0, linesLeft - printLine(runner, prefix, text));
      else {
        const place = folder === null ? 'more lines are not shown' : `the full log is in ${folder}`;
        say(`${place}; its last lines follow at the end`);
        linesLeft = -1;
      }
    },
    /** The log turned out to be another text: lines that were printed are not printed again. */
    restart: () => {
      if (!isRestarted) say('the log begins anew; lines shown before are not repeated');
      isRestarted = true;
      repeated = new Map(printed);
    },
    /** Nothing is printed after it, but the last lines where some were left out. */
    end: (tail: readonly string[]) => {
      const last = linesLeft < 0 ? tail.slice(-lastLines) : [];
      linesLeft = -1;
      if (last.length > 0) say(`some lines are not shown; the last ${last.length}:`);
      for (const text of last) printLine(runner, prefix, text);
    },
  };
}

/** Prints the last lines of a log, folded, for they come all at once. */
export function printTail(runner: Runner, title: string, tail: readonly string[]): void {
  if (tail.length === 0) return;
  runner.group(`Last ${tail.length} log lines of ${sanitizeLine(title, 200)}`, () => {
    for (const text of tail) printLine(runner, '', text);
  });
}

// The live console cuts a line at 1,024 characters, marks and breaks of commands included.
const row = /[^]{0,899}(?:[\ud800-\udbff][\udc00-\udfff]|[^])/g;
const maxRows = 8;
// Of a long line only a part is looked at: what is made safe may take longer than it is worth.
const maxLooked = 16_000;

/** @returns how many rows it takes */
function printLine(runner: Runner, prefix: string, text: string): number {
  const rows = sanitizeLogLine(text.slice(0, maxLooked)).match(row) ?? [''];
  for (const [index, shown] of rows.slice(0, maxRows).entries()) {
    runner.print(`  ${prefix}${index === 0 ? '|' : '¦'} ${shown}`.trimEnd());
  }
  const isCut = rows.length > maxRows || text.length > maxLooked;
  if (isCut) runner.print(`  ${prefix}¦ … more characters are in the full log`);
  return rows.length;
}

/** The lines of a log as a terminal shows them, without colors. */
export function plainLines(lines: readonly string[]): readonly string[] {
  return lines.map((line) => stripInvisible(line).trimEnd());
}

/** The last lines of a log that say something: no blank ones, rules, progress bars or repeats. */
export function lastMeaningfulLines(lines: readonly string[], max: number): readonly string[] {
  return plainLines(lines)
    .filter((line) => !noise.some((pattern) => pattern.test(line)))
    .filter((line, index, all) => line !== all[index - 1])
    .slice(-max);
}

// Nothing but signs; bars that fill up; results, which are shown elsewhere.
const noise = [
  /^[^\p{L}\p{N}]*$/u,
  /\d ?% ?\|/,
  /\[[#=>.\s-]{5,}\]/,
  /[█▉▊▋▌▍▎▏━]{3}/,
  /^\s*dispersed-output:/,
];
