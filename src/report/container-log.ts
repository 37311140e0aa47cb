import type { Line } from '../logs/lines.ts';
import type { Runner } from '../runner.ts';
import { stripInvisible, wholeWords } from '../text.ts';
import { sanitizeLine, sanitizeLogLine } from './sanitize.ts';

export interface LogPlace {
  /** Whose log it is, where several jobs share the console; else empty. Safe text. */
  readonly prefix: string;
  /** The folder where the whole log is. */
  readonly folder: string;
  readonly jobCount: number;
}

/** Prints the log of one job as it comes. */
export interface LogPrinter {
  readonly line: (line: Line, runNumber: number) => void;
  /** Says what was left out, and shows the last of it. */
  readonly end: (tail: readonly string[]) => void;
}

// GitHub's page grows slow, and the log too large to be read by anyone; the file has everything.
const linesOfStep = 20_000;
const minLines = 1_000;
const charactersPerLine = 200;
const lastLines = 30;

/**
 * Not folded: GitHub's groups hide the lines while a job runs, and a status in between with them.
 * Each line has a mark before it, so that it can neither be a command nor be taken for our own.
 */
export function createLogPrinter(runner: Runner, place: LogPlace): LogPrinter {
  const { prefix, folder, jobCount } = place;
  let linesLeft = Math.max(minLines, Math.floor(linesOfStep / jobCount));
  let charactersLeft = linesLeft * charactersPerLine;
  let hidden = 0;
  let shownRun = 1;

  const say = (text: string) => {
    runner.print(`  ${prefix}${text}`);
  };
  return {
    line: (line, runNumber) => {
      if (runNumber !== shownRun) say(`── run ${runNumber} ──`);
      shownRun = runNumber;
      linesLeft -= 1;
      charactersLeft -= line.text.length;
      if (linesLeft >= 0 && charactersLeft >= 0) printLine(runner, prefix, line);
      else hidden += 1;
      if (hidden === 1) say(`── the full log is in ${folder}; its last lines follow at the end ──`);
      if (hidden > 0) linesLeft = 0;
    },
    end: (tail) => {
      if (hidden === 0) return;
      const last = tail.slice(-Math.min(lastLines, hidden));
      say(`── ${hidden - last.length} lines are not shown. The last ${last.length} lines: ──`);
      for (const text of last) printLine(runner, prefix, { text, left: 0 });
    },
  };
}

/** Prints the last lines of a log, folded, for they come all at once. */
export function printTail(runner: Runner, title: string, tail: readonly string[]): void {
  if (tail.length === 0) return;
  runner.group(`Last ${tail.length} log lines of ${sanitizeLine(title, 200)}`, () => {
    for (const text of tail) printLine(runner, '', { text, left: 0 });
  });
}

// The live console cuts a line at 1,024 characters, marks and breaks of commands included.
const maxWidth = 900;
const maxRows = 8;
const maxShown = maxWidth * maxRows;

function printLine(runner: Runner, prefix: string, { text, left }: Line): void {
  // Of a long line only a part is looked at: what is made safe may take longer than it is worth.
  const given = wholeWords(text, 2 * maxShown);
  let rest = sanitizeLogLine(given);
  for (let row = 0; row < maxRows; row += 1) {
    const shown = cutRow(rest);
    if (row > 0 && shown === '') break;
    runner.print(`  ${prefix}${row === 0 ? '|' : '¦'} ${shown}`.trimEnd());
    rest = rest.slice(shown.length);
    if (rest === '' && given === text && left === 0) return;
    if (rest === '') break;
  }
  const more = rest.length + text.length - given.length + left;
  runner.print(`  ${prefix}¦ … and ${more} more characters`);
}

// Between words alone: the runner blanks a secret only where it stands in one line. A word that is
// longer has a row of its own, and where it is longer than anyone reads, it is left out.
function cutRow(text: string): string {
  if (text.length <= maxWidth) return text;
  const last = text.lastIndexOf(' ', maxWidth);
  const gap = last > 0 ? last : text.indexOf(' ');
  const end = gap < 0 ? text.length : gap + 1;
  return end > maxShown ? '' : text.slice(0, end);
}

// Far more than is ever shown of a line, colours included.
const maxLine = 4_000;

/** The lines of a log as a terminal shows them in the end: no colours, nothing overwritten. */
export function plainLines(lines: readonly string[]): readonly string[] {
  return lines.map((line) => {
    const shown = line.split('\r').findLast((part) => part.trim() !== '') ?? '';
    return stripInvisible(wholeWords(shown, maxLine)).trimEnd();
  });
}

/** The last lines of a log that say something: no blank ones, rules, progress bars or repeats. */
export function lastMeaningfulLines(lines: readonly string[], max: number): readonly string[] {
  return plainLines(lines)
    .filter((line) => !isNoise(line))
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

function isNoise(line: string): boolean {
  return noise.some((pattern) => pattern.test(line));
}
