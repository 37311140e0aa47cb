import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { tempFolder } from '../inputs/context.ts';
import type { SubmittedJob } from '../jobs/records.ts';
import type { JobLogEvents } from '../logs/run-log.ts';
import type { LogMode } from '../logs/collector.ts';
import type { Runner } from '../runner.ts';
import { cut } from '../text.ts';
import { minManyJobs, type Log } from './log.ts';
import { sanitizeLine, sanitizeLogLine } from './sanitize.ts';

/**
 * Makes a folder for the logs of a step, and prints them: as they come, or the ends of those that
 * failed. The log of a single job, and each end, is a group.
 */
export function openLogPrinter(
  runner: Runner,
  log: Pick<Log, 'print' | 'logIncomplete' | 'resultsIgnored'>,
  wanted: LogMode,
  jobCount: number,
) {
  const mode: LogMode = wanted === 'stream' && jobCount >= minManyJobs ? 'on-failure' : wanted;
  const folder = mode === 'none' ? null : makeFolder(runner, log.logIncomplete);
  const printJob = ({ ref: { index }, job: { uuid, title } }: SubmittedJob): JobLogEvents => {
    const number = jobCount === 1 ? '' : `#${index + 1} `;
    const name = `${number}${sanitizeLine(title || `job ${uuid}`, 200)}`;
    let isOpen = false;
    const startGroup = (heading: string) => {
      if (!isOpen) runner.startGroup(heading);
      isOpen = true;
    };
    const print = (text: string) => {
      if (jobCount === 1) startGroup(`Log of ${name}`);
      log.print(text, index);
    };
    const { line, restart, end } =
      mode === 'stream' ? createLogPrinter(print, folder, jobCount) : silent;
    return {
      line,
      restart,
      end: (result, tail) => {
        end(tail);
        const isBad = ['failed', 'timed-out', 'over-budget'].includes(result);
        if (mode === 'on-failure' && isBad && tail.length > 0) {
          startGroup(`Last lines of the log of ${name}`);
          for (const text of tail) printLine(print, text);
        }
        if (isOpen) runner.endGroup();
      },
      trouble: (error) => log.logIncomplete(`job ${uuid}`, error),
      resultsIgnored: (reason) => log.resultsIgnored(uuid, reason),
    };
  };
  return { mode, folder, printJob };
}

const silent = { line: () => {}, restart: () => {}, end: () => {} };

function makeFolder(runner: Runner, logIncomplete: Log['logIncomplete']): string | null {
  try {
    const folder = mkdtempSync(join(tempFolder(runner), 'dispersed-logs-'));
    runner.output('logs-path', folder);
    return folder;
  } catch (error) {
    logIncomplete('every job', error);
    return null;
  }
}

// With more, GitHub's page is slow. The file has everything.
const linesOfStep = 20_000;
const lastLines = 30;

/** Prints the log of a job. A mark before each line says that it is no command, and not our text. */
export function createLogPrinter(
  print: (text: string) => void,
  folder: string | null,
  jobCount: number,
) {
  let linesLeft = Math.floor(linesOfStep / jobCount);
  let shownRun = 1;
  const printed = new Map<string, number>();
  let repeated = new Map<string, number>();
  let isRestarted = false;
  return {
    line: (text: string, runNumber: number) => {
      if (linesLeft < 0) return;
      if (runNumber !== shownRun) {
        print(`run ${runNumber}`);
        shownRun = runNumber;
        printed.clear();
        repeated.clear();
      }
      const times = repeated.get(text) ?? 0;
      repeated.set(text, times - 1);
      if (times > 0) return;
      printed.set(text, (printed.get(text) ?? 0) + 1);
      if (linesLeft > 0) linesLeft = Math.max(0, linesLeft - printLine(print, text));
      else {
        const place = folder === null ? 'more lines are not shown' : `the full log is in ${folder}`;
        print(`${place}; the last lines follow at the end`);
        linesLeft = -1;
      }
    },
    restart: () => {
      if (!isRestarted && linesLeft >= 0)
        print('the log starts over; lines shown before are not repeated');
      isRestarted = true;
      repeated = new Map(printed);
    },
    end: (tail: readonly string[]) => {
      const last = linesLeft < 0 ? tail.slice(-lastLines) : [];
      linesLeft = -1;
      if (last.length > 0) print(`some lines are not shown; the last ${last.length}:`);
      for (const text of last) printLine(print, text);
    },
  };
}

// GitHub's live log cuts a line at 1,024 characters, with what is before it.
const row = /[^]{0,899}(?:[\ud800-\udbff][\udc00-\udfff]|[^])/g;
const maxShown = 7_200;
const maxLooked = 16_000;

function printLine(print: (text: string) => void, text: string): number {
  const rows = cut(sanitizeLogLine(text.slice(0, maxLooked)), maxShown).match(row) ?? [''];
  for (const part of rows) print(`| ${part}`);
  return rows.length;
}
